/** Losses are said, never hidden: the message that says them waits among the events, in the batch that drops them. One that has
 * to go itself hands its count on to the next. */

import type { OutboxRecord } from './record.js'
import type { DropReason } from './types.js'

export interface Drop {
  readonly reason: DropReason
  /** Undefined: not known, as of events that could not be read. */
  readonly device: string | undefined
  readonly count: number
}

/** `{"type":"events_dropped","data":{"name":"greenhouse","count":12,"reason":"full"}}` */
export function reportOf(topic: string, atMs: number, { reason, device, count }: Drop): OutboxRecord {
  const data = { ...(device !== undefined && { name: device }), count, reason }
  const payload = JSON.stringify({ type: 'events_dropped', data })
  return { device: '', atMs, topic, payload, id: '', historicalMember: 'historical' }
}

/** What a report says; undefined for an event. */
function dropOf({ device, payload }: OutboxRecord): Drop | undefined {
  if (device !== '') return undefined
  const { name, count, reason } = (
    JSON.parse(String(payload)) as { data: { name?: string; count: number; reason: DropReason } }
  ).data
  return { device: name, count, reason }
}

/** What there is to say when these are dropped, and how many of them were events. */
export function sumOf(records: readonly OutboxRecord[], reason: DropReason): { drops: Drop[]; events: number } {
  const sums = new Map<string, Drop>()
  let events = 0
  for (const record of records) {
    const earlier = dropOf(record)
    if (!earlier) events += 1
    const drop = earlier ?? { reason, device: record.device, count: 1 }
    const key = `${drop.reason} ${drop.device ?? ''}`
    sums.set(key, { ...drop, count: drop.count + (sums.get(key)?.count ?? 0) })
  }
  return { drops: [...sums.values()], events }
}
