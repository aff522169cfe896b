/** A spawned program as a link: stdin and stdout are the stream, stderr is lines, the end is its exit status. */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type CancelTimer, type Clock, systemClock } from '../clock.js'
import { deferred } from '../deferred.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import { LINK_LIMITS } from './limits.js'
import { createLineSplitter } from './lines.js'
import type { Connector, Link, LinkHandlers } from './link.js'
import { createOutput } from './output.js'
import { atExit } from './process-exit.js'
import { endGroup, signalGroup } from './process-group.js'
import { checkFolder, startError } from './spawn-error.js'

export interface SpawnOptions {
  /** A path, or a name that is looked for in PATH. With `shell`: a command line. */
  readonly program: string
  readonly args?: readonly string[]
  /** `/bin/sh -c program`: pipes, variables and redirections work; `args` are then its $1, $2 ... A command that is missing
   * is only told by the shell's status 127. Default false. */
  readonly shell?: boolean
  /** Added to the environment; undefined unsets. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** What the program sees as its own name; with `shell` the shell's $0. */
  readonly argv0?: string
  /** What becomes of its stderr: `lines` (default) to the handler; `merge`, the same, each marked with `stderr: `;
   * `inherit`, this process's own stderr; `ignore`; `fail`: the first byte ends the program, and the exit has the text. */
  readonly stderr?: StderrPolicy
  /** False: the stream is on the program's descriptors 3 (it reads) and 4 (it writes), as Erlang's `nouse_stdio` has it; its
   * stdin is empty and its stdout is lines to the `stderr` handler, so that a stray print cannot harm. Default true. */
  readonly useStdio?: boolean
  readonly clock?: Clock
}

export type StderrPolicy = 'lines' | 'merge' | 'inherit' | 'ignore' | 'fail'

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
  await checkFolder(options.cwd)
  const child = await startChild(options)
  return childLink(child, options, handlers)
}

/** The running program. Nothing it says is lost meanwhile: its pipes are read once somebody listens. */
async function startChild(options: SpawnOptions): Promise<ChildProcess> {
  const { program, args = [], shell = false, cwd, argv0, useStdio = true, stderr = 'lines' } = options
  const stderrTo = stderr === 'inherit' || stderr === 'ignore' ? stderr : 'pipe'
  try {
    const settings = {
      env: { ...process.env, ...options.env },
      // Its own process group, so that its children can be ended with it and Ctrl-C stays the host's to handle.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    }
    const stdio = useStdio ? ['pipe', 'pipe', stderrTo] : ['ignore', 'pipe', stderrTo, 'pipe', 'pipe']
    const child = shell
      ? spawn('/bin/sh', ['-c', program, argv0 ?? '/bin/sh', ...args], { ...settings, stdio: stdio as 'pipe'[] })
      : spawn(program, [...args], { ...settings, stdio: stdio as 'pipe'[], ...(argv0 === undefined ? {} : { argv0 }) })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.on('error', reject) // stays: kill() may fail later
    })
    return child
  } catch (cause) {
    throw await startError(shell ? '/bin/sh' : program, cwd, cause as NodeJS.ErrnoException)
  }
}

