/** The time of this machine with jumps, for a host whose peer is a real process: no test has to wait out a deadline. */

import { type Clock, systemClock } from '../../src/clock.js'

export interface SkippingClock extends Clock {
  /** So much time has passed: what is due runs, in order, and the event loop gets a turn after each. */
  skip(ms: number): Promise<void>
}

export function createSkippingClock(): SkippingClock {
  const timers = new Set<{ readonly dueMs: number; fire(): void }>()
  let skippedMs = 0
  const nowMs = () => systemClock.nowMs() + skippedMs
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    nowMs,
    after(delayMs, run) {
      const fire = () => {
        if (!timers.delete(timer)) return
        cancel()
        run()
      }
      const timer = { dueMs: nowMs() + delayMs, fire }
      timers.add(timer)
      const cancel = systemClock.after(delayMs, fire)
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
    async skip(ms) {
      const untilMs = nowMs() + ms
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.dueMs - b.dueMs)
        if (next === undefined || next.dueMs > untilMs) break
        skippedMs += Math.max(0, next.dueMs - nowMs())
        next.fire()
        await turn()
      }
      skippedMs += Math.max(0, untilMs - nowMs())
      await turn()
    },
  }
}
