/** Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): any bytes as bytes without 0x00, which then ends a frame.
 *
 * Each group is a code byte and code - 1 bytes that are not zero; a zero follows in the original unless the code is 0xFF
 * or the group is the last.
 */

const FULL_GROUP = 0xff

/** Length of the encoded form at its worst: a code byte for every 254 bytes, and at least one. */
export function cobsBytes(bytes: number): number {
  return bytes + Math.max(1, Math.ceil(bytes / 254))
}

/** Encodes, without delimiters. */
export function cobsEncode(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(cobsBytes(bytes.length))
  return target.subarray(0, cobsEncodeInto(bytes, target, 0))
}

/** Encodes into `target` from `at` on, which must have room for `cobsBytes`; returns where the encoded form ends. */
export function cobsEncodeInto(bytes: Uint8Array, target: Uint8Array, at: number): number {
  let codeAt = at
  let end = at + 1
  for (let from = 0; from < bytes.length; from++) {
    const byte = bytes[from]!
    if (byte !== 0) target[end++] = byte
    if (byte === 0) {
      target[codeAt] = end - codeAt
      codeAt = end++
    } else if (end - codeAt === FULL_GROUP && from + 1 < bytes.length) {
      // A full group says nothing about a zero; at the very end it needs no empty group after it.
      target[codeAt] = FULL_GROUP
      codeAt = end++
    }
  }
  target[codeAt] = end - codeAt
  return end
}

/** Decodes what stood between two delimiters. Undefined when it holds a zero, is empty, or its chain of codes does not end
 * with the last byte. A needless empty group at the end, which some encoders write after a full one, is accepted. */
export function cobsDecode(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length === 0) return undefined
  const target = new Uint8Array(bytes.length - 1)
  let end = 0
  let at = 0
  for (;;) {
    const code = bytes[at++]!
    const groupEnd = at + code - 1
    if (code === 0 || groupEnd > bytes.length) return undefined
    while (at < groupEnd) {
      const byte = bytes[at++]!
      if (byte === 0) return undefined
      target[end++] = byte
    }
    if (at === bytes.length) return target.subarray(0, end)
    if (code !== FULL_GROUP) target[end++] = 0
  }
}
