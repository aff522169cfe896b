/** Measures MQTT packets as their bytes pass, before anything is collected: the fixed header says how long each will be. What asks
 * for subscriptions is counted too: of each filter a parser makes objects, of a packet of 150 kB some megabytes. */

import { createFilterCount } from './filter-count.js'

export interface PacketLimits {
  /** Of the first packet, the CONNECT. */
  readonly connectBytes: number
  readonly packetBytes: number
  /** Of a SUBSCRIBE, and of an UNSUBSCRIBE. */
  readonly subscribeBytes: number
  readonly subscribeFilters: number
  /** Of all SUBSCRIBEs that come in one piece. */
  readonly filtersAtOnce: number
}

/** MQTT 3.1.1, section 2.2.3: seven bits a byte, at most four bytes. */
const MAX_LENGTH_BYTES = 4
/** Packet types, section 2.2.1. */
const CONNECT = 1
const SUBSCRIBE = 8
const UNSUBSCRIBE = 10

/** Returns a function that takes the next bytes and says what is wrong with them, if anything is. */
export function createPacketGuard(limits: PacketLimits): (chunk: Uint8Array) => string | undefined {
  let isFirst = true
  let type = CONNECT
  let count: ReturnType<typeof createFilterCount> | undefined
  let inPacket = 0
  /** Bytes of the packet's body still to come; undefined while the fixed header is read. */
  let bodyLeft: number | undefined
  let lengthBytes = -1
  let length = 0

  const bytesOf = () => {
    if (isFirst) return limits.connectBytes
    return type === SUBSCRIBE || type === UNSUBSCRIBE ? limits.subscribeBytes : limits.packetBytes
  }

  return (chunk) => {
    let at = 0
    let atOnce = 0
    while (at < chunk.length) {
      if (bodyLeft !== undefined) {
        const here = Math.min(bodyLeft, chunk.length - at)
        const filters = count?.(chunk, at, at + here) ?? 0
        inPacket += filters
        if (type === SUBSCRIBE) atOnce += filters
        if (inPacket > limits.subscribeFilters)
          return `more than ${limits.subscribeFilters} topic filters in one packet`
        if (atOnce > limits.filtersAtOnce) return `more than ${limits.filtersAtOnce} subscriptions at once`
        at += here
        bodyLeft -= here
      } else if (lengthBytes < 0) {
        type = chunk[at]! >> 4
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
          const limit = bytesOf()
          if (length > limit) return `a packet of ${length} bytes, at most ${limit} are taken`
          bodyLeft = length
          inPacket = 0
          count = type === SUBSCRIBE ? createFilterCount(1) : type === UNSUBSCRIBE ? createFilterCount(0) : undefined
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
