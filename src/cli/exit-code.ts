/** How a command ends: 0 ok, 1 runtime, 2 usage or config, of `stdio` also 3 link lost, 4 refused; and the one line that says why. */

import { type ErrorCode, PortwireError } from '../errors.js'

export const EXIT = { ok: 0, runtime: 1, usage: 2, lost: 3, refused: 4 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'USAGE',
  'CONFIG_INVALID',
  'CONTRACT_INVALID',
  'ARGUMENT_INVALID',
])

/** The line has no line break whatever the error says, and ends with what to do about it. */
export function explain(error: unknown): { readonly line: string; readonly code: ExitCode } {
  if (!(error instanceof PortwireError)) {
    const text = error instanceof Error ? error.message || error.name : String(error)
    return { line: oneLine(`portwire: ${text}`), code: EXIT.runtime }
  }
  const isUsage = USAGE_CODES.has(error.code)
  // The codes are for programs; a line about the user's own typing reads better without. Its message says what to do already.
  if (isUsage) return { line: oneLine(`portwire: ${withoutCode(error)}`), code: EXIT.usage }
  return { line: oneLine(`portwire: ${error.message}. ${error.hint}`), code: EXIT.runtime }
}

export function usageError(message: string): PortwireError {
  return new PortwireError('USAGE', message)
}

/** What stands between this program and the device, other than its port: a broker, a gateway.
 * @param hint what to do about it */
export function runtimeError(message: string, hint: string, cause?: unknown): Error {
  return new Error(`${message}. ${hint}`, { cause })
}

function withoutCode(error: PortwireError): string {
  return error.message.startsWith(`${error.code}: `) ? error.message.slice(error.code.length + 2) : error.message
}

function oneLine(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.\. /g, '. ')
    .trim()
}
