/** Faults of whole frames: what a box in the middle of a line does. */

import type { Random } from '../../src/clock.js'

/** Takes a frame and says what goes on in its place, in order. */
export type FrameFilter = (frame: Uint8Array) => readonly Uint8Array[]

export const drop =
  (share: number, random: Random): FrameFilter =>
  (frame) =>
    random() < share ? [] : [frame]

export const double =
  (share: number, random: Random): FrameFilter =>
  (frame) =>
    random() < share ? [frame, frame] : [frame]

/** After each `keep` frames one is lost.
 * @param already  how many of the first `keep` have passed before */
export function keepThenDrop(keep: number, already = 0): FrameFilter {
  let passed = already
  return (frame) => {
    passed = (passed + 1) % (keep + 1)
    return passed === 0 ? [] : [frame]
  }
}

/** A frame is held back until the next has gone: no wire does that, a datagram tunnel may. */
export function swap(share: number, random: Random): FrameFilter {
  let held: Uint8Array | undefined
  return (frame) => {
    if (held) {
      const late = held
      held = undefined
      return [frame, late]
    }
    if (random() >= share) return [frame]
    held = frame
    return []
  }
}

/** Cuts a run of bytes at the frames' delimiters, each frame with both of its own. */
export function framesOf(run: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  let start = 0
  while (start < run.length) {
    const end = run.indexOf(0, start + 1)
    if (end < 0) break
    frames.push(run.slice(start, end + 1))
    start = end + 1
  }
  if (start < run.length) frames.push(run.slice(start))
  return frames
}
