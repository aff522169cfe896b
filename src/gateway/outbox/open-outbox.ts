/** Opens an outbox whatever state it is in. A damaged one is put aside, never removed: what can be read of it is copied to a
 * new one at the same positions, and what cannot is counted. It takes its place only when it is whole and on the disk, so a kill
 * or a full disk in the middle loses nothing. */

import { LIMITS } from '../limits.js'
import { encodeRecord, type Mark, type OutboxRecord, TOMBSTONE } from './record.js'
import { addTo, type Held, type Inventory, scanStore } from './scan.js'
import {
  isUnreadable,
  type OutboxFolder,
  type Remains,
  type Store,
  StoreDamagedError,
  type StoreOperation,
} from './store.js'

/** Of an entry without its value, about: what a tombstone takes in memory. */
const ENTRY_BYTES = 128

export interface Opened {
  readonly store: Store
  readonly inventory: Inventory
  readonly damage?: Damage
}

export interface Damage {
  readonly problem: string
  /** Events that could not be read. */
  readonly lost: number
  /** Where the damaged one is. */
  readonly aside: string
}

/** @param unreadableTries  so many tries in a row have failed as the disk could not read a file; after LIMITS.outboxUnreadableTries of
 * them the outbox is put aside, and what is in that file is lost
 * @param report  the message that says so many events are lost; it is in the new outbox from the start, so that it cannot be
 * lost itself
 * @throws OutboxHeldError  another process has it
 * @throws Error  something that may pass, such as a full disk; nothing has changed */
export async function openOutbox(
  folder: OutboxFolder,
  report: (lost: number) => OutboxRecord,
  unreadableTries = 0,
): Promise<Opened> {
  await folder.lock()
  const isGivenUp = unreadableTries >= LIMITS.outboxUnreadableTries
  const found = await openWhole(folder).catch((error: unknown) => {
    if (error instanceof StoreDamagedError || (isGivenUp && isUnreadable(error))) return (error as Error).message
    throw error
  })
  return typeof found === 'string' ? await rebuild(folder, found, report, isGivenUp) : found
}

/** Or what is wrong with it; it is closed then. */
async function openWhole(folder: OutboxFolder): Promise<Opened | string> {
  const damage = await folder.findDamage()
  if (damage !== undefined) return damage
  const store = await folder.open()
  const scan = await scanStore(store, folder.readMark())
  if (scan.kind === 'whole') return { store, inventory: scan.inventory }
  await store.close()
  return scan.problem
}

async function rebuild(
  folder: OutboxFolder,
  problem: string,
  report: (lost: number) => OutboxRecord,
  withoutUnreadable: boolean,
): Promise<Opened> {
  const remains = await folder.readRemains(withoutUnreadable)
  const { head, end } = rangeIn(remains, folder.readMark())
  const over = new Set<number>()
  const devices = new Map<string, Held>()
  let lost = 0
  const successor = await folder.openSuccessor()
  try {
    let operations: StoreOperation[] = []
    let bytes = 0
    for (let position = head; position < end; position++) {
      const { value, device } = remains.events.get(position) ?? {}
      if (value && device !== undefined) addTo(devices, device, value.length)
      else over.add(position)
      if (!value) lost += 1
      operations.push({ kind: 'put', position, value: value ?? TOMBSTONE })
      bytes += ENTRY_BYTES + (value?.length ?? 0)
      if (bytes < LIMITS.outboxTableBytes) continue
      await successor.write(operations, true)
      operations = []
      bytes = 0
    }
    const said = lost === 0 ? [] : [encodeRecord(end, report(lost))]
    for (const value of said) addTo(devices, '', value.length)
    const mark = { head, end: end + said.length }
    await successor.write(
      [
        ...operations,
        ...said.map((value) => ({ kind: 'put', position: end, value }) as const),
        ...[...remains.numbers].map(([device, last]) => ({ kind: 'number', device, last }) as const),
        { kind: 'mark', mark },
      ],
      true,
    )
    await successor.close()
    const aside = folder.succeed(mark)
    const store = await folder.open()
    const inventory = { ...mark, over, devices, numbers: remains.numbers }
    return { store, inventory, damage: { problem, lost, aside } }
  } catch (error) {
    await successor.close().catch(() => {})
    throw error
  }
}

/** Without a mark a head is only the first that could be read. */
function rangeIn({ mark, events }: Remains, beside: Mark | undefined): Mark {
  let first = Number.POSITIVE_INFINITY
  let end = Math.max(mark?.end ?? 0, beside?.end ?? 0)
  for (const position of events.keys()) {
    first = Math.min(first, position)
    end = Math.max(end, position + 1)
  }
  const head = mark || beside ? Math.max(mark?.head ?? 0, beside?.head ?? 0) : first
  return { head: Math.min(head, end), end }
}
