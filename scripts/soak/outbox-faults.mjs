// The disk below the outbox fails: fdatasync with EIO, a file that may not grow, no file that can be opened, a full disk. strace,
// prlimit and a tmpfs do it to a real gateway; no root is needed. PORTWIRE_SYNCS=1-200 says which syncs.

import { startBroker } from './gateway-kill/setup.mjs'
import { startWitness } from './outbox-faults/consumer.mjs'
import { failByLimits } from './outbox-faults/limits.mjs'
import { failBySpace } from './outbox-faults/no-space.mjs'
import { failSync } from './outbox-faults/sync-errors.mjs'

const SHORT = '1-20'
const FULL = '1-200'
/** From there on all fail. */
const FOR_GOOD = '12+'

export async function* run({ isFull }) {
  const broker = await startBroker()
  const consumer = await startWitness(broker.url)
  try {
    const [from, to] = (process.env.PORTWIRE_SYNCS ?? (isFull ? FULL : SHORT)).split('-').map(Number)
    const syncs = [...Array.from({ length: to - from + 1 }, (_, n) => String(from + n)), FOR_GOOD]
    const problems = []
    let events = 0
    let faults = 0
    let alarmMaxMs = 0
    let retainedMaxMs = 0
    for (const when of syncs) {
      const result = await failSync({ broker, consumer, when })
      problems.push(...result.problems)
      events += result.events
      faults += result.faults
      alarmMaxMs = Math.max(alarmMaxMs, result.alarmMs)
      retainedMaxMs = Math.max(retainedMaxMs, result.retainedMs)
    }
    yield {
      what: `fdatasync fails with EIO at call n, n = ${from} to ${to}, and at each from the 12th on`,
      figures: {
        runs: syncs.length,
        events,
        faults,
        alarmMaxMs,
        retainedMaxMs,
        problems: problems.length,
        ...first(problems),
      },
      target:
        'no event is acknowledged before a sync after the fault has succeeded, 0 acknowledged events lost, ids kept, alarm heard and retained within 1 s',
      ok: problems.length === 0,
    }
    const limits = await failByLimits({ broker, consumer })
    yield {
      what: 'no file may grow (EFBIG), then none be opened (EMFILE), then both again',
      figures: { ...limits.figures, problems: limits.problems.length, ...first(limits.problems) },
      target: 'nothing acknowledged meanwhile, alarm heard and retained within 1 s, resumed within 5 s, 0 lost',
      ok: limits.problems.length === 0,
    }
    const space = await failBySpace({ broker, consumer })
    yield {
      what: space.isTmpfs
        ? 'a disk of 1 MiB is full (ENOSPC), then has room again'
        : 'in place of a full disk: no file may grow',
      figures: { ...space.figures, problems: space.problems.length, ...first(space.problems) },
      target: 'nothing acknowledged meanwhile, alarm heard and retained within 1 s, resumed within 5 s, 0 lost',
      ok: space.problems.length === 0,
    }
  } finally {
    await consumer.end()
    await broker.remove()
  }
}

function first(problems) {
  return problems.length > 0 ? { first: problems[0] } : {}
}
