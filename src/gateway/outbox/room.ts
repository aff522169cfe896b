/** Which events go first when there is no room, or when they are too old: the oldest. */

import { LIMITS } from '../limits.js'
import type { LaneEvent } from './lanes.js'
import type { Ledger } from './ledger.js'
import { decodeRecord } from './record.js'
import type { Store } from './store.js'

/** The oldest events that are neither over nor on their way to the broker, up to the first for which `isEnough` says so,
 * at most LIMITS.outboxDropTogether. */
export async function findDroppable(
  store: Store,
  ledger: Pick<Ledger, 'head' | 'end' | 'isOver'>,
  taken: ReadonlyMap<number, unknown>,
  isEnough: (atMs: number, bytes: number) => boolean,
): Promise<LaneEvent[]> {
  const found: LaneEvent[] = []
  const { end } = ledger
  for (let at = ledger.head; at < end; ) {
    const entries = await store.read(at, end, LIMITS.outboxReadRecords)
    if (entries.length === 0) break
    for (const { position, value } of entries) {
      at = position + 1
      if (ledger.isOver(position) || taken.has(position)) continue
      const record = value.length === 0 ? undefined : decodeRecord(position, value)
      if (!record) throw new Error(`record ${position} is damaged`)
      if (isEnough(record.atMs, value.length)) return found
      if (found.length === LIMITS.outboxDropTogether) return found
      found.push({ position, bytes: value.length, record })
    }
  }
  return found
}
