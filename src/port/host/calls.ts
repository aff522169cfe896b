/** Makes the calls and casts of a port: checked arguments, one deadline each, one end each. */

import type { Clock } from '../../clock.js'
import { type Contract, encodeArgs } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import type { Exit } from '../../exit.js'
import type { ValueCodec } from '../../wire/index.js'
import { BUSY_SHARE } from '../limits.js'
import type { PortCounters } from '../types.js'
import { createBusy } from './busy.js'
import { abortError, exitError, inputError, tooLarge } from './call-ends.js'
import type { CallQueue, CallQueues } from './call-queue.js'
import { createDeadlines } from './deadlines.js'
import { type CallFacts, type CallKeeper, CastCall, type ItemSink, type MadeCall, PromisedCall } from './made-call.js'
import { onAbort } from './on-abort.js'
import type { Failure, PendingCall } from './pending.js'

export interface Calls {
  call(action: string, args: unknown, how: HowToCall): Promise<unknown>
  /** @returns false when the port is busy: more should wait for `drained` */
  cast(action: string, args: unknown, how: Omit<HowToCall, 'signal' | 'items' | 'emergency'>): boolean
  /** Ends every call that was never written; with `onlyStart` those that a session's onStart made. */
  endQueued(exit: Exit, onlyStart?: boolean): void
  /** The peer reads no more: what was not written ends, as what is made from now on does. */
  endInput(detail: string): void
  /** Resolves, in turn, when the port is no longer busy. */
  drained(): Promise<void>
  /** Resolves when none is under way. */
  idle(): Promise<void>
  /** Resolves when none waits to be written. */
  written(): Promise<void>
  /** One has left a queue. */
  shifted(): void
  /** The port is closed: nobody waits for room any more. */
  end(): void
  /** Made and not ended. */
  readonly waiting: number
}

export interface HowToCall {
  /** From the making of the call to its end; Infinity: none. */
  readonly timeoutMs: number
  /** `start` for calls of onStart, which go out before the session is open to others; `lossy` for casts that may be lost. */
  readonly queue: keyof CallQueues
  readonly signal?: AbortSignal | undefined
  /** Goes before all that was not written yet, which ends; other emergencies stay before it. */
  readonly emergency?: boolean | undefined
  /** Who reads the items of the job that it becomes. */
  readonly items?: ItemSink
}

export interface CallsOptions {
  readonly portName: string
  readonly contract: Contract
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly queues: CallQueues
  readonly counters: PortCounters
  readonly maxQueuedCalls: number
  /** Bytes of content in front of the value. */
  readonly headerBytes: number
  /** Why no call can be made any more; undefined while the port lives. */
  closed(queue: keyof CallQueues): Exit | undefined
  /** Why the peer reads no more; undefined while it does. */
  inputClosed(): string | undefined
  /** What the device takes; undefined while it is not known. */
  maxContentBytes(): number | undefined
  /** A queue has grown. */
  queued(): void
  /** A written call has timed out: the session finds out whether it ran. */
  givenUp(call: PendingCall): void
}

