/** What a client is answered when there is no answer of the board: a map that its own msgpack reads like any other value. */

import { PortwireError } from '../errors.js'
import { RemoteError } from '../port/index.js'
import { ErrorNumber } from '../wire/index.js'

export interface ErrorReply {
  readonly error: string
  /** The error number of the board, or the one that says the same (docs/protocol.md, 18). */
  readonly code?: number
}

export const TIMEOUT: ErrorReply = { error: 'timeout' }
export const DISCONNECTED: ErrorReply = { error: 'disconnected' }

export function tooLarge(bytes: number, maxBytes: number): ErrorReply {
  return {
    error: `too large: the request has ${bytes} bytes, at most ${maxBytes} are taken`,
    code: ErrorNumber.TOO_LARGE,
  }
}

export function replyTooLarge(bytes: number, maxBytes: number): ErrorReply {
  return {
    error: `the reply has ${bytes} bytes, the packet holds ${maxBytes}; the action ran`,
    code: ErrorNumber.REPLY_GONE,
  }
}

export function badRequest(problem: string): ErrorReply {
  return { error: `bad arguments: ${problem}`, code: ErrorNumber.BAD_ARGUMENTS }
}

export function unknownAction(action: number): ErrorReply {
  return {
    error: `unknown action ${action}: 240 to 255 are the protocol's own`,
    code: ErrorNumber.UNKNOWN_ACTION,
  }
}

/** @param error  what Port.call rejected with */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof RemoteError) return { error: remoteText(error), code: error.errorNumber }
  if (!(error instanceof PortwireError)) return { error: String(error) }
  switch (error.code) {
    case 'CALL_TIMEOUT':
      return TIMEOUT
    case 'PORT_EXITED':
      return DISCONNECTED
    case 'TOO_LARGE':
      return { error: `too large: ${withoutCode(error)}`, code: ErrorNumber.TOO_LARGE }
    case 'QUEUE_FULL':
      return { error: 'busy: too many calls wait', code: ErrorNumber.BUSY }
    default:
      return { error: error.message }
  }
}

/** The board's own words, without what a Port puts around them. */
function remoteText(error: RemoteError): string {
  return withoutCode(error)
    .replace(`${error.action}: `, '')
    .replace(new RegExp(` \\(error ${error.errorNumber}\\)$`), '')
}

/** What an error says, without the code that stands in front. */
export function withoutCode(error: unknown): string {
  const { message, code } = error as PortwireError
  return message.replace(`${code}: `, '')
}
