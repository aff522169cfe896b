/** Looks whether a session at a raised baud rate has too many errors. */

import { createErrorShare, type ErrorShare } from './error-share.js'
import type { SessionOptions } from './session-types.js'

export interface ErrorWatch {
  /** The session is up. */
  start(): void
  /** So many more frames, or fewer than was thought, never arrived at the device, or their answers here. */
  lost(frames: number): void
  /** Always false at the rate of opening, where nothing could be done about it. */
  isTooHigh(): boolean
}

export function createErrorWatch(options: Pick<SessionOptions, 'clock' | 'counters' | 'lineRate'>): ErrorWatch {
  const { clock, counters, lineRate } = options
  let lostFrames = 0
  let share: ErrorShare | undefined
  const bad = () => Object.values(counters.framesDropped).reduce((sum, dropped) => sum + dropped, lostFrames)
  return {
    start() {
      if (lineRate.isRaised) share = createErrorShare(clock.nowMs(), counters.messagesReceived, bad())
    },
    lost(frames) {
      lostFrames += frames
    },
    isTooHigh() {
      if (!share || !lineRate.isRaised) return false
      return share.isTooHigh(clock.nowMs(), counters.messagesReceived, bad())
    },
  }
}
