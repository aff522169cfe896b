/** Packets that wait for their reader: bounded, in order, one reader at a time. */

import { PortwireError } from '../../errors.js'

export interface PacketQueue<P> {
  /** False: it is full, and the packet, the newest, is dropped. @param beyond it is taken all the same */
  push(packet: P, bytes: number, beyond?: boolean): boolean
  /** The next packet may find no place. */
  readonly isFull: boolean
  /** Nothing more will come; what waits is still read. */
  end(): void
  read(): AsyncIterableIterator<P>
  readonly packets: number
  readonly bytes: number
}

const OVER: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/** @param maxBytes of all that wait; one packet is always taken, however long
 * @param hasRoom called when a reader has made so much room that it is at most half full */
export function createPacketQueue<P>(maxPackets: number, maxBytes: number, hasRoom: () => void): PacketQueue<P> {
  let waiting: { readonly packet: P; readonly bytes: number }[] = []
  let head = 0
  let bytes = 0
  let ended = false
  let isRead = false
  let endReader = () => {}
  /** What the reader asked for and found nothing, in its order; none while a packet waits. */
  const asked: ((result: IteratorResult<P>) => void)[] = []

  const shift = (): P => {
    const first = waiting[head++]!
    bytes -= first.bytes
    if (waiting.length - head <= maxPackets / 2 && bytes <= maxBytes / 2) hasRoom()
    // Cut off the front now and then; half of the array at a time keeps this constant on average.
    if (head > 32 && head * 2 > waiting.length) {
      waiting = waiting.slice(head)
      head = 0
    }
    return first.packet
  }
  /** Nothing will come for those who have asked. */
  const finish = () => {
    for (const answer of asked.splice(0)) answer(OVER)
  }

  return {
    push(packet, packetBytes, beyond = false) {
      const count = waiting.length - head
      if (beyond) {
        // Its link is told to stop: no more than it has read already comes.
      } else if (count >= maxPackets || (count > 0 && bytes + packetBytes > maxBytes)) return false
      waiting.push({ packet, bytes: packetBytes })
      bytes += packetBytes
      asked.shift()?.({ done: false, value: shift() })
      return true
    },
    get isFull() {
      return waiting.length - head >= maxPackets || bytes >= maxBytes
    },
    end() {
      ended = true
      endReader()
    },
    read() {
      if (isRead) throw new PortwireError('ARGUMENT_INVALID', 'packets(): another reader has not ended yet')
      isRead = true
      let done = false
      const leave = (): IteratorResult<P> => {
        if (!done) isRead = false
        done = true
        finish()
        return OVER
      }
      endReader = () => {
        if (asked.length > 0) leave()
      }
      return {
        async next() {
          if (done) return OVER
          if (waiting.length > head) return { done: false, value: shift() }
          if (ended) return leave()
          return new Promise<IteratorResult<P>>((resolve) => asked.push(resolve))
        },
        return: async () => leave(),
        [Symbol.asyncIterator]() {
          return this
        },
      }
    },
    get packets() {
      return waiting.length - head
    },
    get bytes() {
      return bytes
    },
  }
}
