/** The pause before the next start: over when its time has come or the peer is seen again, but not before the old link is
 * released, nor out of turn. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { Connector } from '../../link/link.js'

export interface StartLaterOptions {
  readonly clock: Clock
  readonly connector: Connector
  readonly inMs: number
  /** Asked when the pause is over: the old link is gone when it resolves. */
  released(): Promise<unknown>
  /** Asked after that: resolves when it is this port's turn among others. Absent: it is. */
  readonly turn?: (() => Promise<void>) | undefined
  start(): void
}

export function startLater({ clock, connector, inMs, released, turn, start }: StartLaterOptions): CancelTimer {
  let wait: 'waiting' | 'due' | 'cancelled' = 'waiting'
  const due = () => {
    if (wait !== 'waiting') return
    wait = 'due'
    stopWaiting()
    const begin = () => {
      if (wait === 'due') start()
    }
    void released().then(() => {
      if (turn && wait === 'due') void turn().then(begin)
      else begin()
    })
  }
  const cancelTimer = clock.after(inMs, due)
  const cancelWatch = connector.onArrival?.(due) ?? (() => {})
  const stopWaiting = () => {
    cancelTimer()
    cancelWatch()
  }
  return () => {
    wait = 'cancelled'
    stopWaiting()
  }
}
