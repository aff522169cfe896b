/** One call after the other over a noisy line, and what became of them. */

import { createPort } from '../../src/index.js'
import { createLine, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip } from './checker-chip.js'

export interface NoisyCallsOptions {
  readonly device: 'TypeScript' | 'C++'
  readonly noise: NoiseOptions
  readonly calls: number
  readonly seed: number
}

export interface NoisyCallsResult {
  /** Answered with another result than the device gave for that id. */
  readonly wrong: number
  readonly ranTwice: number
  /** Ran with arguments that nobody sent. */
  readonly ranWrong: number
  readonly failed: number
  /** Of the line's own, virtual time. */
  readonly callsPerSecond: number
  readonly repeats: number
  readonly runsDamaged: number
}

/** Array, id (5 bytes), bin 8 header and pad: 24 bytes of content with action and token, each way. */
const PAD_BYTES = 14
/** So that each id takes five bytes. */
const FIRST_ID = 65_536
const CALL_TIMEOUT_MS = 5_000

export async function runNoisyCalls({ device, noise, calls, seed }: NoisyCallsOptions): Promise<NoisyCallsResult> {
  const random = seeded(seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const ran = new Uint8Array(calls)
  let ranWrong = 0
  const none = () => {}
  const board = (device === 'C++' ? createCppChip : createTypeScriptChip)({
    clock,
    random,
    window: 1,
    bootMs: 0,
    witness: {
      ran(id) {
        if (id >= FIRST_ID && id < FIRST_ID + calls) ran[id - FIRST_ID]! += 1
        else ranWrong += 1
      },
      noted: none,
      counted: none,
      answered: none,
      booted: none,
      overrun: none,
    },
  })
  const line = createLine({ board, clock, random, toDevice: noise, toHost: noise })
  const port = createPort(checker, { link: line.connector, clock, random, callTimeoutMs: CALL_TIMEOUT_MS })
  await clock.until(port.ready())
  const startMs = clock.nowMs()
  let wrong = 0
  let failed = 0
  for (let id = FIRST_ID; id < FIRST_ID + calls; id++) {
    const pad = Uint8Array.from({ length: PAD_BYTES }, (_, index) => (id * 31 + index * 7) & 0xff)
    try {
      const result = await clock.until(port.call('add', { id, pad }))
      if (result.id !== id || result.pad.some((byte, index) => byte !== pad[index])) wrong += 1
    } catch {
      failed += 1
    }
  }
  const seconds = (clock.nowMs() - startMs) / 1_000
  const { repeatsSent } = port.info().counters
  await clock.until(port.close())
  return {
    wrong,
    ranTwice: ran.filter((times) => times > 1).length,
    ranWrong,
    failed,
    callsPerSecond: Math.round((calls / seconds) * 10) / 10,
    repeats: repeatsSent,
    runsDamaged: line.toDevice.noise.counters.runsDamaged + line.toHost.noise.counters.runsDamaged,
  }
}
