/** How many events a broker may have forgotten: those that it acknowledged shortly before it was heard of for the last time. A PUBACK
 * says that it has an event, not that it has it on a disk; whether it forgot it cannot be seen from here. Pure. */

import { LIMITS } from '../limits.js'

export interface Unconfirmed {
  /** A PUBACK came. */
  acknowledged(nowMs: number): void
  /** The event of a PUBACK at `ackedAtMs` is not kept here any more. */
  released(ackedAtMs: number): void
  /** The connection is lost; it may have been dead for a while. */
  connectionLost(nowMs: number): void
  /** Since the start: the sum over all losses of a connection. The window is rounded up to a hundredth, never down. */
  readonly count: number
}

export interface UnconfirmedOptions {
  /** Only the acknowledgements of this long before the last sign of the broker are counted; default LIMITS.outboxUnconfirmedMs. */
  readonly windowMs?: number
  /** The longest that a connection can be dead before it counts as lost: the last sign of the broker is its last PUBACK, or this long
   * before the loss when that was later. */
  readonly unnoticedMs: number
}

const PARTS = 100

export function createUnconfirmed({
  windowMs = LIMITS.outboxUnconfirmedMs,
  unnoticedMs,
}: UnconfirmedOptions): Unconfirmed {
  const partMs = windowMs / PARTS
  /** By part of the time: how many. */
  const recent = new Map<number, number>()
  let lastAckMs = Number.NEGATIVE_INFINITY
  let count = 0

  const forget = (signMs: number) => {
    for (const part of recent.keys()) if ((part + 1) * partMs <= signMs - windowMs) recent.delete(part)
  }

  return {
    acknowledged(nowMs) {
      lastAckMs = nowMs
    },
    released(ackedAtMs) {
      const part = Math.floor(ackedAtMs / partMs)
      const already = recent.get(part)
      recent.set(part, (already ?? 0) + 1)
      if (already === undefined) forget(lastAckMs)
    },
    connectionLost(nowMs) {
      forget(Math.max(lastAckMs, nowMs - unnoticedMs))
      for (const events of recent.values()) count += events
      recent.clear()
    },
    get count() {
      return count
    },
  }
}
