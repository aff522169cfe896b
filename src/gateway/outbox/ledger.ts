/** Which events the outbox holds, by position: what waits, what is over, and how many of each device. Pure. */

import { TOMBSTONE } from './record.js'
import type { Held, Inventory } from './scan.js'
import type { StoreOperation } from './store.js'

export interface Ledger {
  /** The oldest that is not over. */
  readonly head: number
  /** One past the newest. */
  readonly end: number
  readonly events: number
  readonly bytes: number
  /** Events of each device. */
  readonly devices: ReadonlyMap<string, Held>
  /** Another one, at `end`. */
  add(device: string, bytes: number): void
  isOver(position: number): boolean
  /** The broker has it, or it is given up. Once only. */
  remove(position: number, device: string, bytes: number): void
  /** Removals that the disk has not seen. */
  readonly removals: number
  /** What the disk has to do for at most so many of them; they are no removals any more. */
  takeRemovals(most: number): StoreOperation[]
}

export function createLedger(inventory: Inventory): Ledger {
  let { head, end } = inventory
  /** From head on. */
  const over = new Set(inventory.over)
  const devices = new Map(inventory.devices)
  let events = 0
  let bytes = 0
  for (const held of devices.values()) {
    events += held.events
    bytes += held.bytes
  }
  const unwritten: number[] = []
  /** All below are deleted on the disk, or about to be. */
  let deletedBelow = head

  const advance = () => {
    while (head < end && over.delete(head)) head += 1
  }
  advance()

  return {
    get head() {
      return head
    },
    get end() {
      return end
    },
    get events() {
      return events
    },
    get bytes() {
      return bytes
    },
    devices,
    add(device, size) {
      end += 1
      change(device, 1, size)
    },
    isOver: (position) => position < head || over.has(position),
    remove(position, device, size) {
      over.add(position)
      unwritten.push(position)
      change(device, -1, -size)
      advance()
    },
    get removals() {
      return Math.max(unwritten.length, head - deletedBelow)
    },
    takeRemovals(most) {
      const operations: StoreOperation[] = []
      const below = Math.min(head, deletedBelow + most)
      for (; deletedBelow < below; deletedBelow++) operations.push({ kind: 'delete', position: deletedBelow })
      const taken = unwritten.splice(0, most)
      for (const position of taken) {
        if (position >= head) operations.push({ kind: 'put', position, value: TOMBSTONE })
        // Its turn to be deleted comes with the next ones.
        else if (position >= deletedBelow) unwritten.push(position)
      }
      return operations
    },
  }

  function change(device: string, by: number, size: number) {
    const held = devices.get(device) ?? { events: 0, bytes: 0 }
    if (held.events + by === 0) devices.delete(device)
    else devices.set(device, { events: held.events + by, bytes: held.bytes + size })
    events += by
    bytes += size
  }
}
