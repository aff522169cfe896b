/** Makes the calls and casts of a port: checked arguments, one deadline each, one end each. */

import type { CancelTimer, Clock } from '../../clock.js'
import { type Action, type Contract, decodeResult, encodeArgs } from '../../contract/index.js'
import { type Deferred, deferred } from '../../deferred.js'
import { type Outcome, PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { ValueCodec } from '../../wire/index.js'
import { CallError, RemoteError } from '../errors.js'
import type { PortCounters } from '../types.js'
import type { CallQueue, CallQueues } from './call-queue.js'
import { onAbort } from './on-abort.js'
import type { Answer, Failure, PendingCall } from './pending.js'

export interface Calls {
  call(action: string, args: unknown, how: HowToCall): Promise<unknown>
  cast(action: string, args: unknown, how: Omit<HowToCall, 'signal' | 'items'>): void
  /** Ends every call that was never written; with `onlyStart` those that a session's onStart made. */
  endQueued(exit: Exit, onlyStart?: boolean): void
  /** Made and not ended. */
  readonly waiting: number
}

export interface HowToCall {
  /** From the making of the call to its end; Infinity: none. */
  readonly timeoutMs: number
  /** `start` for calls of onStart, which go out before the session is open to others; `lossy` for casts that may be lost. */
  readonly queue: keyof CallQueues
  readonly signal?: AbortSignal | undefined
  /** Who reads the items of the job that it becomes. */
  readonly items?: ItemSink
}

export interface ItemSink {
  item(item: unknown): void
  lost(count: number): void
  /** The device took it as a job. @returns true when the deadline shall no longer count */
  accepted(): boolean
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
  closed(): Exit | undefined
  /** What the device takes; undefined while it is not known. */
  maxContentBytes(): number | undefined
  /** A queue has grown. */
  queued(): void
  /** A written call has timed out: the session finds out whether it ran. */
  givenUp(call: PendingCall): void
}

/** How the maker of a call learns of its end. */
type Ends = Pick<PendingCall, 'answered' | 'failed' | 'settled'>

export function createCalls(options: CallsOptions): Calls {
  const { contract, codec, clock, queues, counters, portName } = options
  let waiting = 0

  const make = (actionName: string, args: unknown, how: HowToCall, ends: Ends): void => {
    const { timeoutMs, signal, items } = how
    const action = contract.actions.get(actionName)
    if (!action) {
      const known = [...contract.actions.keys()].join(', ')
      throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no action ${actionName}; it has: ${known}`)
    }
    if (!(timeoutMs > 0)) throw new PortwireError('ARGUMENT_INVALID', `timeoutMs: ${timeoutMs} is not above 0`)
    const value = encodeArgs(actionName, action.args, args)
    const exit = options.closed()
    if (exit) throw exitError(actionName, portName, exit, 'no')
    if (waiting >= options.maxQueuedCalls) {
      throw new PortwireError('QUEUE_FULL', `${actionName}: ${waiting} calls wait for ${portName}`)
    }
    const encoded = value === undefined ? undefined : encode(actionName, value)
    const bytes = options.headerBytes + (encoded?.length ?? 0)
    const maxBytes = options.maxContentBytes()
    if (maxBytes !== undefined && bytes > maxBytes) throw tooLarge(actionName, bytes, maxBytes)
    if (signal?.aborted) throw abortError(actionName, 'no', signal.reason)
    const nowMs = clock.nowMs()
    let cancelDeadline: CancelTimer = () => {}
    let stopListening = () => {}
    const aborted = () => giveUp(call, (outcome) => ({ kind: 'aborted', outcome, reason: signal?.reason }))
    const call: PendingCall = {
      action,
      value: encoded,
      madeAtMs: nowMs,
      deadlineMs: nowMs + timeoutMs,
      state: 'queued',
      ...(items ? { item: items.item, itemsLost: items.lost } : {}),
      accepted() {
        if (call.state === 'written') call.state = 'running'
        if (items?.accepted()) cancelDeadline()
      },
      answered(answer) {
        if (leave()) ends.answered(answer)
      },
      failed(failure) {
        if (leave()) ends.failed(failure)
      },
      settled: ends.settled,
    }
    const leave = (): boolean => {
      if (call.state === 'ended') return false
      call.state = 'ended'
      cancelDeadline()
      stopListening()
      waiting -= 1
      return true
    }
    if (Number.isFinite(timeoutMs)) {
      cancelDeadline = clock.after(timeoutMs, () => giveUp(call, (outcome) => ({ kind: 'timeout', outcome })))
    }
    if (signal) stopListening = onAbort(signal, aborted)
    waiting += 1
    queues[how.queue].push(call)
    options.queued()
  }

  const encode = (actionName: string, value: unknown): Uint8Array => {
    try {
      return codec.encode(value)
    } catch (cause) {
      throw new PortwireError('ARGUMENT_INVALID', `${actionName}: ${(cause as Error).message}`, { cause })
    }
  }

  /** Its maker waits no longer. What was written may have run: the session finds out. */
  const giveUp = (call: PendingCall, failure: (outcome: Outcome) => Failure): void => {
    if (call.state === 'ended') return
    const wasQueued = call.state === 'queued'
    call.failed(failure(wasQueued ? 'no' : 'unknown'))
    if (wasQueued) call.settled('no')
    else options.givenUp(call)
  }

  return {
    async call(actionName, args, how) {
      const result = deferred<unknown>()
      const outcome = deferred<Outcome>()
      make(actionName, args, how, {
        answered: (answer) => answerCall(contract.actions.get(actionName)!, answer, result),
        failed: (failure) => result.reject(failureError(actionName, portName, how.timeoutMs, failure, outcome.promise)),
        settled: outcome.resolve,
      })
      return result.promise
    },
    cast(actionName, args, how) {
      const count = () => {
        counters.castErrors += 1
      }
      make(actionName, args, how, {
        answered: (answer) => {
          if (answer.kind !== 'reply') count()
        },
        failed: count,
        settled: () => {},
      })
    },
    endQueued(exit, onlyStart) {
      const end = (queue: CallQueue) => {
        for (let call = queue.shift(); call; call = queue.shift()) call.failed({ kind: 'exit', outcome: 'no', exit })
      }
      end(queues.start)
      if (onlyStart) return
      end(queues.numbered)
      end(queues.lossy)
    },
    get waiting() {
      return waiting
    },
  }
}

function answerCall(action: Action, answer: Answer, result: Deferred<unknown>): void {
  switch (answer.kind) {
    case 'error':
      result.reject(new RemoteError(action.name, answer.errorNumber, answer.text))
      break
    case 'accepted':
      break // its end is the RESULT
    case 'invalid':
      result.reject(new PortwireError('REPLY_INVALID', `${action.name}: ${answer.problem}`))
      break
    case 'reply': {
      const decoded = decodeResult(`result of ${action.name}`, action.result, answer.value)
      if (decoded.ok) result.resolve(decoded.value)
      else result.reject(new PortwireError('REPLY_INVALID', decoded.problem))
    }
  }
}

function failureError(
  action: string,
  portName: string,
  timeoutMs: number,
  failure: Failure,
  finalOutcome: Promise<Outcome>,
): Error {
  switch (failure.kind) {
    case 'timeout': {
      const { outcome } = failure
      const message = `${action}: no reply from ${portName} in ${timeoutMs} ms; ${outcomeText(outcome)}`
      return new CallError('CALL_TIMEOUT', message, { action, outcome, finalOutcome })
    }
    case 'aborted':
      return abortError(action, failure.outcome, failure.reason, finalOutcome)
    case 'exit':
      return exitError(action, portName, failure.exit, failure.outcome)
    case 'too-large':
      return tooLarge(action, failure.bytes, failure.maxBytes)
  }
}

function abortError(action: string, outcome: Outcome, reason: unknown, finalOutcome?: Promise<Outcome>): CallError {
  const message = `${action}: aborted; ${outcomeText(outcome)}`
  return new CallError('CALL_ABORTED', message, {
    action,
    outcome,
    cause: reason,
    ...(finalOutcome ? { finalOutcome } : {}),
  })
}

function exitError(action: string, portName: string, exit: Exit, outcome: Outcome): CallError {
  const message = `${action}: ${portName} ${describeExit(exit)}; ${outcomeText(outcome)}`
  return new CallError('PORT_EXITED', message, { action, outcome, exit })
}

function outcomeText(outcome: Outcome): string {
  return outcome === 'no' ? 'it was never sent' : 'it may have run'
}

function tooLarge(action: string, bytes: number, maxBytes: number): PortwireError {
  return new PortwireError('TOO_LARGE', `${action}: ${bytes} bytes of content; the device takes ${maxBytes}`)
}
