/** Between a client that speaks bare packets and a board: requests in, answers out, in order, one for each. */

import { createValueCodec, encodePacket, maxPacketContentBytes, type PrefixBytes } from '../wire/index.js'
import type { Board } from './board.js'
import { type ErrorReply, replyTooLarge, tooLarge } from './error-reply.js'
import { MAX_HELD_REQUEST_BYTES, MAX_PACKET_BYTES, MAX_WAITING_REQUESTS } from './limits.js'
import { createReplyOrder } from './reply-order.js'
import { type ClientRequest, createRequestReader } from './request-reader.js'

export interface Bridge {
  /** Bytes of the client; the array is the bridge's to keep. */
  receive(chunk: Uint8Array): void
  /** Takes requests that are held, as far as there is room. */
  pump(): void
  /** So much is held that the client should wait. */
  readonly isFull: boolean
  /** The client's input would end inside a request. */
  readonly inRequest: boolean
  readonly counters: BridgeCounters
}

export interface BridgeCounters {
  requests: number
  timeouts: number
  /** Answered with an error in place of a value, timeouts included. */
  errors: number
}

export interface BridgeOptions {
  readonly prefixBytes: PrefixBytes
  readonly board: Board
  /** Writes to the client. */
  readonly write: (packet: Uint8Array) => void
  /** False while the client does not read what is written: no more requests are taken. */
  readonly isReading: () => boolean
}

export function createBridge(options: BridgeOptions): Bridge {
  const { prefixBytes, board, write, isReading } = options
  const maxBytes = Math.min(MAX_PACKET_BYTES, maxPacketContentBytes(prefixBytes))
  const codec = createValueCodec()
  const reader = createRequestReader(prefixBytes, maxBytes)
  const order = createReplyOrder((packet) => {
    write(packet)
    pump()
  })
  const counters: BridgeCounters = { requests: 0, timeouts: 0, errors: 0 }

  let held: ClientRequest[] = []
  let heldBytes = 0
  /** How many of `held` are taken. */
  let taken = 0
  let isPumping = false

  const take = (request: ClientRequest) => {
    counters.requests += 1
    const fill = order.place()
    if (request.kind === 'too_long') fill(packetOf(tooLarge(request.declaredBytes, maxBytes)))
    else void board.call(request.content).then((answer) => fill(packetOf(answer)))
  }

  const pump = () => {
    if (isPumping) return // an answer that is known at once leaves from within
    isPumping = true
    while (taken < held.length && order.waiting < MAX_WAITING_REQUESTS && isReading()) {
      const request = held[taken++]!
      heldBytes -= bytesOf(request)
      take(request)
    }
    if (taken === held.length) {
      held = []
      taken = 0
    }
    isPumping = false
  }

  const packetOf = (answer: Uint8Array | ErrorReply): Uint8Array => {
    if (answer instanceof Uint8Array && answer.length <= maxBytes) return encodePacket(answer, prefixBytes)
    const error = answer instanceof Uint8Array ? replyTooLarge(answer.length, maxBytes) : answer
    counters.errors += 1
    if (error.error === 'timeout') counters.timeouts += 1
    const content = codec.encode(error)
    // With a prefix of one byte a long text does not fit: the number alone says it.
    return encodePacket(content.length <= maxBytes ? content : codec.encode({ ...error, error: 'error' }), prefixBytes)
  }

  return {
    counters,
    pump,
    receive(chunk) {
      for (const request of reader.push(chunk)) {
        held.push(request)
        heldBytes += bytesOf(request)
      }
      pump()
    },
    get isFull() {
      return heldBytes >= MAX_HELD_REQUEST_BYTES
    },
    get inRequest() {
      return reader.inRequest
    },
  }
}

/** What a request costs while it is held: its bytes, and something for itself. */
function bytesOf(request: ClientRequest): number {
  return 64 + (request.kind === 'request' ? request.content.length : 0)
}
