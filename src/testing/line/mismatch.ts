/** What a UART hears of bytes that were sent at another rate than its own. */

import { BITS_PER_BYTE } from './receiver.js'

/** The sender's bits are sampled where the receiver's would be; a character without a stop bit is dropped, as by a UART that
 * checks. Equal rates give the bytes themselves.
 * @param bytes  sent back to back; the line idles before and after */
export function hearAt(bytes: Uint8Array, sentBaudRate: number, ownBaudRate: number): Uint8Array {
  if (sentBaudRate === ownBaudRate) return bytes
  const bits = bytes.length * BITS_PER_BYTE
  /** Time in bits of the sender. */
  const level = (at: number): number => {
    const bit = Math.floor(at)
    if (bit >= bits) return 1
    const place = bit % BITS_PER_BYTE
    if (place === 0) return 0
    return place === BITS_PER_BYTE - 1 ? 1 : (bytes[(bit - place) / BITS_PER_BYTE]! >> (place - 1)) & 1
  }
  const ownBit = sentBaudRate / ownBaudRate
  const heard: number[] = []
  let at = 0
  while (at < bits) {
    // A start bit that is over before its middle was noise.
    if (level(at) === 1 || level(at + ownBit / 2) === 1) {
      at = Math.floor(at) + 1
      continue
    }
    let byte = 0
    for (let bit = 0; bit < 8; bit++) byte |= level(at + (bit + 1.5) * ownBit) << bit
    at += (BITS_PER_BYTE - 0.5) * ownBit
    if (level(at) === 1) heard.push(byte)
    while (at < bits && level(at) === 0) at = Math.floor(at) + 1
    while (at < bits && level(at) === 1) at = Math.floor(at) + 1
  }
  return Uint8Array.from(heard)
}
