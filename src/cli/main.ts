#!/usr/bin/env node
/** The program: its streams, its signals, its exit code. */

import { closeSync, openSync } from 'node:fs'
import type { Io } from './io.js'
import { run } from './run.js'

/** A command that hangs after it was told to end must not keep the terminal, nor the tty. */
const FORCED_AFTER_MS = 1_500

const abort = new AbortController()
let stopping = false
let reload: (() => void) | undefined
const hadTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY

/** SIGHUP is also what is left of a terminal that was closed: the system has taken /dev/tty from its processes then. */
function isTerminalGone(): boolean {
  if (!hadTerminal) return false
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    return true
  }
}

function stop(code: number): void {
  if (stopping) process.exit(code)
  stopping = true
  abort.abort()
  setTimeout(() => process.exit(code), FORCED_AFTER_MS).unref()
}

// 128 + the signal's number, as shells say it; only a second one, or a command that hangs, gets there.
process.on('SIGINT', () => stop(130))
process.on('SIGTERM', () => stop(143))
process.on('SIGHUP', () => {
  if (reload !== undefined && !isTerminalGone()) reload()
  else stop(129)
})
// Nobody reads any more: end quietly, as `portwire monitor x | head` wants it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`portwire: cannot write: ${error.message}\n`)
  stop(error.code === 'EPIPE' ? 0 : 1)
})
process.stderr.on('error', () => {})

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  signal: abort.signal,
  onReload: (listener) => {
    reload = listener
  },
}
const code = await run(process.argv.slice(2), io)
// Pipes are written asynchronously: what was printed goes out before the end.
process.stdout.write('', () => process.exit(code))
