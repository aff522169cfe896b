/** Calls that wait to be written. It belongs to the port: what was not written survives a restart of the device. */

import type { PendingCall } from './pending.js'

export interface CallQueue {
  push(call: PendingCall): void
  /** Puts calls in front of all that wait, in their order. */
  putFirst(calls: readonly PendingCall[]): void
  /** Puts emergencies in front of all that wait, but for emergencies that were written before and go out again: those are older. */
  putEmergencies(calls: readonly PendingCall[]): void
  /** The oldest that still waits, left in place. */
  peek(): PendingCall | undefined
  shift(): PendingCall | undefined
  /** Kept in memory, ended ones among them. */
  readonly length: number
}

const COMPACT_FROM = 64

/** A queue from which calls leave at the front, and anywhere by ending: those are skipped when they come to the front.
 * @param shifted one has been taken out, and is about to be written */
export function createCallQueue(shifted: () => void = () => {}): CallQueue {
  let items: PendingCall[] = []
  let head = 0
  let compactAt = COMPACT_FROM
  const skipEnded = () => {
    while (head < items.length && items[head]!.state === 'ended') head += 1
    // Cut off the front now and then; half of the array at a time keeps shift() constant on average.
    if (head > 32 && head * 2 > items.length) {
      items = items.slice(head)
      head = 0
    }
  }
  return {
    get length() {
      return items.length - head
    },
    push(call) {
      // Calls that ended while they waited are let go, also behind one that waits long.
      if (items.length >= compactAt) {
        items = items.slice(head).filter((waiting) => waiting.state !== 'ended')
        head = 0
        compactAt = Math.max(COMPACT_FROM, 2 * items.length)
      }
      items.push(call)
    },
    putFirst(calls) {
      if (calls.length === 0) return
      items = [...calls, ...items.slice(head)]
      head = 0
    },
    putEmergencies(calls) {
      skipEnded()
      const waiting = items.slice(head)
      const behind = waiting.findIndex((call) => !call.isEmergency || !call.leftBy)
      items = behind < 0 ? [...waiting, ...calls] : [...waiting.slice(0, behind), ...calls, ...waiting.slice(behind)]
      head = 0
    },
    peek() {
      skipEnded()
      return items[head]
    },
    shift() {
      skipEnded()
      const call = items[head]
      if (!call) return undefined
      head += 1
      shifted()
      return call
    },
  }
}

/** The three queues of a port, each in the order of making. */
export interface CallQueues {
  /** Calls of onStart: they go out before the session is open to others. */
  readonly start: CallQueue
  readonly numbered: CallQueue
  readonly lossy: CallQueue
}

export function createCallQueues(shifted?: () => void): CallQueues {
  return { start: createCallQueue(shifted), numbered: createCallQueue(shifted), lossy: createCallQueue(shifted) }
}
