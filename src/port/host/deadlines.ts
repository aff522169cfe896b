/** The deadlines of the calls of a port, on one timer: nearly every call is answered long before its own, and a timer each
 * costs more than the rest of its bookkeeping. */

import type { CancelTimer, Clock } from '../../clock.js'

/** What has a deadline until it ends. */
export interface Timed {
  readonly deadlineMs: number
  /** False: its deadline counts no longer. */
  readonly isTimed: boolean
  expired(): void
}

export interface Deadlines {
  add(timed: Timed): void
  /** The port is closed: nothing expires any more. */
  end(): void
}

const COMPACT_FROM = 64

export function createDeadlines(clock: Clock): Deadlines {
  /** By deadline, those of the same one in the order of adding. */
  let all: Timed[] = []
  let head = 0
  let compactAt = COMPACT_FROM
  let armedForMs = Number.POSITIVE_INFINITY
  let cancel: CancelTimer = () => {}

  const skipOver = () => {
    while (head < all.length && !all[head]!.isTimed) head += 1
  }
  const compact = () => {
    all = all.slice(head).filter(({ isTimed }) => isTimed)
    head = 0
    compactAt = Math.max(COMPACT_FROM, 2 * all.length)
  }
  const arm = (deadlineMs: number) => {
    cancel()
    armedForMs = deadlineMs
    cancel = clock.after(Math.max(deadlineMs - clock.nowMs(), 0), fired)
  }
  const fired = () => {
    armedForMs = Number.POSITIVE_INFINITY
    const nowMs = clock.nowMs()
    for (skipOver(); head < all.length && all[head]!.deadlineMs <= nowMs; skipOver()) {
      head += 1
      all[head - 1]!.expired()
    }
    if (head < all.length) arm(all[head]!.deadlineMs)
  }

  return {
    add(timed) {
      skipOver()
      if (all.length >= compactAt) compact()
      // Most calls of a port have the same timeout, so that the newest is the last.
      let at = all.length
      while (at > head && all[at - 1]!.deadlineMs > timed.deadlineMs) at -= 1
      if (at === all.length) all.push(timed)
      else all.splice(at, 0, timed)
      // One that is armed too early finds nothing to do and goes on to the next.
      if (timed.deadlineMs < armedForMs) arm(timed.deadlineMs)
    },
    end() {
      cancel()
      all = []
      head = 0
    },
  }
}
