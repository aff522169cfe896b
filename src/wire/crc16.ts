/** CRC-16/X-25: reflected polynomial 0x1021, initial value and final XOR 0xFFFF; "123456789" gives 0x906E.
 *
 * The final XOR is not a detail: without it a zero byte appended to a frame, which a flipped delimiter does, is not seen.
 */

/** One step a byte: `crc = CRC16_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8)`. */
export const CRC16_TABLE = crcTable()

/** What the running value before the final XOR comes to after a message and its own CRC, low byte first. */
export const CRC16_RESIDUE = 0xf0b8

/** The CRC of `bytes`; with `seed`, of all that `seed` is the CRC of and then `bytes`. */
export function crc16(bytes: Uint8Array, seed = 0): number {
  let crc = seed ^ 0xffff
  for (let at = 0; at < bytes.length; at++) crc = CRC16_TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8)
  return crc ^ 0xffff
}

function crcTable(): Uint16Array {
  const table = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
    table[byte] = crc
  }
  return table
}
