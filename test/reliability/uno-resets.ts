/** Calls that must not run twice on the emulated Uno, while it is reset and its hosts are killed in the middle of them. */

import { CallError, type Connector, createPort, type Port } from '../../src/index.js'
import type { Link } from '../../src/link/index.js'
import { connectorOf } from '../../src/target.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import type { NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createMortalClock, type MortalClock } from './host.js'
import { createNoisyUno, LED_PIN, UNO_PATH, watchPin } from './uno.js'

export interface UnoResetsOptions {
  readonly noise: NoiseOptions
  readonly calls: number
  /** Half of them by its pin, half by its watchdog. */
  readonly resets: number
  readonly kills: number
  readonly seed: number
}

export interface UnoResetsResult {
  readonly results: number
  /** Ended with outcome unknown, or their host was killed. */
  readonly unknown: number
  /** Ended saying that they did not run. */
  readonly notRun: number
  readonly executed: number
  /** Calls that ran twice, or against what was said of them. */
  readonly wrong: number
  readonly resets: number
  readonly kills: number
  readonly repeats: number
  readonly bitsInverted: number
}

const CALL_TIMEOUT_MS = 20_000
/** When a fault comes, from the making of its call on: within the call, or some repeats later. */
const MAX_FAULT_AFTER_MS = 12
/** Longer than the pauses between the copies of a call: one that is still on its way would run. */
const SETTLE_MS = 60

interface Host {
  readonly port: Port<(typeof greenhouse)['definition']>
  readonly clock: MortalClock
  /** As the kernel does with a process that was killed: nothing more is written, and the tty is free. */
  kill(): Promise<void>
}

export async function runUnoResets(options: UnoResetsOptions): Promise<UnoResetsResult> {
  const { calls, resets, kills } = options
  const random = seeded(options.seed)
  const clock = createVirtualClock()
  const { board, binding, bitsInverted } = createNoisyUno({ noise: options.noise, clock, random, resetOnOpen: false })
  let executed = 0
  const led = watchPin(board, clock, LED_PIN, () => {
    executed += 1
  })
  const startHost = (): Host => {
    const mortal = createMortalClock(clock)
    const serial = connectorOf({ serial: UNO_PATH, binding, clock: mortal })
    let link: Link | undefined
    const connector: Connector = {
      ...serial,
      async connect(handlers) {
        link = await serial.connect({
          data: (bytes) => mortal.isAlive && handlers.data(bytes),
          ended: (end) => mortal.isAlive && handlers.ended(end),
        } as typeof handlers)
        return link
      },
    }
    const restart = { intensity: 1_000_000, maxMs: 250 }
    const port = createPort(greenhouse, {
      link: connector,
      clock: mortal,
      random,
      callTimeoutMs: CALL_TIMEOUT_MS,
      restart,
    })
    return {
      port,
      clock: mortal,
      async kill() {
        mortal.kill()
        await link?.close()
      },
    }
  }
  const faults = new Map<number, 'external' | 'watchdog' | 'kill'>()
  for (let which = 0; which < resets + kills; ) {
    const call = Math.floor(random() * calls)
    if (faults.has(call)) continue
    faults.set(call, which >= resets ? 'kill' : which % 2 === 0 ? 'external' : 'watchdog')
    which += 1
  }
  const count = { results: 0, unknown: 0, notRun: 0, wrong: 0 }
  let repeats = 0
  let host = startHost()
  for (let made = 0; made < calls; made++) {
    await clock.until(host.port.ready())
    const before = executed
    const fault = faults.get(made)
    let tellKilled = (_: 'killed') => {}
    const killed = new Promise<'killed'>((resolve) => {
      tellKilled = resolve
    })
    if (fault) {
      clock.after(random() * MAX_FAULT_AFTER_MS, () => {
        led.look()
        if (fault !== 'kill') return board.reset(fault)
        repeats += host.port.info().counters.repeatsSent
        void host.kill().then(() => tellKilled('killed'))
      })
    }
    const call = host.port.call('identify').then(
      () => 'ran' as const,
      (error: unknown) => (error instanceof CallError && error.outcome === 'unknown' ? 'unknown' : 'not run'),
    )
    const end = await clock.until(Promise.race([call, killed]))
    if (fault) {
      await clock.advance(SETTLE_MS)
      if (fault === 'kill') {
        await clock.until(killed)
        host = startHost()
      }
    }
    const ran = executed - before
    if (end === 'ran') count.results += 1
    else if (end === 'not run') count.notRun += 1
    else count.unknown += 1
    if (ran > 1 || (end === 'ran' && ran !== 1) || (end === 'not run' && ran !== 0)) count.wrong += 1
  }
  repeats += host.port.info().counters.repeatsSent
  await clock.until(host.port.close())
  await clock.advance(1_000)
  led.stop()
  return { ...count, executed, resets, kills, repeats, bitsInverted: bitsInverted() }
}
