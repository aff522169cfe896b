/** For what only the latest counts of: done at once, and again at most every so many milliseconds, however often it is asked for. */

import type { CancelTimer, Clock } from '../clock.js'

export interface Paced {
  /** Runs now, or at the end of the pause since the last run: once for all that is asked for meanwhile. */
  ask(): void
  /** Runs what waits for the end of the pause now; nothing when nothing waits. Nothing waits afterwards. */
  flush(): void
}

/** @param everyMs the pause after each run */
export function createPaced(clock: Clock, everyMs: number, run: () => void): Paced {
  let isWanted = false
  let cancel: CancelTimer | undefined
  const now = () => {
    isWanted = false
    cancel = clock.after(everyMs, over)
    run()
  }
  const over = () => {
    cancel = undefined
    if (isWanted) now()
  }
  return {
    ask() {
      if (cancel) isWanted = true
      else now()
    },
    flush() {
      cancel?.()
      cancel = undefined
      if (!isWanted) return
      isWanted = false
      run()
    },
  }
}
