/** The real firmware on the emulated Uno, its wires disturbed bit by bit: calls and alarms come through, each once, what was
 * dropped is counted, and nothing runs twice over resets of the board and kills of its host. */

import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import type { NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createNoisyUno, UNO_PATH } from '../reliability/uno.js'
import { runUnoEvents } from '../reliability/uno-events.js'
import { runUnoResets } from '../reliability/uno-resets.js'
import type { SoakOptions, SoakResult } from './soak.js'

const LINES = {
  'bit error rate 2e-4': { bitErrorRate: 2e-4 },
  'bursts of 80 bits, one in 40,000': { bursts: { meanQuietBits: 40_000, meanBurstBits: 80 } },
} as const satisfies Record<string, NoiseOptions>
const CALL_TIMEOUT_MS = 20_000

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  if (!isFull) {
    yield await calls('bit error rate 2e-4', 100, seed)
    yield await events('bursts of 80 bits, one in 40,000', 150, seed)
    yield await resets('bit error rate 2e-4', 60, 6, seed)
    return
  }
  for (const name of Object.keys(LINES) as (keyof typeof LINES)[]) {
    yield await calls(name, 10_000, seed)
    yield await events(name, 2_000, seed)
    yield await resets(name, 2_000, 200, seed)
  }
}

async function calls(name: keyof typeof LINES, count: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const clock = createVirtualClock()
  const { binding, bitsInverted } = createNoisyUno({ noise: LINES[name], clock, random })
  const port = createPort(greenhouse, { serial: UNO_PATH, binding, clock, random, callTimeoutMs: CALL_TIMEOUT_MS })
  await clock.until(port.ready())
  const fromMs = clock.nowMs()
  let wrong = 0
  let failed = 0
  for (let call = 0; call < count; call++) {
    const data = Uint8Array.from({ length: 20 }, (_, index) => (call * 31 + index * 7) & 0xff)
    try {
      const echo = await clock.until(port.call('echo', { data }))
      if (echo.length !== data.length || echo.some((byte, index) => byte !== data[index])) wrong += 1
    } catch {
      failed += 1
    }
  }
  const callsPerSecond = Math.round((count * 10_000) / (clock.nowMs() - fromMs)) / 10
  const { repeatsSent } = port.info().counters
  await clock.until(port.close())
  return {
    what: `${count} echo calls of 20 bytes, firmware on the emulated Uno, ${name}`,
    figures: { wrong, failed, repeats: repeatsSent, callsPerSecond, bitsInverted: bitsInverted() },
    target: '0 wrong, 0 failed',
    ok: wrong + failed === 0 && bitsInverted() > 0,
  }
}

async function events(name: keyof typeof LINES, count: number, seed: number): Promise<SoakResult> {
  const result = await runUnoEvents({ noise: LINES[name], events: count, seed })
  return {
    what: `${count} alarms, one each 100 ms, over a line that is cut now and then, firmware on the emulated Uno, ${name}`,
    figures: { ...result },
    target: 'generated = received + dropped, exactly and in front of each event; 0 bogus; some were dropped',
    ok:
      result.generated === count &&
      result.generated === result.received + result.dropped &&
      result.dropped === result.droppedByDevice &&
      result.dropped > 0 &&
      result.bogus === 0,
  }
}

async function resets(name: keyof typeof LINES, count: number, faults: number, seed: number): Promise<SoakResult> {
  const result = await runUnoResets({ noise: LINES[name], calls: count, resets: faults, kills: faults, seed })
  return {
    what: `${count} calls, ${faults} resets by pin and watchdog, ${faults} kills of the host, firmware on the emulated Uno, ${name}`,
    figures: { ...result },
    target: `all end; 0 ran twice or against what was said of them; at most ${2 * faults} unknown`,
    ok:
      result.results + result.unknown + result.notRun === count &&
      result.wrong === 0 &&
      result.unknown <= 2 * faults &&
      result.unknown > 0,
  }
}
