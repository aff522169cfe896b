/** What runs again and again, or once for all that asked. */

import type { Clock } from '../clock.js'

/** At once, and again each time so long after the last. Returns what ends it. */
export function everyNowAndThen(clock: Clock, pauseMs: number, run: () => Promise<void>): () => void {
  let cancel = () => {}
  let stopped = false
  const next = () => {
    if (stopped) return
    cancel = clock.after(pauseMs, next)
    void run()
  }
  next()
  return () => {
    stopped = true
    cancel()
  }
}

/** Runs once for all that is asked for in one turn. */
export function soon(run: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    queueMicrotask(() => {
      asked = false
      run()
    })
  }
}
