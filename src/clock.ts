/** Time as a parameter: everything that waits takes a Clock, so that tests and emulated boards run in virtual time. */

export interface Clock {
  /** Monotonic milliseconds, with fractions; the origin means nothing. */
  nowMs(): number
  /** Runs `run` once, `delayMs` from now, never for Infinity; the returned function cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): CancelTimer
}

export type CancelTimer = () => void

/** What setTimeout takes; beyond, it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout
    const wait = (restMs: number) => {
      if (restMs === Number.POSITIVE_INFINITY) return
      const stepMs = Math.min(restMs, MAX_TIMER_MS)
      timer = setTimeout(() => (restMs > stepMs ? wait(restMs - stepMs) : run()), stepMs)
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/** A source of randomness: a number in [0, 1), as Math.random gives. */
export type Random = () => number
