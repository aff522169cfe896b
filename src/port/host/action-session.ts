/** The host's side of one session of protocol `action`: requests without a number, answers in their order. There is no
 * hello, so it is up at once. A call that was given up leaves a debt: its answer is dropped when it comes. */

import type { CancelTimer } from '../../clock.js'
import type { Exit } from '../../exit.js'
import { ErrorNumber } from '../../wire/index.js'
import type { DeviceInfo } from '../types.js'
import type { ActionOptions } from './action-protocol.js'
import type { CallQueue } from './call-queue.js'
import type { Answer, PendingCall } from './pending.js'
import { showBytes } from './raw-packets.js'
import { endWritten } from './repeat.js'
import type { Session, SessionOptions } from './session-types.js'

export interface ActionSessionOptions
  extends Pick<SessionOptions, 'clock' | 'codec' | 'queues' | 'counters' | 'handlers'>,
    Required<ActionOptions> {
  /** Most content in a request, its action included. */
  readonly maxContentBytes: number
  readonly write: (action: number, value: Uint8Array) => void
  /** What the transport holds of an answer that is not whole, for the exit. */
  readonly half: () => string | undefined
}

export interface ActionSession extends Session {
  /** Half a packet was lost on a UART: it was the answer that came next. */
  cut(detail: string): void
}

/** A request that was written and is not answered. */
interface Sent {
  readonly call: PendingCall
  isDebt: boolean
  /** Stops its deadline where it has one of its own. */
  cancel: CancelTimer
}

/** `idle`: made. `up`: calls of onStart. `open`: all. */
type Phase = 'idle' | 'up' | 'open' | 'ended'

const NIL = Uint8Array.of(0xc0)

