/** How many events a second one device may put on MQTT: a token bucket in front of everything that is shared. A device that floods
 * loses its own plain events, counted; its reliable ones are held back, so that they stay on the device; others notice nothing. */

import type { CancelTimer, Clock } from '../../clock.js'

export interface EventQuotaLimits {
  /** Tokens that come back, a second. */
  readonly eventsPerSecond: number
  /** Tokens that a device that was quiet has. */
  readonly burst: number
}

export interface EventQuota {
  /** A plain event: true when it may go out. */
  admit(): boolean
  /** A reliable event: runs `go` at its turn, in the order asked: at once, or when there is a token. While one waits it has the next
   * token, so a flood of plain events does not keep it out.
   * @returns true when it has to wait */
  turn(go: () => void): boolean
  /** Other limits from now on; turns that wait keep their order. */
  set(limits: EventQuotaLimits): void
  /** Forgets the turns that wait: what was not published is not acknowledged, and stays on the device. */
  forget(): void
}

export function createEventQuota(limits: EventQuotaLimits, clock: Clock): EventQuota {
  let { eventsPerSecond, burst } = limits
  let tokens = burst
  let sinceMs = clock.nowMs()
  let waiting: (() => void)[] = []
  let cancel: CancelTimer | undefined

  const takeToken = (): boolean => {
    const nowMs = clock.nowMs()
    tokens = Math.min(burst, tokens + ((nowMs - sinceMs) * eventsPerSecond) / 1_000)
    sinceMs = nowMs
    if (tokens < 1) return false
    tokens -= 1
    return true
  }

  /** One timer for all who wait: timers of their own may end out of order. */
  const serve = () => {
    cancel?.()
    cancel = undefined
    while (waiting.length > 0 && takeToken()) waiting.shift()!()
    if (waiting.length > 0) cancel ??= clock.after(Math.ceil(((1 - tokens) * 1_000) / eventsPerSecond), serve)
  }

  return {
    admit: () => waiting.length === 0 && takeToken(),
    turn(go) {
      if (waiting.length === 0 && takeToken()) {
        go()
        return false
      }
      waiting.push(go)
      if (!cancel) serve()
      return true
    },
    set(next) {
      if (takeToken()) tokens += 1
      eventsPerSecond = next.eventsPerSecond
      burst = next.burst
      tokens = Math.min(burst, tokens)
      serve()
    },
    forget() {
      cancel?.()
      cancel = undefined
      waiting = []
    },
  }
}
