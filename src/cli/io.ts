/** What a command may touch of its process: handed in, so that tests run commands without a process. */

import type { Readable, Writable } from 'node:stream'
import { printable } from '../gateway/printable.js'

export interface Io {
  /** Data only. */
  readonly stdout: Writable
  /** Everything said to a person. */
  readonly stderr: Writable
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads stdout any more. */
  readonly signal: AbortSignal
  /** Who is called at SIGHUP in place of ending the command; one only. Nobody where there are no signals. */
  readonly onReload?: (reload: () => void) => void
}

export function printLine(io: Io, line: string): void {
  io.stdout.write(`${line}\n`)
}

/** Whatever is quoted in the line: it stays one line, and cannot move the cursor. */
export function sayLine(io: Io, line: string): void {
  io.stderr.write(`${printable(line)}\n`)
}

/** Resolves when the command is to end. */
export function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
