/** So many lines a second and no more; what is above is counted, and the count is said once the second is over. */

import type { CancelTimer, Clock } from '../clock.js'

const WINDOW_MS = 1_000

export interface LineQuota {
  /** True when one more line may be said now. */
  admit(): boolean
  /** Says what was left out and not said yet. */
  close(): void
}

/** @param leftOut  hears how many lines were not said in the second that is over */
export function createLineQuota(linesPerSecond: number, clock: Clock, leftOut: (count: number) => void): LineQuota {
  let sinceMs = Number.NEGATIVE_INFINITY
  let lines = 0
  let above = 0
  let cancel: CancelTimer | undefined
  const say = () => {
    cancel?.()
    cancel = undefined
    if (above === 0) return
    const count = above
    above = 0
    // It is a line as well.
    lines += 1
    leftOut(count)
  }
  return {
    admit() {
      const nowMs = clock.nowMs()
      if (nowMs - sinceMs >= WINDOW_MS) {
        sinceMs = nowMs
        lines = 0
        say()
      }
      if (lines < linesPerSecond) {
        lines += 1
        return true
      }
      above += 1
      cancel ??= clock.after(sinceMs + WINDOW_MS - nowMs, () => {
        sinceMs = clock.nowMs()
        lines = 0
        say()
      })
      return false
    },
    close: say,
  }
}
