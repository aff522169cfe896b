/** Round-trip estimate after RFC 6298, section 2: smoothed time, its variance, and the repeat timer that follows. */

import { REPEAT_TIMER } from '../limits.js'

export interface RoundTripEstimator {
  /** Takes one measured round trip. */
  sample(ms: number): void
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
  return {
    sample(ms) {
      if (smoothedMs === undefined) {
        smoothedMs = ms
        varianceMs = ms / 2
      } else {
        varianceMs += (Math.abs(smoothedMs - ms) - varianceMs) / 4
        smoothedMs += (ms - smoothedMs) / 8
      }
      timeoutMs = Math.min(Math.max(smoothedMs + 4 * varianceMs, REPEAT_TIMER.minMs), maxMs)
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
