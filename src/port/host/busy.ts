/** When a port is busy: it says so above a high mark, and lets those who wait for it go on, one after the other, at a low one. */

import type { Clock } from '../../clock.js'

export interface Busy {
  readonly isBusy: boolean
  /** So many wait now. */
  changed(waiting: number): void
  /** Resolves at once unless it is busy; else in turn. */
  drained(): Promise<void>
  /** It is closed: nobody waits any more. */
  end(): void
}

/** @param high above it is busy  @param low up to it, it no longer is */
export function createBusy(clock: Clock, { high, low }: { readonly high: number; readonly low: number }): Busy {
  let isBusy = false
  let isEnded = false
  let isWaking = false
  const waiting: (() => void)[] = []

  /** A turn between them: what the first one sends may make it busy again, and the others wait on. */
  const wake = () => {
    isWaking = false
    if (isBusy && !isEnded) return
    waiting.shift()?.()
    if (waiting.length > 0) wakeLater()
  }
  const wakeLater = () => {
    if (isWaking) return
    isWaking = true
    clock.after(0, wake)
  }

  return {
    get isBusy() {
      return isBusy
    },
    changed(count) {
      if (count > high) isBusy = true
      else if (count <= low && isBusy) {
        isBusy = false
        if (waiting.length > 0) wakeLater()
      }
    },
    drained() {
      if (isEnded || (!isBusy && waiting.length === 0)) return Promise.resolve()
      return new Promise((resolve) => waiting.push(resolve))
    },
    end() {
      isEnded = true
      for (const done of waiting.splice(0)) done()
    },
  }
}
