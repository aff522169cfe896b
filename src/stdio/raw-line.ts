/** Bare packets towards a board that answers in order and knows nothing of portwire (protocol `action`, docs/protocol.md 21).
 * An answer has no number, so a late one is told apart by counting alone: each call given up is a debt of one answer. */

import type { Clock } from '../clock.js'
import { createPacketDecoder, encodePacket, type PrefixBytes } from '../wire/index.js'
import { DISCONNECTED, type ErrorReply, TIMEOUT } from './error-reply.js'
import { MAX_PACKET_BYTES } from './limits.js'

export interface RawLine {
  call(request: Uint8Array): Promise<Uint8Array | ErrorReply>
  /** Bytes of the board. */
  receive(bytes: Uint8Array): void
  /** The line is gone: what was written is answered `disconnected`, and nothing is owed any more. */
  drop(): void
  /** The line is there: what waits goes out. */
  connect(write: (bytes: Uint8Array) => void): void
  readonly counters: { lateReplies: number; refused: number }
}

export interface RawLineOptions {
  readonly prefixBytes: PrefixBytes
  readonly callTimeoutMs: number
  readonly clock: Clock
  /** Which answer belongs to which call cannot be known any more: the line must be opened anew. */
  readonly outOfStep: (detail: string) => void
}

interface Call {
  readonly packet: Uint8Array
  isWritten: boolean
  end(answer: Uint8Array | ErrorReply): void
}

export function createRawLine(options: RawLineOptions): RawLine {
  const { prefixBytes, callTimeoutMs, clock, outOfStep } = options
  const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: MAX_PACKET_BYTES })
  const counters = { lateReplies: 0, refused: 0 }
  /** Without an answer, oldest first. */
  let calls: Call[] = []
  /** Answers owed to calls that were given up, by the timer of each. */
  let debts: (() => void)[] = []
  let write: ((bytes: Uint8Array) => void) | undefined

  const send = (call: Call) => {
    call.isWritten = true
    write?.(call.packet)
  }

  const giveUp = (call: Call) => {
    calls = calls.filter((other) => other !== call)
    call.end(TIMEOUT)
    if (!call.isWritten) return
    debts.push(clock.after(callTimeoutMs, () => outOfStep(`an answer is owed since ${callTimeoutMs} ms`)))
  }

  const answered = (content: Uint8Array) => {
    const paid = debts.shift()
    if (paid) {
      paid()
      counters.lateReplies += 1
      return
    }
    const call = calls[0]?.isWritten ? calls.shift() : undefined
    if (call) call.end(content.slice())
    else counters.refused += 1
  }

  return {
    counters,
    call(request) {
      return new Promise((resolve) => {
        const call: Call = {
          packet: encodePacket(request, prefixBytes),
          isWritten: false,
          end(answer) {
            cancel()
            resolve(answer)
          },
        }
        const cancel = clock.after(callTimeoutMs, () => giveUp(call))
        calls.push(call)
        if (write) send(call)
      })
    },
    receive(bytes) {
      for (const event of decoder.push(bytes)) {
        if (event.kind === 'content') answered(event.bytes)
        else outOfStep(`a packet of ${event.declaredBytes} bytes is announced`)
      }
    },
    drop() {
      write = undefined
      decoder.reset()
      for (const cancel of debts) cancel()
      debts = []
      const written = calls.filter((call) => call.isWritten)
      calls = calls.filter((call) => !call.isWritten)
      for (const call of written) call.end(DISCONNECTED)
    },
    connect(writeTo) {
      write = writeTo
      for (const call of calls) send(call)
    },
  }
}
