/** What is in a store, looked at record by record: what LevelDB has lost or changed without a word is seen here. */

import { LIMITS } from '../limits.js'
import { decodeRecord, type LastNumber, type Mark } from './record.js'
import type { Store } from './store.js'

export interface Held {
  readonly events: number
  readonly bytes: number
}

export interface Inventory {
  /** The oldest position that is not with the broker, as far as is known; all of head to end is there. */
  readonly head: number
  readonly end: number
  /** From head on: positions that are over already. */
  readonly over: ReadonlySet<number>
  /** What waits, of each device. */
  readonly devices: ReadonlyMap<string, Held>
  readonly numbers: ReadonlyMap<string, LastNumber>
}

export type Scan =
  | { readonly kind: 'whole'; readonly inventory: Inventory }
  /** Positions as far as they are known from what can be read. */
  | { readonly kind: 'damaged'; readonly problem: string; readonly mark: Mark }

/** Also removes what lies below the head: its removal was lost with a kill.
 * @param beside  the mark beside the database, when it is whole */
export async function scanStore(store: Store, beside: Mark | undefined): Promise<Scan> {
  let range: Mark = beside ?? { head: 0, end: 0 }
  try {
    range = await rangeOf(store, beside)
    const { head, end } = range
    await removeBelow(store, head)
    const over = new Set<number>()
    const devices = new Map<string, Held>()
    let at = head
    while (at < end) {
      const entries = await store.read(at, end, LIMITS.outboxReadRecords)
      if (entries.length === 0) return damaged(range, `records ${at} to ${end - 1} are missing`)
      for (const { position, value } of entries) {
        if (position !== at) return damaged(range, `record ${at} is missing`)
        if (value.length === 0) over.add(position)
        else {
          const record = decodeRecord(position, value)
          if (!record) return damaged(range, `record ${at} is damaged`)
          addTo(devices, record.device, value.length)
        }
        at += 1
      }
    }
    return { kind: 'whole', inventory: { head, end, over, devices, numbers: await store.numbers() } }
  } catch (error) {
    return damaged(range, (error as Error).message)
  }
}

export function addTo(devices: Map<string, Held>, device: string, bytes: number): void {
  const { events, bytes: before } = devices.get(device) ?? { events: 0, bytes: 0 }
  devices.set(device, { events: events + 1, bytes: before + bytes })
}

function damaged(mark: Mark, problem: string): Scan {
  return { kind: 'damaged', problem, mark }
}

/** The furthest of what the database says itself, what the mark beside it says, and what is there. */
async function rangeOf(store: Store, beside: Mark | undefined): Promise<Mark> {
  const inside = await store.mark()
  const last = await store.last()
  const end = Math.max(beside?.end ?? 0, inside?.end ?? 0, last === undefined ? 0 : last + 1)
  if (beside || inside) return { head: Math.min(Math.max(beside?.head ?? 0, inside?.head ?? 0), end), end }
  const [first] = await store.read(0, end, 1)
  return { head: first?.position ?? end, end }
}

async function removeBelow(store: Store, head: number): Promise<void> {
  for (;;) {
    const entries = await store.read(0, head, LIMITS.outboxReadRecords)
    if (entries.length === 0) return
    await store.write(
      entries.map(({ position }) => ({ kind: 'delete', position })),
      false,
    )
  }
}
