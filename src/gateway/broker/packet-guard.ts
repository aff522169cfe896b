/** Measures MQTT packets as their bytes pass, before anything is collected: the fixed header says how long each will be. What asks
 * for subscriptions is counted too: of each filter a parser makes objects, of a packet of 150 kB some megabytes. */

import { createFixedHeader, NOT_MQTT } from '../mqtt/fixed-header.js'
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

/** Packet types (MQTT 3.1.1, section 2.2.1). */
const CONNECT = 1
const SUBSCRIBE = 8
const UNSUBSCRIBE = 10

/** Returns a function that takes the next bytes and says what is wrong with them, if anything is. */
export function createPacketGuard(limits: PacketLimits): (chunk: Uint8Array) => string | undefined {
  const header = createFixedHeader()
  let isFirst = true
  let count: ReturnType<typeof createFilterCount> | undefined
  let inPacket = 0
  /** Bytes of the packet's body still to come. */
  let bodyLeft = 0

  /** A header is whole. */
  const begin = ({ type, length }: { readonly type: number; readonly length: number }): string | undefined => {
    const isAsking = type === SUBSCRIBE || type === UNSUBSCRIBE
    const limit = isFirst ? limits.connectBytes : isAsking ? limits.subscribeBytes : limits.packetBytes
    if (length > limit) return `a packet of ${length} bytes, at most ${limit} are taken`
    isFirst = false
    bodyLeft = length
    inPacket = 0
    count = isAsking ? createFilterCount(type === SUBSCRIBE ? 1 : 0) : undefined
    return undefined
  }

  return (chunk) => {
    let at = 0
    let atOnce = 0
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const here = Math.min(bodyLeft, chunk.length - at)
        const filters = count?.(chunk, at, at + here) ?? 0
        inPacket += filters
        if (header.type === SUBSCRIBE) atOnce += filters
        if (inPacket > limits.subscribeFilters)
          return `more than ${limits.subscribeFilters} topic filters in one packet`
        if (atOnce > limits.filtersAtOnce) return `more than ${limits.filtersAtOnce} subscriptions at once`
        at += here
        bodyLeft -= here
        continue
      }
      const read = header.push(chunk[at]!)
      at += 1
      if (isFirst && header.type !== CONNECT) return 'the first packet is no CONNECT'
      if (read === 'broken') return NOT_MQTT
      const problem = read === 'whole' ? begin(header) : undefined
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
