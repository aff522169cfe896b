/** Messages on their way to the broker, in order, until it has acknowledged them. This one is in memory and bounded;
 * one on disk can take its place. */

import type { Publication } from '../mqtt/publication.js'

export interface Outbox {
  /** Puts a message at the end. `delivered`, when given, is called once after the broker's acknowledgement; such a message is
   * never dropped to make room, as somebody waits for it. */
  append(publication: Publication, delivered?: () => void): void
  /** Positions count up from 0 and are never used twice. The oldest message not acknowledged is at `head`. */
  readonly head: number
  /** One past the newest. */
  readonly end: number
  /** Undefined for a message that was acknowledged or dropped. */
  at(position: number): Publication | undefined
  /** The broker has it. Out of order is fine; unknown positions are ignored. */
  acknowledge(position: number): void
  /** Messages at or after this position may be dropped to make room; before it they are on the wire. */
  protectBefore(position: number): void
  /** Messages lost for want of room, since the start. */
  readonly dropped: number
  /** Messages held. */
  readonly size: number
  readonly bytes: number
}

export interface OutboxLimits {
  readonly messages: number
  readonly bytes: number
}

interface Entry {
  readonly publication: Publication
  readonly bytes: number
  readonly delivered: (() => void) | undefined
}

export function createMemoryOutbox(limits: OutboxLimits): Outbox {
  // A Map keeps its order of insertion, which is that of the positions.
  const entries = new Map<number, Entry>()
  let head = 0
  let end = 0
  let firstDroppable = 0
  let dropped = 0
  let bytes = 0

  const remove = (position: number): Entry | undefined => {
    const entry = entries.get(position)
    if (!entry) return undefined
    entries.delete(position)
    bytes -= entry.bytes
    while (head < end && !entries.has(head)) head += 1
    return entry
  }

  const makeRoom = () => {
    if (entries.size <= limits.messages && bytes <= limits.bytes) return
    for (const [position, entry] of entries) {
      // The newest stays: otherwise a single message above the limit would leave nothing to show for itself.
      if (position < firstDroppable || entry.delivered || position === end - 1) continue
      remove(position)
      dropped += 1
      if (entries.size <= limits.messages && bytes <= limits.bytes) return
    }
  }

  return {
    append(publication, delivered) {
      const entry = { publication, bytes: publication.topic.length + publication.payload.length, delivered }
      entries.set(end, entry)
      end += 1
      bytes += entry.bytes
      makeRoom()
    },
    get head() {
      return head
    },
    get end() {
      return end
    },
    at: (position) => entries.get(position)?.publication,
    acknowledge(position) {
      remove(position)?.delivered?.()
    },
    protectBefore(position) {
      firstDroppable = position
    },
    get dropped() {
      return dropped
    },
    get size() {
      return entries.size
    },
    get bytes() {
      return bytes
    },
  }
}
