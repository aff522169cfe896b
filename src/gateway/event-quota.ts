/** How many events a second one device may put on MQTT: a token bucket in front of everything that is shared. A device that floods
 * loses its own plain events, counted; its reliable ones are held back, so that they stay on the device; others notice nothing. */

import type { CancelTimer, Clock } from '../clock.js'

export interface EventQuotaLimits {
  /** Tokens that come back, a second. */
  readonly eventsPerSecond: number
  /** Tokens that a device that was quiet has. */
  readonly burst: number
}

export interface EventQuota {
  /** A plain event: true when it may go out. False is counted in `dropped`. */
  admit(): boolean
  /** A reliable event: runs `go` at its turn, at once or later. It takes the next token that there is, so a flood of plain
   * events does not keep it out. */
  turn(go: () => void): void
  /** Plain events that were refused, since the start. */
  readonly dropped: number
  /** Forgets the turns that wait: what was not published is not acknowledged, and stays on the device. */
  close(): void
}

export function createEventQuota({ eventsPerSecond, burst }: EventQuotaLimits, clock: Clock): EventQuota {
  // Below zero are the tokens that waiting reliable events have taken in advance.
  let tokens = burst
  let sinceMs = clock.nowMs()
  let dropped = 0
  const waiting = new Set<CancelTimer>()

  const refill = () => {
    const nowMs = clock.nowMs()
    tokens = Math.min(burst, tokens + ((nowMs - sinceMs) * eventsPerSecond) / 1_000)
    sinceMs = nowMs
  }

  return {
    admit() {
      refill()
      if (tokens < 1) {
        dropped += 1
        return false
      }
      tokens -= 1
      return true
    },
    turn(go) {
      refill()
      tokens -= 1
      if (tokens >= 0) return go()
      const cancel = clock.after((-tokens * 1_000) / eventsPerSecond, () => {
        waiting.delete(cancel)
        go()
      })
      waiting.add(cancel)
    },
    get dropped() {
      return dropped
    },
    close() {
      for (const cancel of waiting) cancel()
      waiting.clear()
    },
  }
}
