/** Whether a line fails too often: the share of damaged or lost frames in a sliding window. Pure: times and totals come in. */

import { BAUD_RATE_ERRORS } from '../limits.js'

export interface ErrorShare {
  /** @param goodFrames  all so far; @param badFrames  all so far, damaged or lost
   *  @returns true when the share of the window is too high */
  isTooHigh(nowMs: number, goodFrames: number, badFrames: number): boolean
}

interface Sample {
  readonly atMs: number
  readonly good: number
  readonly bad: number
}

/** The window moves in steps of a tenth of itself. */
const STEPS = 10

/** The window begins with what the totals are now. */
export function createErrorShare(nowMs: number, goodFrames: number, badFrames: number): ErrorShare {
  const { windowMs, minFrames, share } = BAUD_RATE_ERRORS
  /** One a step, the oldest first: at most `STEPS` + 1. */
  const samples: Sample[] = [{ atMs: nowMs, good: goodFrames, bad: badFrames }]
  return {
    isTooHigh(atMs, good, bad) {
      if (atMs - samples.at(-1)!.atMs >= windowMs / STEPS) samples.push({ atMs, good, bad })
      while (samples.length > 1 && atMs - samples[1]!.atMs >= windowMs) samples.shift()
      const since = samples[0]!
      const bads = Math.max(0, bad - since.bad)
      const frames = Math.max(0, good - since.good) + bads
      return frames >= minFrames && bads > share * frames
    },
  }
}
