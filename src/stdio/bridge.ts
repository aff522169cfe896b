/** Between a client that speaks bare packets and a board: requests in, answers out, in order, one for each. */

import type { Contract } from '../contract/index.js'
import { createValueCodec, encodePacket, maxPacketContentBytes, type PrefixBytes } from '../wire/index.js'
import type { Board } from './board.js'
import type { CommandAnswer } from './client-answer.js'
import { createClientCommands } from './client-commands.js'
import type { ClientPort } from './client-port.js'
import { badRequest, type ErrorReply, replyTooLarge, tooLarge } from './error-reply.js'
import { createFifo } from './fifo.js'
import { MAX_HELD_REQUEST_BYTES, MAX_PACKET_BYTES, MAX_WAITING_REQUESTS, SENT_VALUE_LIMITS } from './limits.js'
import { createNotices } from './notices.js'
import { createReplyOrder } from './reply-order.js'
import { type ClientRequest, createRequestReader } from './request-reader.js'
import { COMMAND_ACTION, TAG, tagged } from './tags.js'

export interface Bridge {
  /** Bytes of the client; the array is the bridge's to keep. */
  receive(chunk: Uint8Array): void
  /** Takes requests that are held, as far as there is room, and tells what waits to be told. */
  pump(): void
  /** Runs a command as if the client had sent it; its answer is nobody's.
   * @throws nothing; without `notify` there are no commands */
  command(command: unknown): void
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
  /** Events that the client did not read in time, or that its packets are too short for. */
  eventsDropped: number
}

export interface BridgeOptions {
  readonly prefixBytes: PrefixBytes
  readonly board: Board
  /** Writes to the client. */
  readonly write: (packet: Uint8Array) => void
  /** False while the client does not read what is written: no more requests are taken. */
  readonly isReading: () => boolean
  /** Tags what goes to the client, tells it events and requests of the board, and takes commands. */
  readonly notify?: {
    readonly port: ClientPort
    /** The board's. */
    readonly contract: Contract
  }
}

export function createBridge(options: BridgeOptions): Bridge {
  const { prefixBytes, board, write, isReading, notify } = options
  const maxRequestBytes = Math.min(MAX_PACKET_BYTES, maxPacketContentBytes(prefixBytes))
  const maxReplyBytes = maxRequestBytes - (notify ? 1 : 0)
  const codec = createValueCodec({}, { sentLimits: SENT_VALUE_LIMITS })
  const reader = createRequestReader(prefixBytes, maxRequestBytes)
  const writeContent = (content: Uint8Array) => write(encodePacket(content, prefixBytes))
  const order = createReplyOrder((content) => {
    writeContent(notify ? tagged(TAG.reply, content) : content)
    pump()
  })
  const notices = createNotices({ prefixBytes, codec, write: writeContent, isReading })
  const commands = notify && createClientCommands({ ...notify, codec, notices })
  const counters = { requests: 0, timeouts: 0, errors: 0 }
  const held = createFifo<ClientRequest>()
  let heldBytes = 0
  let isPumping = false

  const take = (request: ClientRequest) => {
    counters.requests += 1
    const fill = order.place()
    if (request.kind === 'too_long') return fill(contentOf(tooLarge(request.declaredBytes, maxRequestBytes)))
    if (commands && request.content[0] === COMMAND_ACTION) {
      const { reply, left } = runCommand(request.content)
      return fill(contentOf(codec.encode(reply)), left)
    }
    void board.call(request.content).then((answer) => fill(contentOf(answer)))
  }

  const runCommand = (content: Uint8Array): CommandAnswer => {
    const command = codec.decode(content, 1)
    return command.ok ? commands!.run(command.value) : { reply: badRequest(command.reason) }
  }

  const pump = () => {
    if (isPumping) return // an answer that is known at once leaves from within
    isPumping = true
    while (order.waiting < MAX_WAITING_REQUESTS && isReading()) {
      const request = held.shift()
      if (!request) break
      heldBytes -= bytesOf(request)
      take(request)
    }
    notices.pump() // after the requests: a flood of events must not hold up calls
    isPumping = false
  }

  const contentOf = (answer: Uint8Array | ErrorReply): Uint8Array => {
    if (answer instanceof Uint8Array && answer.length <= maxReplyBytes) return answer
    const error = answer instanceof Uint8Array ? replyTooLarge(answer.length, maxReplyBytes) : answer
    counters.errors += 1
    if (error.error === 'timeout') counters.timeouts += 1
    const content = codec.encode(error)
    // With a prefix of one byte a long text does not fit: the number alone says it.
    return content.length <= maxReplyBytes ? content : codec.encode({ ...error, error: 'error' })
  }

  return {
    pump,
    command: (command) => commands?.run(command).left?.(),
    receive(chunk) {
      for (const request of reader.push(chunk)) {
        held.push(request)
        heldBytes += bytesOf(request)
      }
      pump()
    },
    get counters() {
      return { ...counters, eventsDropped: notices.dropped }
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
