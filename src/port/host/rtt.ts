/** Round-trip estimate after RFC 6298, section 2: smoothed time, its variance, and the repeat timer that follows. */

import { REPEAT_TIMER } from '../limits.js'

export interface RoundTripEstimator {
  /** Takes one measured round trip. */
  sample(ms: number): void
  /** An answer has come within this time, a handler's among it: an estimate far above, or
   * none for want of a TICK whose copies were all answered, gives way to it. */
  atMost(ms: number): void
  /** Pause before a repeat, without the line's own time. */
  readonly timeoutMs: number
  readonly smoothedMs: number | undefined
  /** Undefined before the first sample. */
  readonly varianceMs: number | undefined
}

export function createRoundTripEstimator(maxMs: number): RoundTripEstimator {
  let smoothedMs: number | undefined
  let varianceMs = 0
  let timeoutMs = Math.min(REPEAT_TIMER.firstMs, maxMs)
  /** By a TICK; an estimate from a call is a bound, which the next TICK replaces. */
  let isMeasured = false
  const take = (ms: number) => {
    if (smoothedMs === undefined) {
      smoothedMs = ms
      varianceMs = ms / 2
    } else {
      varianceMs += (Math.abs(smoothedMs - ms) - varianceMs) / 4
      smoothedMs += (ms - smoothedMs) / 8
    }
    timeoutMs = Math.min(Math.max(smoothedMs + 4 * varianceMs, REPEAT_TIMER.minMs), maxMs)
  }
  return {
    sample(ms) {
      if (!isMeasured) smoothedMs = undefined
      isMeasured = true
      take(ms)
    },
    atMost(ms) {
      if (ms >= (smoothedMs ?? REPEAT_TIMER.firstMs) / 2) return
      smoothedMs = undefined
      isMeasured = false
      take(ms)
    },
    get timeoutMs() {
      return timeoutMs
    },
    get smoothedMs() {
      return smoothedMs
    },
    get varianceMs() {
      return smoothedMs === undefined ? undefined : varianceMs
    },
  }
}
