/** The host's lane of calls: tokens, the window, repeats until an answer, SKIP in place of what was given up. */

import type { CancelTimer, Clock, Random } from '../../clock.js'
import type { Outcome } from '../../errors.js'
import { Action, ErrorNumber, nextToken, tokenDistance } from '../../wire/index.js'
import { outcomeOfError } from '../errors.js'
import { MAX_WINDOW, REPEAT_TIMER, SILENT_HEARTBEATS } from '../limits.js'
import type { AnswerBytes } from './answer-bytes.js'
import type { Line } from './line.js'
import type { Answer, PendingCall } from './pending.js'
import type { WrittenCall } from './repeat.js'
import type { Room } from './room.js'
import type { RoundTripEstimator } from './rtt.js'

/** A message of this lane that was written. */
interface Sent {
  action: number
  readonly token: number
  value: Uint8Array | undefined
  /** Who waits for the answer. After a timeout the call only wants to know its outcome. */
  waiter:
    | { readonly kind: 'call'; readonly call: PendingCall }
    | { readonly kind: 'given-up'; readonly call: PendingCall; readonly cancelWatch: CancelTimer }
    | { readonly kind: 'protocol'; answered(answer: Answer, copies: number): void }
  /** Longest answer, to the call itself: SKIP in its place may find it done. */
  readonly answerContentBytes: number
  /** When its present content was first written. */
  firstAtMs: number
  /** Position behind each copy, oldest first. */
  readonly ends: number[]
  answers: number
  firstAnswerMs: number | undefined
  /** A call of the user that was written after it has been answered. */
  isPassed: boolean
  /** TICK of one content: a round trip may be measured. */
  readonly measurable: boolean
}

export interface CallLane {
  readonly unanswered: number
  /** Pause before the next repeat, without the line's own time; undefined where nothing is sent twice. */
  readonly repeatTimerMs: number | undefined
  windowFree(): boolean
  /** Writes the next call of the lane. */
  send(call: PendingCall): void
  /** Writes a call of the protocol itself. */
  sendProtocol(action: number, value: Uint8Array | undefined, answered: (answer: Answer, copies: number) => void): void
  /** An answer came: REPLY, ERROR, or ACK. False: nobody waits for it, or no longer. */
  answered(token: number, answer: Answer): boolean
  /** True for the answer to a call that has been answered: the one to a copy of it. */
  wasAnswered(token: number): boolean
  /** True while a call of the user with that token waits for its answer, or was given up and waits for its outcome. */
  isCallUnanswered(token: number): boolean
  /** The caller's time is over: SKIP takes the call's place. */
  giveUp(call: PendingCall): void
  /** What is sent and not answered, for the silence clock. */
  oldest(): { readonly isTick: boolean; readonly isProbe: boolean; readonly firstAtMs: number } | undefined
  /** True while a call whose deadline has not come waits: its handler may block the device. */
  callWaits(): boolean
  /** The session is over; every call that was written is handed out, oldest first. */
  end(): WrittenCall[]
}

export interface CallLaneOptions {
  readonly clock: Clock
  readonly random: Random
  readonly line: Line
  readonly room: Room
  readonly rtt: RoundTripEstimator
  /** Nothing is sent twice. */
  readonly lossless: boolean
  readonly firstToken: number
  readonly window: number
  /** Longest answers of the device, for the timer. */
  readonly answerBytes: AnswerBytes
  /** Repeats never come slower than this, or than the timer. */
  readonly slowestRepeatMs: number
  repeated(): void
  /** So many frames were lost on their way: 1 when a call was answered after a repeat; -1 when a second answer shows that it was
   * slow, and that nothing was lost. */
  lost(frames: number): void
  /** The device took a call as a job; its number is the call's token. */
  accepted(number: number, call: PendingCall): void
  /** A call that was given up has stayed unanswered for so long that nothing will come any more. */
  unanswered(): void
}

