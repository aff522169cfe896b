/** Makes the calls and casts of a port: checked arguments, one deadline each, one end each. */

import type { Clock } from '../clock.js'
import { type Action, type Contract, decodeResult, encodeFields } from '../contract/index.js'
import { type Deferred, deferred } from '../deferred.js'
import { type Outcome, PortwireError } from '../errors.js'
import { describeExit, type Exit } from '../exit.js'
import type { ValueCodec } from '../wire/index.js'
import type { CallQueue, CallQueues } from './call-queue.js'
import { CallError, RemoteError } from './errors.js'
import type { Answer, Failure, PendingCall } from './pending.js'
import type { PortCounters } from './types.js'

export interface Calls {
  /** @param queue `start` for calls of onStart, which go out before the session is open to others */
  call(action: string, args: unknown, timeoutMs: number, queue: 'start' | 'numbered'): Promise<unknown>
  cast(action: string, args: unknown, timeoutMs: number, queue: 'numbered' | 'lossy'): void
  /** Ends every call that was never written. */
  endQueued(exit: Exit): void
  /** Made and not ended. */
  readonly waiting: number
}

export interface CallsOptions {
  readonly portName: string
  readonly contract: Contract
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly queues: CallQueues
  readonly counters: PortCounters
  readonly maxQueuedCalls: number
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

  const make = (actionName: string, args: unknown, timeoutMs: number, queue: keyof CallQueues, ends: Ends): void => {
    const action = contract.actions.get(actionName)
    if (!action) {
      const known = [...contract.actions.keys()].join(', ')
      throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no action ${actionName}; it has: ${known}`)
    }
    if (!(timeoutMs > 0)) throw new PortwireError('ARGUMENT_INVALID', `timeoutMs: ${timeoutMs} is not above 0`)
    const value = encodeFields(actionName, action.args, args)
    const exit = options.closed()
    if (exit) throw exitError(actionName, portName, exit, 'no')
    if (waiting >= options.maxQueuedCalls) {
      throw new PortwireError('QUEUE_FULL', `${actionName}: ${waiting} calls wait for ${portName}`)
    }
    const encoded = value === undefined ? undefined : codec.encode(value)
    const bytes = 2 + (encoded?.length ?? 0)
    const maxBytes = options.maxContentBytes()
    if (maxBytes !== undefined && bytes > maxBytes) throw tooLarge(actionName, bytes, maxBytes)
    const nowMs = clock.nowMs()
    const call: PendingCall = {
      action,
      value: encoded,
      madeAtMs: nowMs,
      deadlineMs: nowMs + timeoutMs,
      state: 'queued',
      answered(answer) {
        leave(call)
        ends.answered(answer)
      },
      failed(failure) {
        leave(call)
        ends.failed(failure)
      },
      settled: ends.settled,
    }
    const cancelDeadline = clock.after(timeoutMs, () => expire(call))
    const leave = (ended: PendingCall) => {
      if (ended.state === 'ended') return
      ended.state = 'ended'
      cancelDeadline()
      waiting -= 1
    }
    waiting += 1
    queues[queue].push(call)
    options.queued()
  }

  const expire = (call: PendingCall): void => {
    if (call.state === 'ended') return
    const written = call.state === 'written'
    call.failed({ kind: 'timeout', outcome: written ? 'unknown' : 'no' })
    if (written) options.givenUp(call)
    else call.settled('no')
  }

  return {
    async call(actionName, args, timeoutMs, queue) {
      const result = deferred<unknown>()
      const outcome = deferred<Outcome>()
      make(actionName, args, timeoutMs, queue, {
        answered: (answer) => answerCall(contract.actions.get(actionName)!, answer, result),
        failed: (failure) => result.reject(failureError(actionName, portName, timeoutMs, failure, outcome.promise)),
        settled: outcome.resolve,
      })
      return result.promise
    },
    cast(actionName, args, timeoutMs, queue) {
      const count = () => {
        counters.castErrors += 1
      }
      make(actionName, args, timeoutMs, queue, {
        answered: (answer) => {
          if (answer.kind !== 'reply') count()
        },
        failed: count,
        settled: () => {},
      })
    },
    endQueued(exit) {
      const end = (queue: CallQueue) => {
        for (let call = queue.shift(); call; call = queue.shift()) call.failed({ kind: 'exit', outcome: 'no', exit })
      }
      end(queues.start)
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
    case 'exit':
      return exitError(action, portName, failure.exit, failure.outcome)
    case 'too-large':
      return tooLarge(action, failure.bytes, failure.maxBytes)
  }
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
