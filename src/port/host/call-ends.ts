/** How a call ends for its maker: its result, or the error that says what went wrong and whether the action ran. */

import { type Action, decodeResult } from '../../contract/index.js'
import { type Outcome, PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import { CallError, RemoteError } from '../errors.js'
import type { Answer, Failure } from './pending.js'

export function answerCall(
  action: Action,
  answer: Answer,
  mayHaveRun: boolean,
  resolve: (value: unknown) => void,
  reject: (error: Error) => void,
): void {
  switch (answer.kind) {
    case 'error':
      reject(new RemoteError(action.name, answer.errorNumber, answer.text, mayHaveRun))
      break
    case 'accepted':
      break // its end is the RESULT
    case 'invalid':
      reject(new PortwireError('REPLY_INVALID', `${action.name}: ${answer.problem}`))
      break
    case 'reply': {
      const decoded = decodeResult(`result of ${action.name}`, action.result, answer.value)
      if (decoded.ok) resolve(decoded.value)
      else reject(new PortwireError('REPLY_INVALID', decoded.problem))
    }
  }
}

/** How a call ends that was written in an earlier session, which `exit` ended, and not in this one: it may have run there. */
export function unsure(failure: Failure, exit: Exit): Failure {
  if (failure.kind === 'too-large') return { kind: 'exit', outcome: 'unknown', exit }
  return { ...failure, outcome: 'unknown' }
}

export function failureError(
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
    case 'overtaken': {
      const { outcome } = failure
      const message = `${action}: overtaken by the emergency call ${failure.by}; ${outcomeText(outcome)}`
      return new CallError('CALL_ABORTED', message, { action, outcome })
    }
    case 'input-closed':
      return inputError(action, portName, failure.detail, failure.outcome)
    case 'too-large':
      return tooLarge(action, failure.bytes, failure.maxBytes)
  }
}

export function abortError(
  action: string,
  outcome: Outcome,
  reason: unknown,
  finalOutcome?: Promise<Outcome>,
): CallError {
  const message = `${action}: aborted; ${outcomeText(outcome)}`
  return new CallError('CALL_ABORTED', message, {
    action,
    outcome,
    cause: reason,
    ...(finalOutcome ? { finalOutcome } : {}),
  })
}

export function exitError(action: string, portName: string, exit: Exit, outcome: Outcome): CallError {
  const message = `${action}: ${portName} ${describeExit(exit)}; ${outcomeText(outcome)}`
  return new CallError('PORT_EXITED', message, { action, outcome, exit })
}

export function inputError(action: string, portName: string, detail: string, outcome: Outcome): CallError {
  const message = `${action}: ${portName} reads no more (${detail}); ${outcomeText(outcome)}`
  return new CallError('PORT_EXITED', message, { action, outcome })
}

function outcomeText(outcome: Outcome): string {
  return outcome === 'no' ? 'it was never sent' : 'it may have run'
}

export function tooLarge(action: string, bytes: number, maxBytes: number): PortwireError {
  return new PortwireError('TOO_LARGE', `${action}: ${bytes} bytes of content; the device takes ${maxBytes}`)
}