export function createCallLane(options: CallLaneOptions): CallLane {
  const { clock, line, room, rtt } = options
  const window = Math.min(Math.max(options.window, 1), MAX_WINDOW)
  let token = options.firstToken
  const sent: Sent[] = [] // unanswered, oldest first
  // Answered last, for answers to their copies. A ring and no Map: the tables that a Map leaves behind point to those that
  // follow, so that what was once promoted by the garbage collector keeps everything after it alive until a full collection.
  const done: (Sent | undefined)[] = new Array(2 * window).fill(undefined)
  // Their tokens side by side: each answer is looked for among them, and of many devices the calls themselves are in no cache.
  const doneTokens: number[] = new Array(2 * window).fill(-1)
  let doneAt = 0
  let pauseMs = rtt.timeoutMs
  /** Of the last TICK whose copies were all answered. */
  let wasRepeated = true
  let cancelTimer: CancelTimer = () => {}

  /** The device may be sending the answer to a later call, when the oldest or its answer was lost. */
  const longestAnswerBytes = () => {
    let bytes = 0
    for (const { answerContentBytes } of sent) bytes = Math.max(bytes, answerContentBytes)
    return bytes
  }
  const arm = () => {
    cancelTimer()
    if (options.lossless || sent.length === 0) return
    const copies = sent[0]!.ends.length
    // Later copies come at uneven times, so that no loss that keeps step with them hits them all.
    const unevenMs =
      copies >= REPEAT_TIMER.steadyCopies ? pauseMs * REPEAT_TIMER.jitter * (2 * options.random() - 1) : 0
    const waitMs = pauseMs + unevenMs + line.backlogMs() + line.durationMs(longestAnswerBytes())
    cancelTimer = clock.after(waitMs, expired)
  }
  const expired = () => {
    // The first copies go at the line's pace, as a UART has no congestion; later ones make room for a blocked loop().
    if ((sent[0]?.ends.length ?? 0) >= REPEAT_TIMER.steadyCopies) {
      pauseMs = Math.min(pauseMs * 2, Math.max(rtt.timeoutMs, options.slowestRepeatMs))
    }
    repeat()
  }
  const repeat = () => {
    for (const [i, s] of sent.entries()) {
      // A repeat may overrun the ring, which cuts only the repeat; but one such is enough.
      if (i > 0 && !line.fits(s.value?.length ?? 0)) break
      s.ends.push(line.put(s.action, s.token, s.value))
      options.repeated()
    }
    arm()
  }
  const write = (action: number, value: Uint8Array | undefined, waiter: Sent['waiter'], answerContentBytes: number) => {
    const entry: Sent = {
      action,
      token,
      value,
      waiter,
      answerContentBytes,
      firstAtMs: clock.nowMs(),
      ends: [],
      answers: 0,
      firstAnswerMs: undefined,
      isPassed: false,
      measurable: action === Action.TICK && sent.length === 0, // not behind a handler
    }
    token = nextToken(token)
    const isLongest = answerContentBytes > longestAnswerBytes()
    sent.push(entry) // before it is written: a link may answer at once
    entry.ends.push(line.put(action, entry.token, value))
    if (sent[0] === entry) pauseMs = rtt.timeoutMs
    if (sent[0] === entry || isLongest) arm()
  }
  /** On a lossless link nothing is repeated, so no SKIP shows that the peer hangs: its place in the window would be lost. */
  const watchGivenUp = (): CancelTimer => {
    let cancel: CancelTimer
    const watch = () => {
      cancel = clock.after(SILENT_HEARTBEATS * REPEAT_TIMER.maxMs, () => {
        // A handler of another call may block the peer for as long as that call may take.
        if (sent.some((other) => other.waiter.kind === 'call')) watch()
        else options.unanswered()
      })
    }
    watch()
    return () => cancel()
  }
  /** The n-th answer to a token proves its n-th copy read, and all that was written before it. */
  const prove = (s: Sent) => {
    s.answers += 1
    if (s.ends.length > 1 && s.answers <= 2) options.lost(s.answers === 1 ? 1 : -1)
    const end = s.ends[s.answers - 1]
    if (end !== undefined) room.proved(end)
    if (!s.measurable) {
      // It says nothing about a line that is slow, for a handler may be; but a line that was quick is quick.
      if (s.answers === 1 && s.ends.length === 1) rtt.atMost(clock.nowMs() - s.firstAtMs)
      return
    }
    s.firstAnswerMs ??= clock.nowMs()
    // Every copy answered: none was lost, so the first answer was the first copy's (Karn's rule, carried further). One alone may have
    // lost its last delimiter, and was read when its repeat came; a peer that is slow is so again.
    if (s.answers !== s.ends.length) return
    const isRepeated = s.ends.length > 1
    if (!isRepeated || wasRepeated) rtt.sample(s.firstAnswerMs - s.firstAtMs)
    wasRepeated = isRepeated
  }

  const wasDone = (asked: number) => done[doneTokens.indexOf(asked)]

  return {
    get unanswered() {
      return sent.length
    },
    get repeatTimerMs() {
      if (options.lossless) return undefined
      return sent.length > 0 ? pauseMs : rtt.timeoutMs
    },
    windowFree: () => sent.length === 0 || tokenDistance(sent[0]!.token, token) < window,
    send(call) {
      call.state = 'written'
      write(call.action.index, call.value, { kind: 'call', call }, options.answerBytes.ofCall(call.action))
    },
    sendProtocol: (action, value, answered) =>
      write(action, value, { kind: 'protocol', answered }, options.answerBytes.ofProtocol(action)),
    answered(answeredToken, answer) {
      const at = sent.findIndex((s) => s.token === answeredToken)
      if (at < 0) {
        const late = wasDone(answeredToken)
        if (late) prove(late)
        return false
      }
      const [s] = sent.splice(at, 1) as [Sent]
      if (s.waiter.kind !== 'protocol') for (const older of sent.slice(0, at)) older.isPassed = true
      done[doneAt] = s
      doneTokens[doneAt] = s.token
      doneAt = (doneAt + 1) % done.length
      prove(s)
      if (sent.length > 0) pauseMs = rtt.timeoutMs
      arm()
      switch (s.waiter.kind) {
        case 'call':
          if (answer.kind === 'accepted') options.accepted(s.token, s.waiter.call)
          else s.waiter.call.answered(answer)
          break
        case 'given-up':
          s.waiter.cancelWatch()
          s.waiter.call.settled(outcomeOf(answer))
          return !isLateReply(answer)
        case 'protocol':
          s.waiter.answered(answer, s.ends.length)
      }
      return true
    },
    wasAnswered: (asked) => wasDone(asked) !== undefined && !sent.some((s) => s.token === asked),
    isCallUnanswered: (asked) => sent.some((s) => s.token === asked && s.waiter.kind !== 'protocol'),
    giveUp(call) {
      const s = sent.find((x) => x.waiter.kind === 'call' && x.waiter.call === call)
      if (!s) return
      const watched = options.lossless // it has arrived or will; its answer settles the outcome
      s.waiter = { kind: 'given-up', call, cancelWatch: watched ? watchGivenUp() : () => {} }
      if (watched) return
      s.action = Action.SKIP
      s.value = undefined
      s.firstAtMs = clock.nowMs()
      pauseMs = rtt.timeoutMs
      repeat()
    },
    oldest() {
      const s = sent[0]
      if (!s) return undefined
      const isTick = s.action === Action.TICK
      return { isTick, isProbe: isTick || s.action === Action.SKIP, firstAtMs: s.firstAtMs }
    },
    callWaits: () => sent.some((s) => s.waiter.kind === 'call'),
    end() {
      cancelTimer()
      return sent.splice(0).flatMap(({ waiter, isPassed }) => {
        if (waiter.kind === 'protocol') return []
        if (waiter.kind === 'given-up') waiter.cancelWatch()
        return [{ call: waiter.call, isGivenUp: waiter.kind === 'given-up', isPassed }]
      })
    },
  }
}

/** What comes for a call that was given up is the late reply, but for the answer to SKIP and for ACK, whose RESULT is. */
function isLateReply(answer: Answer): boolean {
  return answer.kind !== 'accepted' && !(answer.kind === 'error' && answer.errorNumber === ErrorNumber.SKIPPED)
}

/** What an answer to SKIP, or a late answer to the call itself, says about the call. */
function outcomeOf(answer: Answer): Outcome {
  if (answer.kind === 'invalid') return 'unknown'
  return answer.kind === 'error' ? outcomeOfError(answer.errorNumber) : 'yes'
}
