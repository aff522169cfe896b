import { describe, expect, it } from 'vitest'
import { createBitErrors } from '../../../src/testing/line/bit-errors.js'
import { seeded } from '../../../src/testing/seeded.js'

const BITS = 2_000_000

/** Offsets over `BITS` bits that were asked for in runs of `runBits`. */
function hitsIn(errors: ReturnType<typeof createBitErrors>, runBits: number): number[] {
  const all: number[] = []
  for (let at = 0; at < BITS; at += runBits) for (const hit of errors.next(runBits)) all.push(at + hit)
  return all
}

describe('independent bit errors', () => {
  it('come at their rate, and each offset lies in its run', () => {
    const hits = hitsIn(createBitErrors({ bitErrorRate: 1e-3 }, seeded(1)), 310)
    // 2,000 expected; five standard deviations of a Poisson count are 224.
    expect(Math.abs(hits.length - BITS * 1e-3)).toBeLessThan(224)
    expect(new Set(hits).size).toBe(hits.length)
    expect(hits).toEqual([...hits].sort((a, b) => a - b))
  })

  it('do not depend on how the bits are cut into runs', () => {
    const of = (runBits: number) => hitsIn(createBitErrors({ bitErrorRate: 1e-3 }, seeded(7)), runBits)
    expect(of(10)).toEqual(of(1_000))
  })

  it('are none at rate 0, and every bit at rate 1', () => {
    expect(createBitErrors({}, seeded(1)).next(10_000)).toEqual([])
    expect(createBitErrors({ bitErrorRate: 1 }, seeded(1)).next(5)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('bursts', () => {
  const bursts = { meanQuietBits: 10_000, meanBurstBits: 100 }

  it('hit half of the bits inside, so that their share of the line is as told', () => {
    const hits = hitsIn(createBitErrors({ bursts }, seeded(3)), 310)
    // A share of 100 in 10,100 bits, half of them hit: 9,901; the count of bursts, about 198, varies by a fourteenth.
    expect(hits.length / BITS).toBeGreaterThan(0.0035)
    expect(hits.length / BITS).toBeLessThan(0.0065)
  })

  it('leave long stretches untouched, where independent errors of that rate would leave none', () => {
    const longest = (hits: readonly number[]) => Math.max(...hits.map((hit, i) => hit - (hits[i - 1] ?? 0)))
    const inBursts = hitsIn(createBitErrors({ bursts }, seeded(3)), 310)
    const alone = hitsIn(createBitErrors({ bitErrorRate: inBursts.length / BITS }, seeded(3)), 310)
    expect(longest(inBursts)).toBeGreaterThan(10 * longest(alone))
  })
})

it.each([
  [{ bitErrorRate: 1.1 }, /bitErrorRate: 1.1/],
  [{ bitErrorRate: Number.NaN }, /bitErrorRate: NaN/],
  [{ bursts: { meanQuietBits: 0, meanBurstBits: 10 } }, /meanQuietBits: 0/],
  [{ bursts: { meanQuietBits: 10, meanBurstBits: 10, burstErrorRate: -1 } }, /burstErrorRate: -1/],
])('%j is refused by name', (options, message) => {
  expect(() => createBitErrors(options, seeded(1))).toThrow(message)
})
