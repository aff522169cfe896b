/** Which bits of a line are hit: independent errors, or bursts of them. */

import type { Random } from '../../clock.js'
import { PortwireError } from '../../errors.js'

/** Two states that a line changes between, bit by bit; each hits bits at a rate of its own.
 * Source: E. N. Gilbert, "Capacity of a Burst-Noise Channel", Bell System Technical Journal 39, 1960; E. O. Elliott, 1963. */
export interface Bursts {
  /** Mean length of the quiet state, bits. */
  readonly meanQuietBits: number
  /** Mean length of a burst, bits. */
  readonly meanBurstBits: number
  /** Probability that a bit inside a burst is inverted. Default 0.5: nothing of the bit is left. */
  readonly burstErrorRate?: number
}

export interface BitErrorOptions {
  /** Probability that a bit is inverted, outside of bursts. Default 0. */
  readonly bitErrorRate?: number
  readonly bursts?: Bursts
}

export interface BitErrors {
  /** The line carries so many bits more; returns the offsets of those that are inverted, in order. */
  next(bits: number): readonly number[]
}

const NONE: readonly number[] = []

/** Time: constant for a run that is not hit, however long.
 * @throws ARGUMENT_INVALID  a rate that is not from 0 to 1, a mean length under one bit */
export function createBitErrors(options: BitErrorOptions, random: Random): BitErrors {
  const quietRate = rate('bitErrorRate', options.bitErrorRate ?? 0)
  const { bursts } = options
  const burstRate = bursts ? rate('burstErrorRate', bursts.burstErrorRate ?? 0.5) : 0
  const leaveQuiet = bursts ? 1 / meanBits('meanQuietBits', bursts.meanQuietBits) : 0
  const leaveBurst = bursts ? 1 / meanBits('meanBurstBits', bursts.meanBurstBits) : 0

  let inBurst = false
  /** Bits that the state still lasts, and bits before the next hit in it. */
  let lasts = bitsBefore(leaveQuiet, random) + 1
  let spared = bitsBefore(quietRate, random)

  const pass = (bits: number) => {
    lasts -= bits
    spared -= bits
    if (lasts > 0) return
    inBurst = !inBurst
    lasts = bitsBefore(inBurst ? leaveBurst : leaveQuiet, random) + 1
    spared = bitsBefore(inBurst ? burstRate : quietRate, random)
  }

  return {
    next(bits) {
      const hits: number[] = []
      let at = 0
      while (at < bits) {
        if (spared === 0) {
          spared = bitsBefore(inBurst ? burstRate : quietRate, random) + 1
          hits.push(at++)
          pass(1)
          continue
        }
        const step = Math.min(bits - at, lasts, spared)
        at += step
        pass(step)
      }
      return hits.length === 0 ? NONE : hits
    },
  }
}

/** How many bits pass before one of probability `p` comes: geometric, drawn at once. */
export function bitsBefore(p: number, random: Random): number {
  if (p <= 0) return Number.POSITIVE_INFINITY
  if (p >= 1) return 0
  return Math.floor(Math.log(1 - random()) / Math.log1p(-p))
}

/** @throws ARGUMENT_INVALID  not a number from 0 to 1 */
export function rate(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value
  throw new PortwireError('ARGUMENT_INVALID', `${name}: ${value} is not a probability, a number from 0 to 1`)
}

function meanBits(name: string, value: number): number {
  if (value >= 1) return value
  throw new PortwireError('ARGUMENT_INVALID', `${name}: ${value} is not a length of at least one bit`)
}
