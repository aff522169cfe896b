/** What goes out next: answers first, then calls and casts by age. What waits for room in the device is not overtaken, not
 * by answers either, else a full-size call would never get in. */

import { Action, ErrorNumber, type ValueCodec } from '../../wire/index.js'
import type { CallLane } from './call-lane.js'
import type { CallQueue, CallQueues } from './call-queue.js'
import type { Line } from './line.js'
import type { Answer, PendingCall } from './pending.js'

export interface Outgoing {
  /** ACK of events. A later one covers an earlier one that still waits. */
  acknowledge(token: number, missing: number | undefined): void
  /** The answer to a request of the device, or to its RESULT. */
  answer(token: number, action: number, value: Uint8Array | undefined): void
  /** A call of the protocol's own; it goes before those of the user. */
  protocolCall(call: ProtocolCall): void
  /** Sends what may be sent. @param isOpen false: of the user's calls only those of onStart */
  pump(isOpen: boolean): void
}

export interface OutgoingOptions {
  readonly line: Line
  readonly calls: CallLane
  readonly queues: CallQueues
  readonly codec: ValueCodec
  readonly maxContentBytes: number
  /** Sends TICK: its answer proves that the device has read, and so makes room. */
  readonly askForRoom: () => void
  /** False once the session is over. */
  readonly isAlive: () => boolean
  /** False while the link is full: answers still go, calls and casts wait. */
  readonly isWritable: () => boolean
}

export interface ProtocolCall {
  readonly action: number
  readonly value: Uint8Array | undefined
  /** Asked when its turn has come: false drops it. */
  isWanted?(): boolean
  /** @param copies how often it was sent */
  answered(answer: Answer, copies: number): void
}

/** One kind of what can go out. `ready` looks for the next of it and says how long and how old that is; `send` sends it. No
 * object a message: this runs for every one. */
interface Source {
  ready(isOpen: boolean): boolean
  valueBytes: number
  madeAtMs: number
  send(): void
}

export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { line, calls, queues, codec } = options
  const protocolCalls: ProtocolCall[] = []
  const answers: { readonly token: number; readonly action: number; readonly value: Uint8Array | undefined }[] = []
  let ack: { readonly token: number; readonly value: Uint8Array | undefined } | undefined
  /** What waits for room. */
  let waiting: Source | undefined

  const pump = (isOpen: boolean) => {
    while (options.isAlive()) {
      const next = choose(isOpen)
      if (!next) return
      if (!line.fits(next.valueBytes)) {
        waiting = next
        if (calls.unanswered === 0) options.askForRoom()
        return
      }
      waiting = undefined
      next.send()
    }
  }

  const choose = (isOpen: boolean): Source | undefined => {
    if (waiting) {
      if (waiting.ready(isOpen)) return waiting
      // The TICK that makes room for a call holds its place in a window of one.
      if (waiting === numbered && calls.oldest()?.isTick && callWaits(isOpen)) return undefined
    }
    if (answering.ready(isOpen)) return answering
    if (acknowledging.ready(isOpen)) return acknowledging
    const hasNumbered = numbered.ready(isOpen)
    if (!lossy.ready(isOpen)) return hasNumbered ? numbered : undefined
    return hasNumbered && numbered.madeAtMs <= lossy.madeAtMs ? numbered : lossy
  }

  const answering: Source = {
    valueBytes: 0,
    madeAtMs: 0,
    ready() {
      if (answers.length === 0) return false
      answering.valueBytes = answers[0]!.value?.length ?? 0
      return true
    },
    send() {
      const { action, token, value } = answers.shift()!
      line.put(action, token, value)
    },
  }

  const acknowledging: Source = {
    valueBytes: 0,
    madeAtMs: 0,
    ready() {
      if (!ack) return false
      acknowledging.valueBytes = ack.value?.length ?? 0
      return true
    },
    send() {
      const { token, value } = ack!
      ack = undefined
      line.put(Action.ACK, token, value)
    },
  }

  /** Calls: those of the protocol, then those of onStart, then the others. */
  const numbered: Source = {
    valueBytes: 0,
    madeAtMs: 0,
    ready(isOpen) {
      if (!calls.windowFree() || !options.isWritable()) return false
      while (protocolCalls[0]?.isWanted?.() === false) protocolCalls.shift()
      if (protocolCalls.length > 0) {
        nextQueue = undefined
        numbered.valueBytes = protocolCalls[0]!.value?.length ?? 0
        numbered.madeAtMs = Number.NEGATIVE_INFINITY
        return true
      }
      nextQueue = queues.start.peek() || !isOpen ? queues.start : queues.numbered
      const call = fitting(nextQueue)
      if (!call) return false
      numbered.valueBytes = call.value?.length ?? 0
      numbered.madeAtMs = call.madeAtMs
      return true
    },
    send() {
      if (nextQueue) return calls.send(nextQueue.shift()!)
      const { action, value, answered } = protocolCalls.shift()!
      calls.sendProtocol(action, value, answered)
    },
  }
  /** Where the next call was found; undefined: it is one of the protocol. */
  let nextQueue: CallQueue | undefined

  const lossy: Source = {
    valueBytes: 0,
    madeAtMs: 0,
    ready(isOpen) {
      const call = isOpen && options.isWritable() ? fitting(queues.lossy) : undefined
      if (!call) return false
      lossy.valueBytes = call.value?.length ?? 0
      lossy.madeAtMs = call.madeAtMs
      return true
    },
    send() {
      const call = queues.lossy.shift()!
      call.state = 'written'
      line.put(call.action.index, 0, call.value)
      call.answered({ kind: 'reply', value: null }) // nobody will answer: to have been written is its end
    },
  }

  const callWaits = (isOpen: boolean): boolean =>
    protocolCalls.length > 0 || queues.start.peek() !== undefined || (isOpen && queues.numbered.peek() !== undefined)

  /** An answer that the device cannot take must not wait for ever in front of all others. */
  const fittingAnswer = (action: number, value: Uint8Array | undefined): [number, Uint8Array | undefined] => {
    if (2 + (value?.length ?? 0) <= options.maxContentBytes) return [action, value]
    if (action !== Action.ERROR) return [Action.ERROR, codec.encode([ErrorNumber.REPLY_GONE])]
    const decoded = codec.decode(value!)
    const [errorNumber] = decoded.ok ? (decoded.value as [number]) : [ErrorNumber.FIRST_APPLICATION]
    return [Action.ERROR, codec.encode([errorNumber])] // without its text
  }

  /** The oldest call that the device can take at all; those that it cannot are ended on the way. */
  const fitting = (queue: CallQueue): PendingCall | undefined => {
    for (let call = queue.peek(); call; call = queue.peek()) {
      const bytes = 2 + (call.value?.length ?? 0)
      if (bytes <= options.maxContentBytes) return call
      queue.shift()
      call.failed({ kind: 'too-large', bytes, maxBytes: options.maxContentBytes })
    }
    return undefined
  }

  return {
    acknowledge(token, missing) {
      ack = { token, value: missing === undefined ? undefined : codec.encode(missing) }
    },
    answer(token, action, given) {
      const [sent, value] = fittingAnswer(action, given)
      // A device has one of them unanswered at a time: an answer that still waits is the same one, asked for again.
      if (!answers.some((waiting) => waiting.token === token)) answers.push({ token, action: sent, value })
    },
    protocolCall: (call) => void protocolCalls.push(call),
    pump,
  }
}
