/** How a command ended, in the words of the MQTT interface. */

import { type Outcome, PortwireError } from '../../errors.js'
import { CallError, RemoteError } from '../../port/errors.js'
import { encodePayload, type PayloadFormat } from '../encoding.js'
import { printable } from '../printable.js'
import { jsonWith, type Transaction } from './transaction.js'

/** ok: it ran. nak: refused, by the gateway or by the device. timeout: no answer in time. expired: the command was too old to be
 * begun. lost_session: the session ended and it did not run. unknown: the session ended, and it may have run. */
export const RESULT_WORDS = ['ok', 'timeout', 'nak', 'expired', 'lost_session', 'unknown'] as const
export type ResultWord = (typeof RESULT_WORDS)[number]

export type CommandResult =
  /** `notFinite`: where the data has null for NaN or an infinity. */
  | { readonly result: 'ok'; readonly data: unknown; readonly notFinite?: readonly string[] }
  | {
      readonly result: Exclude<ResultWord, 'ok'>
      /** One line for a person. */
      readonly error: string
      /** Whether the action ran, as far as it is known. */
      readonly outcome: Outcome
    }

/** @param expires true when the deadline of the call was the expiry of the message that asked for it */
export function resultOfError(error: unknown, expires: boolean): CommandResult {
  const message = error instanceof Error ? error.message : String(error)
  // Errors about arguments name what a stranger has sent.
  return { ...judge(error, expires), error: printable(message) }
}

/** A command that came again, and may have been run by an earlier run of the gateway. */
export const CAME_AGAIN = {
  result: 'unknown',
  error: 'the command was sent before, to an earlier run of the gateway, which may have run it; it is not run again',
  outcome: 'unknown',
} as const satisfies CommandResult

/** A command that was refused before anything was sent. */
export function refused(error: string): CommandResult {
  return { result: 'nak', error, outcome: 'no' }
}

/** In place of a result that cannot be said: what ran has run all the same. */
export function unsaid(reply: CommandResult, error: string): CommandResult {
  return reply.result === 'ok' ? { result: 'nak', error, outcome: 'yes' } : { ...reply, error }
}

function judge(error: unknown, expires: boolean): { result: Exclude<ResultWord, 'ok'>; outcome: Outcome } {
  if (error instanceof RemoteError) {
    return { result: error.errorNumber === 7 ? 'expired' : 'nak', outcome: error.outcome }
  }
  if (error instanceof CallError) {
    const { outcome } = error
    if (error.code === 'CALL_TIMEOUT') return { result: expires && outcome === 'no' ? 'expired' : 'timeout', outcome }
    return { result: outcome === 'unknown' ? 'unknown' : 'lost_session', outcome }
  }
  // Arguments that do not fit, a full queue, a message that is too large: nothing was sent.
  const ran = error instanceof PortwireError && error.code === 'REPLY_INVALID'
  return { result: 'nak', outcome: ran ? 'yes' : 'no' }
}

/** The payload of a reply. `transaction` is given back as it came; a command without one gets none. */
export function replyPayload(
  reply: CommandResult,
  transaction: Transaction | undefined,
  format: PayloadFormat = 'json',
): string | Uint8Array {
  const answer = answerOf(reply)
  if (format === 'json') return jsonWith(answer, transaction)
  return encodePayload(format, { ...answer, ...(transaction && { transaction: transaction.value }) })
}

function answerOf(reply: CommandResult) {
  if (reply.result === 'ok') {
    return { data: reply.data, ...(reply.notFinite && { not_finite: reply.notFinite }), status: 'ok' }
  }
  const { error, result, outcome } = reply
  return { data: {}, error, status: 'error', result, outcome }
}
