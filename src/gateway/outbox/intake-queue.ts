/** Events on their way to the disk, in the order in which they came, until they are there. */

import type { LastNumber, OutboxRecord } from './record.js'

export interface Arrival {
  readonly record: OutboxRecord
  /** Of a reliable event: its device keeps it until `stored`. */
  readonly reliable?: { readonly last: LastNumber; readonly stored: () => void }
}

/** True when an event of this number, or a later one of the same boot, is stored. */
export function isStored(last: LastNumber | undefined, { epoch, number }: LastNumber): boolean {
  return last !== undefined && last.epoch === epoch && number <= last.number
}

/** The first of `queue`, at most `most`, without those that are stored already: these are handed back by themselves. */
export function nextArrivals(
  queue: readonly Arrival[],
  most: number,
  numbers: ReadonlyMap<string, LastNumber>,
): { readonly batch: Arrival[]; readonly again: Arrival[]; readonly numbers: Map<string, LastNumber> } {
  const batch: Arrival[] = []
  const again: Arrival[] = []
  const fresh = new Map<string, LastNumber>()
  for (const arrival of queue) {
    if (batch.length + again.length === most) break
    const { device } = arrival.record
    const last = arrival.reliable?.last
    if (last === undefined) batch.push(arrival)
    else if (isStored(fresh.get(device) ?? numbers.get(device), last)) again.push(arrival)
    else {
      batch.push(arrival)
      fresh.set(device, last)
    }
  }
  return { batch, again, numbers: fresh }
}

/** Of each device in a batch, the last number. */
export function lastNumbers(arrivals: readonly Arrival[]): [string, LastNumber][] {
  const last = new Map<string, LastNumber>()
  for (const { record, reliable } of arrivals) if (reliable) last.set(record.device, reliable.last)
  return [...last]
}
