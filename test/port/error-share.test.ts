/** The rule by which a raised baud rate is given up: times and totals in, a verdict out. */

import { describe, expect, it } from 'vitest'
import { createErrorShare } from '../../src/port/host/error-share.js'
import { BAUD_RATE_ERRORS } from '../../src/port/limits.js'

const { windowMs, minFrames, share } = BAUD_RATE_ERRORS

describe('the share of errors', () => {
  it('is too high above 5 % of at least 50 frames in 10 s', () => {
    expect({ windowMs, minFrames, share }).toEqual({ windowMs: 10_000, minFrames: 50, share: 0.05 })
    expect(createErrorShare(0, 0, 0).isTooHigh(1_000, 95, 5)).toBe(false)
    expect(createErrorShare(0, 0, 0).isTooHigh(1_000, 94, 6)).toBe(true)
  })

  it('says nothing of fewer than 50 frames, however bad they are', () => {
    expect(createErrorShare(0, 0, 0).isTooHigh(1_000, 0, 49)).toBe(false)
    expect(createErrorShare(0, 0, 0).isTooHigh(1_000, 0, 50)).toBe(true)
  })

  it('does not count what was before it began', () => {
    expect(createErrorShare(0, 10, 1_000).isTooHigh(1_000, 110, 1_000)).toBe(false)
  })

  it('forgets what is older than the window, and counts what is not', () => {
    const errors = createErrorShare(0, 0, 0)
    let good = 0
    let bad = 0
    const step = (atMs: number, goods: number, bads: number) => {
      good += goods
      bad += bads
      return errors.isTooHigh(atMs, good, bad)
    }
    // 4 bad ones a second among 100: never too many, for as long as it goes on.
    for (let atMs = 500; atMs < 60_000; atMs += 1_000) expect(step(atMs, 96, 4)).toBe(false)
    // A burst is diluted by the window behind it, and is too much in a window that has little else.
    expect(step(60_500, 0, 30)).toBe(true)
    let isTooHigh = true
    let atMs = 61_500
    for (; atMs < 90_000 && isTooHigh; atMs += 1_000) isTooHigh = step(atMs, 10, 0)
    expect(atMs).toBeGreaterThan(68_000)
    expect(atMs).toBeLessThan(74_000)
  })

  it('takes back what turned out to have been slow only', () => {
    const errors = createErrorShare(0, 0, 0)
    expect(errors.isTooHigh(1_000, 94, 6)).toBe(true)
    expect(errors.isTooHigh(1_100, 100, 2)).toBe(false)
    expect(errors.isTooHigh(1_200, 100, -3)).toBe(false)
  })
})
