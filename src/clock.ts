/** Time as a parameter: everything that waits takes a Clock, so that tests and emulated boards run in virtual time. */

export interface Clock {
  /** Monotonic milliseconds, with fractions; the origin means nothing. */
  nowMs(): number
  /** Runs `run` once, `delayMs` from now; the returned function cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): CancelTimer
}

export type CancelTimer = () => void

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** A source of randomness: a number in [0, 1), as Math.random gives. */
export type Random = () => number
