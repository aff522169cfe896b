/** `portwire stdio`: a port program for clients that speak bare packets, with a board behind it. Nothing but packets on stdout,
 * nothing on stderr unless asked for: some clients take one byte there for a death. */

import { closeSync, openSync, writeSync } from 'node:fs'
import { systemClock } from '../clock.js'
import type { Contract } from '../contract/index.js'
import { describeExit, type Exit } from '../exit.js'
import {
  type Board,
  type BoardHandlers,
  type Bridge,
  type ClientPort,
  createBridge,
  createStdioSerial,
  startingCommands,
} from '../stdio/index.js'
import { LEAVE_MS, STDIO_DEFAULTS } from '../stdio/limits.js'
import type { PrefixBytes } from '../wire/index.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io } from './io.js'
import type { StdioOptions } from './stdio-options.js'

/** Resolves when the client is gone (0), the board is lost under `--on-drop exit` (3), or it could not be opened (4).
 * @throws USAGE             the log file cannot be written, or the flags do not go together
 * @throws CONTRACT_INVALID  the contract file cannot be used */
export async function stdioCommand(io: Io, options: StdioOptions): Promise<ExitCode> {
  const contract = await contractOf(options)
  const notify = notifyOf(options, contract)
  const log = openLog(options.log)
  const serial = createStdioSerial({
    path: options.serial,
    baudRate: options.baud,
    lockWaitMs: options.lockWait ?? STDIO_DEFAULTS.lockWaitMs,
    noReset: !options.reset,
    clock: systemClock,
  })
  let wasUp = false
  let over: (code: ExitCode) => void
  const boardIsOver = new Promise<ExitCode>((resolve) => {
    over = resolve
  })
  const handlers: BoardHandlers = {
    up() {
      wasUp = true
      log(`${options.serial} is up`)
    },
    lost(exit: Exit) {
      log(`${options.serial} ${wasUp ? 'is lost' : 'cannot be used'}: ${describeExit(exit)}`)
      if (!wasUp) over(EXIT.refused)
      else if (options.onDrop === 'exit') over(EXIT.lost)
    },
    said(line) {
      log(`the board says: ${line}`)
      if (options.stderr === 'device') io.stderr.write(`${line}\n`)
    },
    note: log,
  }
  const board = await startBoard(options, serial.connector, handlers, contract)
  const bridge = createBridge({
    prefixBytes: Number(options.packet) as PrefixBytes,
    board,
    ...(notify && board.port && { notify: { port: board.port, contract: notify.contract } }),
    write(packet) {
      io.stdout.write(packet)
      flow()
    },
    isReading: () => !io.stdout.writableNeedDrain,
  })
  // A client that sends without reading, or faster than the board answers, waits in its own pipe in the end; not at once, as the
  // end of a pipe that is not read goes unnoticed.
  const flow = () => void (bridge.isFull ? io.stdin.pause() : io.stdin.resume())
  for (const command of notify?.commands ?? []) bridge.command(command)
  io.stdin.on('data', (chunk: Uint8Array) => {
    bridge.receive(chunk)
    flow()
  })
  io.stdout.on('drain', () => {
    bridge.pump()
    flow()
  })

  const code = await Promise.race([
    boardIsOver,
    inputEnded(io).then(() => EXIT.ok),
    // SIGTERM, or nobody reads stdout any more.
    ended(io.signal).then(() => EXIT.ok),
  ])
  log(`ends with status ${code}; ${totals(bridge, board)}`)
  await leave(io, code, serial.discard)
  return code
}

async function contractOf({ contract: file }: StdioOptions): Promise<Contract | undefined> {
  if (file === undefined) return undefined
  const { loadContract } = await import('../contract/file/index.js')
  return loadContract(file)
}

/** What `--notify` comes to; undefined without it.
 * @throws USAGE  it cannot be had so, or has a name that the contract does not */
function notifyOf(options: StdioOptions, contract: Contract | undefined) {
  if (options.profile === 'raw' && contract)
    throw usageError('--contract: bare packets (--profile raw) have no contract')
  if (options.notify === undefined) return undefined
  if (!contract) throw usageError('--notify needs --contract FILE: it says what the numbers of the board mean')
  const names = options.notify === true ? [] : options.notify.split(',').map((name) => name.trim())
  const unknown = names.find((name) => name !== 'ALL' && !contract.events.has(name) && !contract.requests.has(name))
  if (unknown !== undefined) {
    const known = [...contract.events.keys(), ...contract.requests.keys()].join(', ') || 'none'
    throw usageError(`--notify: ${contract.name} has no event or request ${unknown}; it has: ${known}`)
  }
  return { contract, commands: startingCommands(contract, names) }
}

async function startBoard(
  options: StdioOptions,
  connector: ReturnType<typeof createStdioSerial>['connector'],
  handlers: BoardHandlers,
  contract: Contract | undefined,
): Promise<Board & { readonly port?: ClientPort }> {
  const common = {
    connector,
    callTimeoutMs: options.callTimeout ?? STDIO_DEFAULTS.callTimeoutMs,
    onDrop: options.onDrop,
    handlers,
    clock: systemClock,
  }
  if (options.profile === 'raw') {
    const { startRawBoard } = await import('../stdio/raw-board.js')
    return startRawBoard({ ...common, prefixBytes: Number(options.packet) as PrefixBytes })
  }
  const { startLinkBoard } = await import('../stdio/link-board.js')
  const readyTimeoutMs = options.readyTimeout ?? STDIO_DEFAULTS.readyTimeoutMs
  return startLinkBoard({ ...common, readyTimeoutMs, ...(contract && { contract }) })
}

function inputEnded(io: Io): Promise<void> {
  return new Promise((resolve) => {
    io.stdin.once('end', resolve)
    io.stdin.once('error', () => resolve())
  })
}

/** What is on its way may leave, but nothing waits for long: not for a client that does not read, not for a driver that cannot
 * send. The kernel releases tty and lock with the process. */
async function leave(io: Io, code: ExitCode, discard: () => Promise<void>): Promise<void> {
  const limit = new Promise<void>((resolve) => setTimeout(resolve, LEAVE_MS))
  const written = new Promise<void>((resolve) => io.stdout.write('', () => resolve()))
  await Promise.race([Promise.all([written, discard()]), limit])
  // Whatever else is written would wait behind what nobody reads.
  if (io.stdout.writableLength > 0) process.exit(code)
}

function totals(bridge: Bridge, board: Board): string {
  const { requests, errors, timeouts, eventsDropped } = bridge.counters
  const { lateReplies, refused } = board.counters()
  const cut = bridge.inRequest ? ', the last request cut off' : ''
  return `requests ${requests}, errors ${errors}, timeouts ${timeouts}, late replies dropped ${lateReplies}, refused ${refused}, events dropped ${eventsDropped}${cut}`
}

/** Lines are written at once: the program may be killed at any time. */
function openLog(path: string | undefined): (line: string) => void {
  if (path === undefined) return () => {}
  let file: number
  try {
    file = openSync(path, 'a')
  } catch (error) {
    throw usageError(`--log: ${(error as Error).message}`)
  }
  process.once('exit', () => closeSync(file))
  return (line) => {
    try {
      writeSync(file, `${new Date().toISOString()} ${process.pid} ${line}\n`)
    } catch {
      // A full disk must not end the calls.
    }
  }
}
