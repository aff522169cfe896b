// The disk below the outbox fails: fdatasync with EIO, a file that may not grow, no file that can be opened. strace and prlimit do
// it to a real gateway; no root is needed. PORTWIRE_SYNCS=1-200 says which syncs.

import { startBroker } from './gateway-kill/setup.mjs'
import { startWitness } from './outbox-faults/consumer.mjs'
import { failByLimits } from './outbox-faults/limits.mjs'
import { failSync } from './outbox-faults/sync-errors.mjs'

const SHORT = ['3', '9', '14', '12+']
const FULL = '1-200'

export async function* run({ isFull }) {
  const broker = await startBroker()
  const consumer = await startWitness(broker.url)
  try {
    const [from, to] = (process.env.PORTWIRE_SYNCS ?? FULL).split('-').map(Number)
    const full = Array.from({ length: to - from + 1 }, (_, n) => String(from + n))
    const syncs = isFull ? [...full, ...SHORT.filter((when) => when.endsWith('+'))] : SHORT
    const problems = []
    let events = 0
    let faults = 0
    for (const when of syncs) {
      const result = await failSync({ broker, consumer, when })
      problems.push(...result.problems)
      events += result.events
      faults += result.faults
    }
    yield {
      what: `fdatasync fails with EIO at call n, n = ${isFull ? `${from} to ${to}` : SHORT.join(', ')} (+: from there on)`,
      figures: { runs: syncs.length, events, faults, problems: problems.length, ...first(problems) },
      target:
        'no event is acknowledged before a sync after the fault has succeeded, 0 acknowledged events lost, ids kept',
      ok: problems.length === 0,
    }
    const limits = await failByLimits({ broker, consumer })
    yield {
      what: 'no file may grow (EFBIG), then none be opened (EMFILE), then both again',
      figures: { ...limits.figures, problems: limits.problems.length, ...first(limits.problems) },
      target: 'nothing acknowledged meanwhile, alarm within 1 s, resumed within 5 s, 0 lost',
      ok: limits.problems.length === 0,
    }
  } finally {
    await consumer.end()
    await broker.remove()
  }
}

function first(problems) {
  return problems.length > 0 ? { first: problems[0] } : {}
}
