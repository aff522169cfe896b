/** The errors of calls: they say, besides what went wrong, whether the action ran. */

import { type ErrorCode, type Outcome, PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import { ErrorNumber } from '../wire/index.js'

/** A call ended without an answer. */
export class CallError extends PortwireError {
  readonly action: string
  /** What is known now. */
  readonly outcome: Outcome
  /** Settles, never rejects, when the device has said whether the action ran, or can no longer say it. */
  readonly finalOutcome: Promise<Outcome>
  /** Why the session ended, with PORT_EXITED. */
  readonly exit?: Exit

  constructor(
    code: Extract<ErrorCode, 'CALL_TIMEOUT' | 'CALL_ABORTED' | 'PORT_EXITED'>,
    message: string,
    details: { action: string; outcome: Outcome; finalOutcome?: Promise<Outcome>; exit?: Exit; cause?: unknown },
  ) {
    super(code, message, 'cause' in details ? { cause: details.cause } : {})
    this.action = details.action
    this.outcome = details.outcome
    this.finalOutcome = details.finalOutcome ?? Promise.resolve(details.outcome)
    if (details.exit) this.exit = details.exit
  }
}

/** Thrown by a handler (of a device's action, or of a request on the host): ERROR goes back with this number, from 16 on. */
export class ApplicationError extends Error {
  override readonly name = 'ApplicationError'
  readonly errorNumber: number

  constructor(errorNumber: number, message: string) {
    super(message)
    this.errorNumber = errorNumber
  }
}

/** The device answered the call with an error. */
export class RemoteError extends PortwireError {
  readonly action: string
  /** Below 16 the protocol's own (docs/protocol.md), from 16 on the application's. */
  readonly errorNumber: number
  readonly outcome: Outcome

  /** @param mayHaveRun it was written in an earlier session too: that it did not run in this one is not all */
  constructor(action: string, errorNumber: number, text: string | undefined, mayHaveRun = false) {
    super('REMOTE_ERROR', `${action}: ${text ?? remoteErrorText(errorNumber)} (error ${errorNumber})`)
    this.action = action
    this.errorNumber = errorNumber
    const outcome = outcomeOfError(errorNumber)
    this.outcome = mayHaveRun && outcome === 'no' ? 'unknown' : outcome
  }
}

const TEXTS = [
  '',
  'unknown action',
  'bad arguments',
  'busy',
  'arguments too large',
  'skipped',
  'not ready',
  'expired',
  'it ran, but its reply is too large or no longer held',
  'cancelled',
]

function remoteErrorText(errorNumber: number): string {
  return TEXTS[errorNumber] ?? 'error of the application'
}

/** Errors 1 to 6 say that the action did not run, 7 that it may have; 8, 9 and the application's that it ran or began to.
 * 10 to 15 are kept for later versions: what they mean is not known here. */
export function outcomeOfError(errorNumber: number): Outcome {
  if (errorNumber >= ErrorNumber.UNKNOWN_ACTION && errorNumber < ErrorNumber.EXPIRED) return 'no'
  if (errorNumber >= ErrorNumber.FIRST_APPLICATION) return 'yes'
  return errorNumber === ErrorNumber.REPLY_GONE || errorNumber === ErrorNumber.CANCELLED ? 'yes' : 'unknown'
}
