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

type Kind = 'answer' | 'ack' | 'numbered' | 'lossy'

/** Something that could go out now, if it fits. */
interface Candidate {
  readonly kind: Kind
  readonly valueBytes: number
  readonly madeAtMs: number
  send(): void
}

export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { line, calls, queues, codec } = options
  const protocolCalls: ProtocolCall[] = []
  const answers: { readonly token: number; readonly action: number; readonly value: Uint8Array | undefined }[] = []
  let ack: { readonly token: number; readonly missing: number | undefined } | undefined
  /** What waits for room. */
  let waiting: Kind | undefined

  const pump = (isOpen: boolean) => {
    while (options.isAlive()) {
      const next = choose(isOpen)
      if (!next) return
      if (!line.fits(next.valueBytes)) {
        waiting = next.kind
        if (calls.unanswered === 0) options.askForRoom()
        return
      }
      waiting = undefined
      next.send()
    }
  }

  const choose = (isOpen: boolean): Candidate | undefined => {
    if (waiting) {
      const first = candidate(waiting, isOpen)
      if (first) return first
      // The TICK that makes room for a call holds its place in a window of one.
      if (waiting === 'numbered' && calls.oldest()?.isTick && callWaits(isOpen)) return undefined
    }
    const answer = candidate('answer', isOpen) ?? candidate('ack', isOpen)
    if (answer) return answer
    const numbered = candidate('numbered', isOpen)
    const lossy = candidate('lossy', isOpen)
    if (!numbered || !lossy) return numbered ?? lossy
    return numbered.madeAtMs <= lossy.madeAtMs ? numbered : lossy
  }

  const candidate = (kind: Kind, isOpen: boolean): Candidate | undefined => {
    switch (kind) {
      case 'answer':
        return answerCandidate()
      case 'ack':
        return ackCandidate()
      case 'numbered':
        return calls.windowFree() && options.isWritable() ? (protocolCandidate() ?? callCandidate(isOpen)) : undefined
      case 'lossy':
        return isOpen && options.isWritable() ? lossyCandidate() : undefined
    }
  }

  const answerCandidate = (): Candidate | undefined => {
    const first = answers[0]
    if (!first) return undefined
    const send = () => {
      answers.shift()
      line.put(first.action, first.token, first.value)
    }
    return { kind: 'answer', valueBytes: first.value?.length ?? 0, madeAtMs: 0, send }
  }

  const ackCandidate = (): Candidate | undefined => {
    if (!ack) return undefined
    const { token, missing } = ack
    const value = missing === undefined ? undefined : codec.encode(missing)
    const send = () => {
      ack = undefined
      line.put(Action.ACK, token, value)
    }
    return { kind: 'ack', valueBytes: value?.length ?? 0, madeAtMs: 0, send }
  }

  const protocolCandidate = (): Candidate | undefined => {
    while (protocolCalls[0]?.isWanted?.() === false) protocolCalls.shift()
    const call = protocolCalls[0]
    if (!call) return undefined
    const send = () => {
      protocolCalls.shift()
      calls.sendProtocol(call.action, call.value, call.answered)
    }
    return { kind: 'numbered', valueBytes: call.value?.length ?? 0, madeAtMs: Number.NEGATIVE_INFINITY, send }
  }

  const callCandidate = (isOpen: boolean): Candidate | undefined => {
    const queue = queues.start.peek() || !isOpen ? queues.start : queues.numbered
    const call = fitting(queue)
    if (!call) return undefined
    const send = () => {
      queue.shift()
      calls.send(call)
    }
    return { kind: 'numbered', valueBytes: call.value?.length ?? 0, madeAtMs: call.madeAtMs, send }
  }

  const lossyCandidate = (): Candidate | undefined => {
    const call = fitting(queues.lossy)
    if (!call) return undefined
    const send = () => {
      queues.lossy.shift()
      call.state = 'written'
      line.put(call.action.index, 0, call.value)
      call.answered({ kind: 'reply', value: null }) // nobody will answer: to have been written is its end
    }
    return { kind: 'lossy', valueBytes: call.value?.length ?? 0, madeAtMs: call.madeAtMs, send }
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
      ack = { token, missing }
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
