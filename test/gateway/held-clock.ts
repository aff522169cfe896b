/** The system's clock, with its long pauses in the hand of the test: nobody waits ten minutes for a test. */

import { type Clock, systemClock } from '../../src/clock.js'

export interface HeldClock extends Clock {
  /** Ends the pauses that were begun with exactly this length, and answers how many there were. */
  pass(delayMs: number): number
}

/** @param fromMs  pauses from this length on are held; shorter ones are those of the system */
export function createHeldClock(fromMs = 2_000): HeldClock {
  const held = new Set<{ readonly delayMs: number; readonly run: () => void }>()
  return {
    nowMs: () => systemClock.nowMs(),
    after(delayMs, run) {
      if (delayMs < fromMs) return systemClock.after(delayMs, run)
      const timer = { delayMs, run }
      held.add(timer)
      return () => held.delete(timer)
    },
    pass(delayMs) {
      const due = [...held].filter((timer) => timer.delayMs === delayMs)
      for (const timer of due) {
        held.delete(timer)
        timer.run()
      }
      return due.length
    },
  }
}
