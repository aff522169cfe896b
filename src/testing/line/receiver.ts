/** What a UART makes of levels: start bit, eight data bits, stop bit (8N1), one sample a bit. */

/** Start bit, eight data bits, stop bit. */
export const BITS_PER_BYTE = 10

export interface Heard {
  readonly bytes: Uint8Array
  /** Characters without a stop bit; a UART that checks drops them. */
  readonly framingErrors: number
}

/** Bytes sent back to back, some of their bits inverted, as a receiver hears them that idles before and after.
 * A start bit that is hit is not seen: the receiver then takes the next falling edge for one, in the middle of the byte.
 * @param hits  offsets of inverted bits, in order, from the first start bit on */
export function hear(bytes: Uint8Array, hits: readonly number[]): Heard {
  const bits = bytes.length * BITS_PER_BYTE
  const inverted = new Set(hits)
  const level = (at: number): number => {
    if (at >= bits) return 1
    const place = at % BITS_PER_BYTE
    const sent =
      place === 0 ? 0 : place === BITS_PER_BYTE - 1 ? 1 : (bytes[(at - place) / BITS_PER_BYTE]! >> (place - 1)) & 1
    return inverted.has(at) ? 1 - sent : sent
  }
  const heard: number[] = []
  let framingErrors = 0
  let at = 0
  while (at < bits) {
    if (level(at) === 1) {
      at += 1
      continue
    }
    let byte = 0
    for (let bit = 0; bit < 8; bit++) byte |= level(at + 1 + bit) << bit
    at += BITS_PER_BYTE - 1
    if (level(at) === 1) heard.push(byte)
    else framingErrors += 1
    // Without a stop bit the line has to go high before the next start bit can be seen.
    while (at < bits && level(at) === 0) at += 1
    at += 1
  }
  return { bytes: Uint8Array.from(heard), framingErrors }
}
