/** Timers by name: one of a name at a time. */

import type { CancelTimer, Clock } from '../../clock.js'

export interface Timers {
  /** Nothing happens when one of this name runs already, or after the end. */
  later(name: string, delayMs: number, run: () => void): void
  cancel(name: string): void
  close(): void
}

export function createTimers(clock: Clock): Timers {
  const running = new Map<string, CancelTimer>()
  let isClosed = false
  return {
    later(name, delayMs, run) {
      if (isClosed || running.has(name)) return
      running.set(
        name,
        clock.after(delayMs, () => {
          running.delete(name)
          run()
        }),
      )
    },
    cancel(name) {
      running.get(name)?.()
      running.delete(name)
    },
    close() {
      isClosed = true
      for (const cancel of running.values()) cancel()
      running.clear()
    },
  }
}
