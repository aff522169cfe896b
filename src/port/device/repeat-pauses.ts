/** How long a device waits before it sends again what the host has not answered. */

import type { Random } from '../../clock.js'
import { DEVICE_DEFAULTS } from '../limits.js'

export interface RepeatPauses {
  /** From a copy to the next, in ms. Those at the bound of `repeated` are uneven: of what they are above the first, each is up
   * to `unevenShare` shorter, so that no loss that keeps step with the copies hits them all. */
  waitMs(): number
  /** A copy went out: the next pause is twice the last, up to a quarter of the host's heartbeat. */
  repeated(): void
  /** Something was answered: the next pause is the first again. */
  progress(): void
  /** A new session. @param heartbeatMs as HELLO told it; 0: it did not */
  reset(heartbeatMs: number): void
}

const { firstRepeatMs, defaultHeartbeatMs, unevenShare } = DEVICE_DEFAULTS

export function createRepeatPauses(random: Random): RepeatPauses {
  let pauseMs: number = firstRepeatMs
  let slowestMs: number = defaultHeartbeatMs / 4
  return {
    waitMs: () => (pauseMs < slowestMs ? pauseMs : pauseMs - unevenShare * random() * (pauseMs - firstRepeatMs)),
    repeated() {
      pauseMs = Math.min(pauseMs * 2, slowestMs)
    },
    progress() {
      pauseMs = firstRepeatMs
    },
    reset(heartbeatMs) {
      pauseMs = firstRepeatMs
      slowestMs = Math.max(firstRepeatMs, (heartbeatMs || defaultHeartbeatMs) / 4)
    },
  }
}
