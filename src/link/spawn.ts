/** A spawned program as a link: stdin and stdout are the stream, stderr is lines, the end is its exit status. */

import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Clock, systemClock } from '../clock.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Connector, Link, LinkHandlers } from './link.js'

export interface SpawnOptions {
  /** A path, or a name that is looked for in PATH. No shell. */
  readonly program: string
  readonly args?: readonly string[]
  /** Added to the environment; undefined unsets. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** What the program sees as its own name. */
  readonly argv0?: string
  readonly clock?: Clock
}

export const SPAWN_DEFAULTS = {
  /** From the end of its stdin to SIGTERM. */
  leaveMs: 500,
  /** From SIGTERM to SIGKILL. */
  killMs: 500,
  /** A grandchild may hold the pipes open: output is waited for so long after the program's own exit. */
  outputAfterExitMs: 500,
} as const

export function spawnConnector(options: SpawnOptions): Connector {
  return {
    name: options.program,
    lossless: true,
    connect: (handlers) => connect(options, handlers),
  }
}

async function connect(options: SpawnOptions, handlers: LinkHandlers): Promise<Link> {
  const clock = options.clock ?? systemClock
  await checkFolder(options)
  const child = spawn(options.program, [...(options.args ?? [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    // Its own process group, so that its children can be ended with it and Ctrl-C stays the host's to handle.
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
  })
  const { stdin, stdout, stderr } = child as { stdin: Writable; stdout: Readable; stderr: Readable }
  let ended = false
  let closing: Promise<void> | undefined
  let whenEnded: () => void = () => {}
  const end = (exit: Exit) => {
    if (ended) return
    ended = true
    handlers.ended(closing ? { kind: 'closed' } : exit)
    whenEnded()
  }
  stdout.on('data', (bytes: Uint8Array) => {
    if (!ended) handlers.data(bytes)
  })
  createInterface({ input: stderr }).on('line', (line) => handlers.stderr?.(line))
  // EPIPE: the program has closed its stdin or is gone; its exit follows.
  stdin.on('error', () => {})
  child.on('exit', (status, signal) => {
    const exit = exitOf(status, signal)
    clock.after(SPAWN_DEFAULTS.outputAfterExitMs, () => end(exit))
  })
  child.on('close', (status, signal) => end(exitOf(status, signal)))

  await started(child, options)
  return {
    write: (bytes) => ended || stdin.destroyed || stdin.write(bytes),
    drained: () => new Promise((done) => (ended || stdin.destroyed ? done() : stdin.once('drain', done))),
    close() {
      closing ??= new Promise<void>((resolve) => {
        whenEnded = resolve
        if (ended) resolve()
        else leave(child, clock, () => ended)
      })
      return closing
    },
  }
}

/** End of input first; a program that ignores it is asked by SIGTERM, then ended by SIGKILL, its children with it. */
function leave(child: ChildProcess, clock: Clock, isOver: () => boolean): void {
  child.stdin?.end()
  clock.after(SPAWN_DEFAULTS.leaveMs, () => {
    if (isOver()) return
    killGroup(child, 'SIGTERM')
    clock.after(SPAWN_DEFAULTS.killMs, () => {
      if (!isOver()) killGroup(child, 'SIGKILL')
    })
  })
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // ESRCH: it has just gone by itself.
  }
}

function exitOf(status: number | null, signal: NodeJS.Signals | null): Exit {
  return signal ? { kind: 'signal', signal } : { kind: 'status', status: status ?? 0 }
}

function started(child: ChildProcess, options: SpawnOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause: NodeJS.ErrnoException) => reject(startError(options.program, cause)))
  })
}

function startError(program: string, cause: NodeJS.ErrnoException): PortwireError {
  switch (cause.code) {
    case 'ENOENT':
      return new PortwireError('PORT_NOT_FOUND', `there is no program ${program}`, {
        cause,
        hint: 'Give a path, or a name that is found in PATH.',
      })
    case 'EACCES':
      return new PortwireError('PERMISSION_DENIED', `${program} may not be run by this user`, {
        cause,
        hint: `Make it executable: chmod +x ${program}`,
      })
    default:
      return new PortwireError('PORT_FAILED', `${program} could not be started: ${cause.message}`, { cause })
  }
}

/** spawn says ENOENT for a missing folder too, as if the program were missing. */
async function checkFolder({ cwd }: SpawnOptions): Promise<void> {
  if (cwd === undefined) return
  const isFolder = await stat(cwd).then(
    (s) => s.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new PortwireError('PORT_FAILED', `cwd: there is no folder ${cwd}`, { hint: 'Correct cwd.' })
  await access(cwd, constants.X_OK).catch((cause) => {
    throw new PortwireError('PERMISSION_DENIED', `cwd: this user may not enter ${cwd}`, { cause, hint: 'Correct cwd.' })
  })
}