export function createActionSession(options: ActionSessionOptions): ActionSession {
  const { clock, codec, queues, counters, handlers } = options
  let phase: Phase = 'idle'
  const sent: Sent[] = [] // oldest first: the next packet answers the first
  /** The debt that is next to be paid, and its deadline. */
  let due: Sent | undefined
  let cancelDue: CancelTimer = () => {}

  // ---- receiving --------------------------------------------------------------------------------------------------

  const receive = (content: Uint8Array) => {
    if (phase === 'ended') return
    counters.messagesReceived += 1
    const first = shift()
    if (!first) {
      counters.messagesRefused += 1
      handlers.refused(`a packet that answers no request: ${showBytes(content)}`)
      return
    }
    if (first.isDebt) {
      counters.lateReplies += 1
      first.call.settled('yes')
    } else first.call.answered(answerOf(content))
    watchDebt()
    pump()
  }

  const shift = (): Sent | undefined => {
    const first = sent.shift()
    first?.cancel()
    return first
  }

  const answerOf = (content: Uint8Array): Answer => {
    if (content.length === 0) return { kind: 'invalid', problem: 'the answer is empty' }
    const decoded = codec.decode(content)
    if (!decoded.ok) return { kind: 'invalid', problem: `the answer does not decode (${decoded.reason})` }
    const reason = options.errorReplies === 'error' ? errorReason(decoded.value) : undefined
    return reason === undefined
      ? { kind: 'reply', value: decoded.value }
      : { kind: 'error', errorNumber: ErrorNumber.FIRST_APPLICATION, text: reason }
  }

  // ---- sending ----------------------------------------------------------------------------------------------------

  const pump = () => {
    while ((phase === 'up' || phase === 'open') && sent.length < options.window) {
      const call = nextQueue()?.shift()
      if (!call) return
      send(call)
    }
  }

  const nextQueue = (): CallQueue | undefined => {
    if (phase !== 'open' || queues.start.peek()) return queues.start
    const numbered = queues.numbered.peek()
    const lossy = queues.lossy.peek()
    return lossy && (!numbered || lossy.madeAtMs < numbered.madeAtMs) ? queues.lossy : queues.numbered
  }

  const send = (call: PendingCall) => {
    const value = call.value ?? NIL
    const bytes = 1 + value.length
    if (bytes > options.maxContentBytes) {
      call.failed({ kind: 'too-large', bytes, maxBytes: options.maxContentBytes })
      return
    }
    call.state = 'written'
    sent.push({ call, isDebt: false, cancel() {} }) // before it is written: a link may answer at once
    options.write(call.action.index, value)
  }

  // ---- debts, and the end -----------------------------------------------------------------------------------------

  const giveUp = (call: PendingCall) => {
    const given = sent.find((s) => s.call === call)
    if (!given) return call.settled('unknown')
    given.isDebt = true
    if (options.onTimeout === 'debt') return watchDebt()
    // Aborted before its deadline: the answer has until then.
    const leftMs = call.deadlineMs - clock.nowMs()
    if (leftMs <= 0) return unpaid(given)
    if (Number.isFinite(leftMs)) given.cancel = clock.after(leftMs, () => unpaid(given))
  }

  /** The second deadline of a debt runs once nothing stands before it: a slow answer in front is not its fault. */
  const watchDebt = () => {
    const first = sent[0]?.isDebt ? sent[0] : undefined
    if (options.onTimeout === 'restart' || first === due) return
    cancelDue()
    due = first
    if (!first) return
    const { madeAtMs, deadlineMs } = first.call
    const nowMs = clock.nowMs()
    const waitMs = Math.max(nowMs, deadlineMs) - nowMs + (deadlineMs - madeAtMs)
    if (Number.isFinite(waitMs)) cancelDue = clock.after(waitMs, () => unpaid(first))
  }

  const unpaid = (debt: Sent) => {
    const { action, deadlineMs, madeAtMs } = debt.call
    const times = options.onTimeout === 'debt' ? 'twice its timeout' : 'its timeout'
    const half = options.half()
    const detail = `no answer to ${action.name} in ${times} of ${Math.round(deadlineMs - madeAtMs)} ms`
    end({ kind: 'protocol', detail: half ? `${detail}; held: ${half}` : detail })
  }

  const end = (exit: Exit) => {
    if (phase === 'ended') return
    phase = 'ended'
    cancelDue()
    const written = sent.splice(0)
    for (const { cancel } of written) cancel()
    // Answers come in the order of the calls: none has passed another.
    const unanswered = written.map(({ call, isDebt }) => ({ call, isGivenUp: isDebt, isPassed: false }))
    counters.callsRepeated += endWritten(unanswered, exit, queues.numbered)
    handlers.ended(exit)
  }

  return {
    start() {
      phase = 'up'
      handlers.up(unknownDevice(options))
    },
    receive,
    sample() {},
    open() {
      if (phase !== 'up') return
      phase = 'open'
      pump()
    },
    pump,
    bind() {},
    giveUp,
    reset: () => false,
    endOfInput() {},
    ping: () => false,
    stats: () => 'without',
    lastTickMs: undefined,
    end,
    cut(detail) {
      const first = shift()
      if (!first) return
      if (first.isDebt) first.call.settled('yes')
      else first.call.answered({ kind: 'invalid', problem: `the answer was cut off: ${detail}` })
      watchDebt()
      pump()
    },
    get unanswered() {
      return sent.length
    },
    roundTrip: {},
  }
}

/** T of an answer that says `{error, T}`: as a list, or as a map. */
function errorReason(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 2 && value[0] === 'error' ? show(value[1]) : undefined
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  const entries = Object.entries(value)
  return entries.length === 1 && entries[0]![0] === 'error' ? show(entries[0]![1]) : undefined
}

function show(reason: unknown): string {
  if (typeof reason === 'string') return reason
  return JSON.stringify(reason, (_, part) => (typeof part === 'bigint' ? `${part}` : part)) ?? 'nil'
}

/** A peer without a hello says nothing of itself. */
function unknownDevice({ window, maxContentBytes }: ActionSessionOptions): DeviceInfo {
  return {
    epoch: 0,
    resetCause: 'unknown',
    contractHash: 0,
    maxContentBytes,
    receiveBytes: 0,
    window,
    features: 0,
    deadManMs: 0,
    uptimeMs: 0,
  }
}
