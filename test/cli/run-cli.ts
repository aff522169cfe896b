/** Runs a command in this process, with streams that remember. */

import { PassThrough } from 'node:stream'
import { run } from '../../src/cli/run.js'

export interface RunningCli {
  readonly code: Promise<number>
  readonly out: () => string
  readonly err: () => string
  readonly stdin: PassThrough
  /** As Ctrl-C does. */
  stop(): void
}

export function startCli(args: readonly string[]): RunningCli {
  const abort = new AbortController()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const stdin = new PassThrough()
  let out = ''
  let err = ''
  stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const code = run(args, { stdout, stderr, stdin, signal: abort.signal })
  return { code, out: () => out, err: () => err, stdin, stop: () => abort.abort() }
}

export async function runCli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const cli = startCli(args)
  const code = await cli.code
  // What was written last is still on its way through the stream.
  await new Promise((resolve) => setImmediate(resolve))
  return { code, out: cli.out(), err: cli.err() }
}
