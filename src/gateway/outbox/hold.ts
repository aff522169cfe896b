/** Events that the broker has acknowledged and that are held all the same, as it may forget them. */

import { LIMITS } from '../limits.js'
import type { Lanes } from './lanes.js'

export interface Hold {
  /** 0: a PUBACK is believed at once. */
  readonly holdMs: number
  readonly nowMs: number
  /** The time of this event is over. */
  readonly release: (position: number, ackedAtMs: number) => void
}

/** Releases what was held long enough and is not owed, and the oldest beyond LIMITS.outboxHeld.
 * @returns how many are held now, and how many were released too early */
export function releaseHeld({ taken }: Lanes, { holdMs, nowMs, release }: Hold): { held: number; short: number } {
  let held = 0
  for (const [position, { place, owed, ackedAtMs }] of taken) {
    if (place !== 'held') continue
    if (!owed && nowMs - ackedAtMs! >= holdMs) release(position, ackedAtMs!)
    else held += 1
  }
  let short = 0
  for (const [position, { place, ackedAtMs }] of taken) {
    if (held <= LIMITS.outboxHeld) break
    if (place !== 'held') continue
    release(position, ackedAtMs!)
    held -= 1
    short += 1
  }
  return { held, short }
}
