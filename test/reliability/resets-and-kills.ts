/** Calls that must not run twice, while the device is reset and the host is killed in the middle of them. */

import { CallError, createPort, type Port } from '../../src/index.js'
import { createLine, type LineBoard, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createDeframer } from '../../src/wire/index.js'
import { type Checker, checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip } from './checker-chip.js'
import { createMortalClock, createMortalConnector, type MortalClock } from './host.js'

export interface ResetsAndKillsOptions {
  readonly device: 'TypeScript' | 'C++'
  readonly calls: number
  readonly resets: number
  readonly kills: number
  readonly noise: NoiseOptions
  readonly seed: number
}

export interface ResetsAndKillsResult {
  readonly results: number
  /** Ended with outcome unknown, or their host was killed. */
  readonly unknown: number
  /** Ended any other way. */
  readonly other: number
  readonly wrong: number
  readonly ranTwice: number
  /** Repeats that reached the device after the call had run: each was answered from the cache. */
  readonly answeredFromCache: number
  readonly resets: number
  readonly kills: number
}

const CALL_TIMEOUT_MS = 20_000
const ADD = checker.actions.get('add')!.index

export async function runResetsAndKills(options: ResetsAndKillsOptions): Promise<ResetsAndKillsResult> {
  const { calls, noise } = options
  const random = seeded(options.seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const ran = new Uint8Array(calls)
  const none = () => {}
  const chip = (options.device === 'C++' ? createCppChip : createTypeScriptChip)({
    clock,
    random,
    window: 1,
    bootMs: 50,
    witness: {
      ran(id) {
        ran[id]! += 1
      },
      noted: none,
      counted: none,
      answered: none,
      booted: none,
      overrun: none,
    },
  })
  const seen = countRepeats(chip, (id) => (ran[id] ?? 0) > 0)
  const line = createLine({ board: seen.board, clock, random, toDevice: noise, toHost: noise })
  const startHost = (): { clock: MortalClock; port: Port<Checker> } => {
    const mortal = createMortalClock(clock)
    const link = createMortalConnector(line.connector, mortal)
    // A host that is reset so often would count as failed; how fast it comes back is not what is looked at here.
    const restart = { intensity: 1_000_000, maxMs: 250 }
    const port = createPort(checker, { link, clock: mortal, random, callTimeoutMs: CALL_TIMEOUT_MS, restart })
    return { clock: mortal, port }
  }
  const fault = (which: number): 'reset' | 'kill' => (which < options.resets ? 'reset' : 'kill')
  /** The calls in whose middle a fault happens. */
  const faults = new Map<number, 'reset' | 'kill'>()
  for (let which = 0; which < options.resets + options.kills; ) {
    const id = Math.floor(random() * calls)
    if (!faults.has(id)) faults.set(id, fault(which++))
  }

  let host = startHost()
  const count = { results: 0, unknown: 0, other: 0, wrong: 0 }
  const end = (error: unknown) => {
    if (error instanceof CallError && error.outcome === 'unknown') count.unknown += 1
    else count.other += 1
  }
  for (let id = 0; id < calls; id++) {
    const pad = Uint8Array.of(id & 0xff)
    let isKilled: (() => void) | undefined
    const killed = new Promise<'killed'>((resolve) => {
      isKilled = () => resolve('killed')
    })
    const peril = faults.get(id)
    if (peril) {
      clock.after(random() * 10, () => {
        if (peril === 'reset') return chip.reset('watchdog')
        host.clock.kill()
        line.hangUp()
        isKilled?.()
      })
    }
    const call = host.port.call('add', { id, pad })
    call.catch(none)
    try {
      const result = await clock.until(Promise.race([call, killed]))
      if (result === 'killed') {
        count.unknown += 1
        host = startHost()
      } else if (result.id === id && result.pad[0] === pad[0]) count.results += 1
      else count.wrong += 1
    } catch (error) {
      end(error)
    }
    if (peril) await clock.advance(20) // the fault may come after a quick answer
    if (!host.clock.isAlive) host = startHost()
  }
  await clock.until(host.port.close())
  return {
    ...count,
    ranTwice: ran.filter((times) => times > 1).length,
    answeredFromCache: seen.repeats(),
    resets: options.resets,
    kills: options.kills,
  }
}

/** Counts copies of calls that come whole after the call has run. */
function countRepeats(chip: LineBoard, hasRun: (id: number) => boolean): { board: LineBoard; repeats(): number } {
  let deframer = createDeframer({ maxContentBytes: 512 })
  let repeats = 0
  return {
    repeats: () => repeats,
    board: {
      ...chip,
      powerOn(send) {
        deframer = createDeframer({ maxContentBytes: 512 })
        chip.powerOn(send)
      },
      receive(bytes) {
        for (const event of deframer.push(bytes)) {
          if (event.kind !== 'content' || event.bytes[0] !== ADD || event.bytes[1] === 0) continue
          if (hasRun(idOf(event.bytes))) repeats += 1
        }
        chip.receive(bytes)
      },
    },
  }
}

/** The first argument of `add`: an unsigned integer in its shortest form behind action, token and the array's header. */
function idOf(content: Uint8Array): number {
  const at = 3
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  switch (content[at]) {
    case 0xcc:
      return content[at + 1]!
    case 0xcd:
      return view.getUint16(at + 1)
    case 0xce:
      return view.getUint32(at + 1)
  }
  return content[at]!
}
