import { describe, expect, it } from 'vitest'
import { createNoise, type NoiseOptions } from '../../../src/testing/line/index.js'
import { seeded } from '../../../src/testing/seeded.js'

const run = Uint8Array.from({ length: 100 }, (_, index) => index)

function pass(options: NoiseOptions, runs: number) {
  const noise = createNoise(options, seeded(5))
  return { heard: Array.from({ length: runs }, () => noise.pass(run)), counters: noise.counters }
}

describe('a line', () => {
  it('without faults hands over the very bytes', () => {
    const { heard, counters } = pass({}, 10)
    for (const bytes of heard) expect(bytes).toBe(run)
    expect(counters).toMatchObject({ bytesSent: 1_000, runsDamaged: 0, bitsInverted: 0 })
  })

  it('that loses bytes keeps the order of the others and counts', () => {
    const { heard, counters } = pass({ lossRate: 0.1 }, 100)
    const received = heard.reduce((sum, bytes) => sum + bytes.length, 0)
    expect(received + counters.bytesLost).toBe(10_000)
    expect(counters.bytesLost).toBeGreaterThan(800)
    for (const bytes of heard) expect([...bytes]).toEqual([...bytes].sort((a, b) => a - b))
  })

  it('that doubles bytes gives a second copy right behind the first', () => {
    const { heard, counters } = pass({ doubleRate: 0.1 }, 100)
    expect(heard.reduce((sum, bytes) => sum + bytes.length, 0) - counters.bytesDoubled).toBe(10_000)
    for (const bytes of heard) expect([...new Set(bytes)]).toEqual([...run])
  })

  it('that inserts bytes loses none', () => {
    const { heard, counters } = pass({ insertRate: 0.1 }, 100)
    expect(heard.reduce((sum, bytes) => sum + bytes.length, 0) - counters.bytesInserted).toBe(10_000)
  })

  it('does the same again with the same seed', () => {
    const options = { bitErrorRate: 1e-3, lossRate: 0.01, doubleRate: 0.01, insertRate: 0.01 }
    expect(pass(options, 50)).toEqual(pass(options, 50))
  })

  it('says which levels of an emulated line are inverted', () => {
    const noise = createNoise({ bitErrorRate: 1 }, seeded(1))
    expect(noise.lineFault(0x41)).toEqual([{ byte: 0x41, invert: 0x3ff }])
    expect(createNoise({ lossRate: 1 }, seeded(1)).lineFault(0x41)).toEqual([])
    expect(createNoise({}, seeded(1)).lineFault(0x41)).toEqual([{ byte: 0x41 }])
  })

  it('does no harm any more once it is silent', () => {
    const noise = createNoise({ bitErrorRate: 1, lossRate: 1 }, seeded(1))
    noise.silence()
    expect(noise.pass(run)).toBe(run)
    expect(noise.lineFault(1)).toEqual([{ byte: 1 }])
  })
})
