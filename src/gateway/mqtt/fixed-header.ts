/** The fixed header in front of each MQTT packet, read byte by byte (MQTT 3.1.1, section 2.2; the same in 5). */

/** Section 2.2.3: seven bits a byte, at most four bytes. */
const MAX_LENGTH_BYTES = 4

export const NOT_MQTT = 'the length of a packet is not MQTT'

export interface FixedHeader {
  /** more: it goes on. whole: the next byte is the first of the body, or of another header where `length` is 0. broken: no MQTT. */
  push(byte: number): 'more' | 'whole' | 'broken'
  /** Type and flags, of the header that was begun last. */
  readonly first: number
  /** Packet type, section 2.2.1. */
  readonly type: number
  /** Bytes of the body, once it is whole. */
  readonly length: number
}

/** Reads one header after the other. */
export function createFixedHeader(): FixedHeader {
  let first = 0
  let length = 0
  /** Of the length; undefined: the next byte is the first. */
  let lengthBytes: number | undefined
  return {
    push(byte) {
      if (lengthBytes === undefined) {
        first = byte
        length = 0
        lengthBytes = 0
        return 'more'
      }
      length += (byte & 0x7f) * 128 ** lengthBytes
      lengthBytes += 1
      if (byte & 0x80) return lengthBytes === MAX_LENGTH_BYTES ? 'broken' : 'more'
      lengthBytes = undefined
      return 'whole'
    },
    get first() {
      return first
    },
    get type() {
      return first >> 4
    },
    get length() {
      return length
    },
  }
}
