/** A device with a small queue of reliable events and more to say than fits: each is received, or counted as dropped. */

import { createPort } from '../../src/index.js'
import { createLine } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip } from './checker-chip.js'

export interface FullQueueOptions {
  readonly device: 'TypeScript' | 'C++'
  /** To be generated, at least. */
  readonly events: number
  readonly seed: number
}

export interface FullQueueResult {
  readonly generated: number
  readonly received: number
  /** What the device said that it dropped. */
  readonly dropped: number
  readonly sessions: number
}

/** Longer than a backoff and hello. */
const QUIET_MS = 60_000

/** One boot and one host: what is dropped is told over all their sessions. */
export async function runFullQueue({ device, events, seed }: FullQueueOptions): Promise<FullQueueResult> {
  const random = seeded(seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const none = () => {}
  const witness = { ran: none, noted: none, counted: none, answered: none, booted: none, overrun: none }
  const make = device === 'C++' ? createCppChip : createTypeScriptChip
  const chip = make({ clock, random, witness, window: 1, bootMs: 0 })
  const noise = { bitErrorRate: 1e-4 }
  const line = createLine({ board: chip, clock, random, toDevice: noise, toHost: noise })
  const restart = { intensity: 1_000_000, maxMs: 250 }
  const port = createPort(checker, { link: line.connector, clock, random, restart })
  let received = 0
  let generated = 0
  port.consume('alarm', async () => {
    await new Promise<void>((resolve) => void clock.after(random() * 5, resolve))
    received += 1
  })
  await clock.until(port.ready())
  const emit = (count: number) => {
    for (let n = 0; n < count; n++) chip.alarm(++generated)
  }
  while (generated < events) {
    emit(Math.floor(random() * 20))
    // Now and then long enough for the session to end, while the device goes on.
    if (random() < 0.05) {
      line.toDevice.stall(random() * 6_000)
      line.toHost.stall(random() * 6_000)
    }
    await clock.advance(random() * 200)
  }
  await clock.advance(QUIET_MS)
  const { counters, session } = port.info()
  await clock.until(port.close())
  return { generated, received, dropped: counters.eventsDropped, sessions: session }
}
