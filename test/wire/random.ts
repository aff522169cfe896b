/** Reproducible randomness: every random test names its seed, and PORTWIRE_SEED sets another. */

import fc from 'fast-check'

export const SEED = Number(process.env['PORTWIRE_SEED'] ?? 20_260_101)

/** Runs a property; fast-check prints the seed and the shrunk counterexample when it fails. */
export function check<T>(property: fc.IProperty<T>, runs = 300): void {
  fc.assert(property, { seed: SEED, numRuns: runs })
}

/** Mulberry32: enough for noise, and the same on every machine. */
export function createRandom(seed = SEED): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function randomBytes(random: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
}