export function createCalls(options: CallsOptions): Calls {
  const { contract, codec, clock, queues, counters, portName } = options
  let waiting = 0
  let emergencies = 0
  let idlers: (() => void)[] = []
  let writers: (() => void)[] = []
  const { maxQueuedCalls } = options
  const busy = createBusy(clock, { high: maxQueuedCalls * BUSY_SHARE.high, low: maxQueuedCalls * BUSY_SHARE.low })
  const deadlines = createDeadlines(clock)
  const castError = () => {
    counters.castErrors += 1
  }
  const count = (change: 1 | -1, isEmergency: boolean) => {
    waiting += change
    if (isEmergency) emergencies += change
    busy.changed(waiting)
    shifted()
    if (waiting > 0) return
    for (const idle of idlers) idle()
    idlers = []
  }
  const isWritten = () => Object.values(queues).every((queue: CallQueue) => queue.peek() === undefined)
  const shifted = () => {
    // Later, as a call is written after it was taken out.
    if (writers.length > 0) queueMicrotask(tellWriters)
  }
  const tellWriters = () => {
    if (!isWritten()) return
    for (const written of writers) written()
    writers = []
  }

  const keeper: CallKeeper = {
    portName,
    left: (call) => count(-1, call.isEmergency),
    giveUp(call, failure) {
      if (call.state === 'ended') return
      const wasQueued = call.state === 'queued'
      call.failed(failure(wasQueued ? 'no' : 'unknown'))
      if (wasQueued) call.settled('no')
      else options.givenUp(call)
    },
  }

  /** @throws PortwireError  why it cannot be made */
  const check = (actionName: string, args: unknown, how: HowToCall): CallFacts => {
    const { timeoutMs, signal, items, emergency: isEmergency = false } = how
    const action = contract.actions.get(actionName)
    if (!action) {
      const known = [...contract.actions.keys()].join(', ')
      throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no action ${actionName}; it has: ${known}`)
    }
    if (!(timeoutMs > 0)) throw new PortwireError('ARGUMENT_INVALID', `timeoutMs: ${timeoutMs} is not above 0`)
    const given = encodeArgs(actionName, action.args, args)
    const exit = options.closed(how.queue)
    if (exit) throw exitError(actionName, portName, exit, 'no')
    const detail = options.inputClosed()
    if (detail !== undefined) throw inputError(actionName, portName, detail, 'no')
    // What is to be overtaken must not keep an emergency out.
    const inTheWay = isEmergency ? emergencies : waiting
    if (inTheWay >= maxQueuedCalls) {
      throw new PortwireError('QUEUE_FULL', `${actionName}: ${inTheWay} calls wait for ${portName}`)
    }
    const value = given === undefined ? undefined : encode(actionName, given)
    const bytes = options.headerBytes + (value?.length ?? 0)
    const maxBytes = options.maxContentBytes()
    if (maxBytes !== undefined && bytes > maxBytes) throw tooLarge(actionName, bytes, maxBytes)
    if (signal?.aborted) throw abortError(actionName, 'no', signal.reason)
    // A job is not: its items would begin again. Nor is what has no deadline: nothing would bound its repeats.
    const isRepeatable =
      action.idempotent &&
      action.stream.kind === 'void' &&
      items === undefined &&
      timeoutMs < Number.POSITIVE_INFINITY &&
      (how.queue === 'numbered' || isEmergency)
    return { action, value, timeoutMs, madeAtMs: clock.nowMs(), isEmergency, isRepeatable, items }
  }

  const enter = (call: MadeCall, { queue, signal }: HowToCall): void => {
    if (call.isTimed) deadlines.add(call)
    if (signal) {
      const aborted = () => keeper.giveUp(call, (outcome) => ({ kind: 'aborted', outcome, reason: signal.reason }))
      call.stopListening = onAbort(signal, aborted)
    }
    if (call.isEmergency) overtake(call.action.name)
    count(1, call.isEmergency)
    if (call.isEmergency && queue === 'start') hurryHeld()
    queues[queue].push(call)
    options.queued()
  }

  const endAll = (queue: CallQueue, failure: Failure) => {
    for (let call = queue.shift(); call; call = queue.shift()) call.failed(failure)
  }

  /** Ends what was not written yet, but for calls of onStart: the session would end with them. */
  const overtake = (by: string) => {
    for (const queue of [queues.numbered, queues.lossy]) {
      const kept: PendingCall[] = []
      for (let call = queue.shift(); call; call = queue.shift()) {
        if (call.isEmergency) kept.push(call)
        else call.failed({ kind: 'overtaken', outcome: 'no', by })
      }
      for (const call of kept) queue.push(call)
    }
  }

  /** Emergencies that were held from before go in front of one that does not wait for onStart: they keep their order. What they
   * stood in front of has been overtaken. */
  const hurryHeld = () => {
    for (let held = queues.numbered.shift(); held; held = queues.numbered.shift()) queues.start.push(held)
  }

  const encode = (actionName: string, value: unknown): Uint8Array => {
    try {
      return codec.encode(value)
    } catch (cause) {
      throw new PortwireError('ARGUMENT_INVALID', `${actionName}: ${(cause as Error).message}`, { cause })
    }
  }

  return {
    call: (actionName, args, how) =>
      new Promise((resolve, reject) => {
        enter(new PromisedCall(keeper, check(actionName, args, how), resolve, reject), how)
      }),
    cast(actionName, args, how) {
      enter(new CastCall(keeper, check(actionName, args, how), castError), how)
      return !busy.isBusy
    },
    endQueued(exit, onlyStart) {
      const failure = { kind: 'exit', outcome: 'no', exit } as const
      if (onlyStart) {
        // An emergency that came while onStart ran is held for the next session, as any other call is, and stays in front,
        // behind one that was written and goes out again: it was made later.
        const emergencies: PendingCall[] = []
        for (let call = queues.start.shift(); call; call = queues.start.shift()) {
          if (call.isEmergency) emergencies.push(call)
          else call.failed(failure)
        }
        queues.numbered.putEmergencies(emergencies)
        return
      }
      for (const queue of Object.values(queues)) endAll(queue, failure)
    },
    endInput(detail) {
      for (const queue of Object.values(queues)) endAll(queue, { kind: 'input-closed', outcome: 'no', detail })
    },
    drained: busy.drained,
    idle: () => (waiting === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    written: () => (isWritten() ? Promise.resolve() : new Promise((resolve) => writers.push(resolve))),
    shifted,
    end() {
      busy.end()
      deadlines.end()
    },
    get waiting() {
      return waiting
    },
  }
}
