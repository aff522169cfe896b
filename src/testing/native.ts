/** Firmware built as a program of this machine: with `--pty` it opens a pseudo-terminal itself and says its path. */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface NativeOptions {
  /** Arguments after `--pty`. */
  args?: readonly string[]
  /** Environment; default this process's. */
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** How long the program may take to say its path, ms; default 5,000. */
  readyTimeoutMs?: number
}

export interface NativeExit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

export interface NativeBoard {
  /** The tty that the firmware listens on. */
  readonly path: string
  readonly pid: number
  /** Ends the program, which to the host is a pulled cable; default SIGKILL. */
  kill(signal?: NodeJS.Signals): void
  /** Resolves, never rejects, when the program has ended. */
  readonly exited: Promise<NativeExit>
  /** What it has written to stderr so far, the last 64 KiB of it. */
  stderr(): string
}

const STDERR_CHARACTERS = 65_536

/**
 * Starts a native firmware program and resolves when it listens.
 * @throws Error  when the program is missing, ends without a path (its stderr is in the message), or says none in time
 */
export async function startNative(program: string, options: NativeOptions = {}): Promise<NativeBoard> {
  const child = spawn(program, ['--pty', ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS)
  })
  const exited = new Promise<NativeExit>((resolve) => {
    child.once('close', (status, signal) => resolve({ status, signal }))
  })

  const path = await new Promise<string>((resolve, reject) => {
    const timeoutMs = options.readyTimeoutMs ?? 5000
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${program} --pty did not say the path of its tty within ${timeoutMs} ms.`))
    }, timeoutMs)
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer)
      resolve(line.trim())
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const what = error.code === 'ENOENT' ? `There is no program ${program}` : `${program} cannot be started`
      reject(new Error(`${what}; \`npm run build:firmware\` builds the native firmware.`, { cause: error }))
    })
    void exited.then(({ status, signal }) => {
      clearTimeout(timer)
      const how = signal === null ? `with status ${status}` : `by ${signal}`
      reject(new Error(`${program} --pty ended ${how} before it said the path of its tty. ${stderr.trim()}`))
    })
  })

  return {
    path,
    pid: child.pid!,
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    exited,
    stderr: () => stderr,
  }
}
