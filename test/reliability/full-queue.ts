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
  /** Times that the host reset the silent device, the last means of its recovery. */
  readonly resets: number
  /** What went with the memory of those boots: the last that they had said, never one in front of an event that came. */
  readonly lostWithMemory: number
  /** Events in front of which not each one of the same boot was received or counted; and what is missing of the boot that runs in the end. */
  readonly wrongSums: number
  readonly sessions: number
}

/** Longer than a backoff and hello. */
const QUIET_MS = 60_000

/** What is known of one boot. */
interface Boot {
  readonly first: number
  generated: number
  received: number
  dropped: number
}

/** One host. What is dropped is told over all the sessions of a boot. */
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
  const boots = new Map<number, Boot>()
  let generated = 0
  let wrongSums = 0
  port.consume('alarm', async ({ n }, { epoch }) => {
    await new Promise<void>((resolve) => void clock.after(random() * 5, resolve))
    const boot = boots.get(epoch)
    if (!boot || boot.received + boot.dropped !== n - boot.first) wrongSums += 1
    if (boot) boot.received += 1
  })
  port.watch((notice) => {
    if (notice.kind !== 'events_dropped') return
    const boot = boots.get(port.info().device!.epoch)
    if (boot) boot.dropped += notice.count
    else wrongSums += 1
  })
  await clock.until(port.ready())
  const emit = (count: number) => {
    const { epoch } = chip
    if (epoch === undefined) return
    const boot = boots.get(epoch) ?? { first: generated, generated: 0, received: 0, dropped: 0 }
    boots.set(epoch, boot)
    for (let n = 0; n < count; n++) {
      chip.alarm(generated++)
      boot.generated += 1
    }
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
  const missing = ({ generated, received, dropped }: Boot) => generated - received - dropped
  const running = boots.get(chip.epoch!)
  if (running) wrongSums += Math.abs(missing(running))
  const gone = [...boots.values()].filter((boot) => boot !== running)
  return {
    generated,
    received: counters.eventsReceived,
    dropped: counters.eventsDropped,
    resets: gone.length,
    lostWithMemory: gone.reduce((sum, boot) => sum + missing(boot), 0),
    wrongSums,
    sessions: session,
  }
}
