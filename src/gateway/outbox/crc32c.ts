/** CRC-32C (Castagnoli, RFC 3720 B.4), as LevelDB keeps it of its blocks; zlib has the other polynomial only. */

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export const CRC_START = -1

export function crcStep(crc: number, byte: number): number {
  return (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!
}

/** What LevelDB stores in place of the CRC itself: rotated by 15 bits, plus a constant. Source: util/crc32c.h of LevelDB.
 * @param crc  of `crcStep`, over all bytes */
export function maskCrc(crc: number): number {
  return (((~crc >>> 15) | (~crc << 17)) + 0xa282ead8) >>> 0
}

export function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = CRC_START
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!
  return maskCrc(crc)
}
