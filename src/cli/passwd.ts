/** `portwire passwd`: a password from stdin, its hash to stdout; an argument would be seen by everybody on the machine. */

import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { type Io, printLine } from './io.js'

/** What a CONNECT packet has room for is far more. */
const MAX_PASSWORD_BYTES = 1_024

/** @throws USAGE  an empty password, one of several lines or one that is too long */
export async function passwdCommand(io: Io): Promise<ExitCode> {
  const password = (await readAll(io)).replace(/\r?\n$/, '')
  if (password === '') throw usageError('stdin has no password; try: printf %s PASSWORD | portwire passwd')
  if (/[\r\n\0]/.test(password)) throw usageError('the password has to be one line')
  const { hashPassword } = await import('../gateway/index.js')
  printLine(io, await hashPassword(password))
  return EXIT.ok
}

async function readAll(io: Io): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of io.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    bytes += chunks.at(-1)!.length
    if (bytes > MAX_PASSWORD_BYTES) throw usageError(`the password is longer than ${MAX_PASSWORD_BYTES} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}
