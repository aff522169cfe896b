#!/usr/bin/env node
/** The program: its streams, its signals, its exit code. */

import type { Io } from './io.js'
import { run } from './run.js'

/** A command that hangs after it was told to end must not keep the terminal, nor the tty. */
const FORCED_AFTER_MS = 1_500

const abort = new AbortController()
let stopping = false

function stop(code: number): void {
  if (stopping) process.exit(code)
  stopping = true
  abort.abort()
  setTimeout(() => process.exit(code), FORCED_AFTER_MS).unref()
}

// 128 + the signal's number, as shells say it; only a second one, or a command that hangs, gets there.
process.on('SIGINT', () => stop(130))
process.on('SIGTERM', () => stop(143))
process.on('SIGHUP', () => stop(129))
// Nobody reads any more: end quietly, as `portwire monitor x | head` wants it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`portwire: cannot write: ${error.message}\n`)
  stop(error.code === 'EPIPE' ? 0 : 1)
})
process.stderr.on('error', () => {})

const io: Io = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, signal: abort.signal }
const code = await run(process.argv.slice(2), io)
// Pipes are written asynchronously: what was printed goes out before the end.
process.stdout.write('', () => process.exit(code))
