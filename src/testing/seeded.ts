/** Randomness that can be had again: the same seed gives the same numbers. */

import type { Random } from '../clock.js'

/** @param seed  its lowest 32 bits count
 * @returns numbers in [0, 1) with 32 random bits
 * Source: mulberry32 by Tommy Ettinger, in the public domain. */
export function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
