// Numbers from a seed (mulberry32): the same on every machine, so that what was found can be seen again.

/** @returns a function that gives a number from 0 to below 1 */
export function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 0 to below `end`. */
export function below(random, end) {
  return Math.floor(random() * end)
}

export function bytesOf(random, count) {
  const bytes = new Uint8Array(count)
  for (let at = 0; at < count; at++) bytes[at] = below(random, 256)
  return bytes
}
