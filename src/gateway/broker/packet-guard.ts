/** Measures MQTT packets as their bytes pass, before anything is collected: the fixed header says how long each will be. */

export interface PacketLimits {
  /** Of the first packet, the CONNECT. */
  readonly connectBytes: number
  readonly packetBytes: number
}

/** MQTT 3.1.1, section 2.2.3: seven bits a byte, at most four bytes. */
const MAX_LENGTH_BYTES = 4
const CONNECT = 1

/** Returns a function that takes the next bytes and says what is wrong with them, if anything is. */
export function createPacketGuard(limits: PacketLimits): (chunk: Uint8Array) => string | undefined {
  let isFirst = true
  /** Bytes of the packet's body still to come; undefined while the fixed header is read. */
  let bodyLeft: number | undefined
  let lengthBytes = -1
  let length = 0

  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (bodyLeft !== undefined) {
        const here = Math.min(bodyLeft, chunk.length - at)
        at += here
        bodyLeft -= here
      } else if (lengthBytes < 0) {
        const type = chunk[at]! >> 4
        if (isFirst && type !== CONNECT) return 'the first packet is no CONNECT'
        at += 1
        lengthBytes = 0
        length = 0
      } else {
        const byte = chunk[at]!
        at += 1
        length += (byte & 0x7f) * 128 ** lengthBytes
        lengthBytes += 1
        if ((byte & 0x80) === 0) {
          const limit = isFirst ? limits.connectBytes : limits.packetBytes
          if (length > limit) return `a packet of ${length} bytes, at most ${limit} are taken`
          bodyLeft = length
        } else if (lengthBytes === MAX_LENGTH_BYTES) {
          return 'the length of a packet is not MQTT'
        }
      }
      if (bodyLeft === 0) {
        bodyLeft = undefined
        lengthBytes = -1
        isFirst = false
      }
    }
    return undefined
  }
}