function childLink(child: ChildProcess, options: SpawnOptions, handlers: LinkHandlers): Link {
  const { useStdio = true } = options
  const clock = options.clock ?? systemClock
  const pid = child.pid!
  const [, , stderr, third, fourth] = child.stdio
  const input = (useStdio ? child.stdin : third) as Writable
  const out = (useStdio ? child.stdout : fourth) as Readable

  /** Why the program is made to end; undefined while it lives its own life. */
  let stopping: 'closed' | 'killed' | undefined
  /** What the exit will be whatever the status says. */
  let verdict: Exit | undefined
  let closeAsked = false
  let exit: Exit | undefined
  let ended = false
  let inputLost = false
  let bytesReceived = 0
  let stderrBytes = 0
  /** The harshest signal that it was sent by us. */
  let told: 'SIGTERM' | 'SIGKILL' | undefined
  let timers: CancelTimer[] = []
  const over = deferred<void>()
  // This process may end before its patience does: whoever was told to end, and did not, must not stay behind at a motor.
  const forget = atExit(() => {
    if (ended || stopping) signalGroup(pid, ended || told ? 'SIGKILL' : 'SIGTERM')
  })
  void over.promise.then(forget)
  const eof: ('stdout' | 'stderr')[] = []
  let isPaused = false

  const output = createOutput(input, (detail) => {
    inputLost = true
    if (!ended) handlers.inputLost?.(detail)
  })
  const later = (delayMs: number, run: () => void) => {
    timers.push(clock.after(delayMs, run))
  }
  const end = (how: Exit) => {
    if (ended) return
    ended = true
    for (const cancel of timers) cancel()
    timers = []
    output.stop()
    // A child of the program may hold the other ends for ever; ours are given back now.
    for (const stream of child.stdio) stream?.destroy()
    handlers.ended(stopping === 'closed' ? { kind: 'closed' } : (verdict ?? how))
    if (exit === undefined) child.unref()
    if (exit === undefined || told === 'SIGKILL') over.resolve()
    else void endGroup(pid, clock, SPAWN_DEFAULTS.killMs).then(over.resolve)
  }
  const sigkill = () => {
    if (told === 'SIGKILL' || ended) return
    told = 'SIGKILL'
    signalGroup(pid, 'SIGKILL')
    later(LINK_LIMITS.unkillableMs, () => end(exit ?? { kind: 'signal', signal: 'SIGKILL' }))
  }
  const sigterm = () => {
    if (told !== undefined || ended) return
    told = 'SIGTERM'
    signalGroup(pid, 'SIGTERM')
    later(SPAWN_DEFAULTS.killMs, sigkill)
  }
  /** The program's own exit has come; its last output may not have. */
  const waitForOutput = (how: Exit, waitedMs = 0) => {
    const isHurried = stopping !== undefined || verdict !== undefined
    const pauseMs = isHurried ? LINK_LIMITS.outputAfterStopMs : SPAWN_DEFAULTS.outputAfterExitMs
    const before = bytesReceived
    later(pauseMs, () =>
      // Timers run before the pipes are read when this process was busy: one more look at them first.
      setImmediate(() => {
        const isQuiet = bytesReceived === before
        // Its owner is slow: what waits in the pipe is output all the same.
        if (isPaused && !isHurried) waitForOutput(how)
        else if (isQuiet || isHurried || waitedMs + pauseMs >= LINK_LIMITS.maxOutputAfterExitMs) end(how)
        else if (!ended) waitForOutput(how, waitedMs + pauseMs)
      }),
    )
  }

  out.on('data', (bytes: Uint8Array) => {
    bytesReceived += bytes.length
    if (isPaused) out.pause() // at the program's exit Node reads on by itself
    if (!ended) handlers.data(bytes)
  })
  out.on('error', () => {}) // ECONNRESET: the program is gone, its exit follows
  out.once('end', () => eof.push('stdout'))
  if (!useStdio) {
    ;(input as unknown as Readable).resume?.() // descriptor 3 goes both ways; what comes from there is nothing
    readLines(child.stdout, (line) => !ended && handlers.stderr?.(line))
  }
  if (options.stderr === 'fail') {
    stderr?.on('error', () => {})
    ;(stderr as Readable).on('data', (bytes: Uint8Array) => {
      stderrBytes += bytes.length
      if (verdict || exit) return
      const text = Buffer.from(bytes).subarray(0, LINK_LIMITS.lineBytes).toString().trim()
      const error = new PortwireError('PORT_FAILED', `${options.program} wrote to stderr: ${text}`, {
        hint: "Correct what it complains about, or choose another policy for 'stderr'.",
      })
      verdict = { kind: 'failed', error }
      sigkill()
    })
  } else {
    const mark = options.stderr === 'merge' ? 'stderr: ' : ''
    readLines(stderr as Readable | null, (line) => !ended && handlers.stderr?.(mark + line))
    stderr?.on('data', (bytes: Uint8Array) => {
      stderrBytes += bytes.length
    })
  }
  stderr?.once('end', () => eof.push('stderr'))
  child.on('exit', (status, signal) => {
    exit = exitOf(status, signal)
    if (ended) return
    // Children that it leaves behind would hold its output open.
    if (stopping || verdict) signalGroup(pid, told ?? 'SIGTERM')
    waitForOutput(exit)
  })
  child.on('close', (status, signal) => end(exitOf(status, signal)))

  const resume = () => {
    isPaused = false
    if (!ended) out.resume()
  }

  return {
    write: output.write,
    drained: output.drained,
    pause() {
      if (stopping || ended) return
      isPaused = true
      out.pause()
    },
    resume,
    closeInput: output.end,
    kill() {
      resume()
      stopping ??= 'killed'
      sigterm()
      return over.promise
    },
    close() {
      if (!ended && !closeAsked) {
        closeAsked = true
        resume() // it could not leave while it waits to be read
        stopping ??= 'closed'
        output.end()
        later(SPAWN_DEFAULTS.leaveMs, sigterm)
        if (exit) waitForOutput(exit) // nobody needs the rest of its output any more
      }
      return over.promise
    },
    info: () => ({
      pid,
      bytesReceived,
      stderrBytes,
      ...output.info(),
      eof: [...(inputLost ? (['stdin'] as const) : []), ...eof],
      isPaused,
    }),
  }
}

function readLines(stream: Readable | null, line: (text: string) => void): void {
  if (!stream) return
  const lines = createLineSplitter(line)
  stream.on('data', lines.push)
  stream.on('end', lines.end)
  stream.on('error', () => {}) // ECONNRESET: the program is gone, its exit follows
}

function exitOf(status: number | null, signal: NodeJS.Signals | null): Exit {
  return signal ? { kind: 'signal', signal } : { kind: 'status', status: status ?? 0 }
}
