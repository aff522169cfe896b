/** The two kinds of peer, the same device on both: a program that is spawned, in real time, and a board on a serial line, in
 * virtual time. A test takes either and says what must hold for each. */

import 'serialport' // loaded beforehand: virtual time does not wait for a module to be read from disk
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, onTestFinished } from 'vitest'
import type { Clock } from '../../src/clock.js'
import {
  type Connector,
  type Contract,
  createPort,
  type Exit,
  type OpenOptions,
  type Port,
  type PortNotice,
} from '../../src/index.js'
import { serialConnector, spawnConnector } from '../../src/link/index.js'
import type { HandlerContext } from '../../src/port/index.js'
import { createMockBoard, type MockBoard, type MockBoardOptions } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { type Bench, bench } from './bench-contract.js'
import { createBenchHandlers } from './bench-handlers.js'
import { createSkippingClock } from './skipping-clock.js'

export interface Peer {
  readonly clock: Clock
  /** A fresh link to it; to the program, a fresh program. */
  readonly connector: Connector
  /** Waits in the time that the peer lives in. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Lets so much of the host's time pass. */
  pass(ms: number): Promise<void>
  /** It is gone at once: the program is killed, the board's cable is pulled. */
  drop(): Promise<void>
  /** It falls silent, without an end that could be noticed, or goes on again. */
  mute(isMute: boolean): void
  /** What makes its next life possible: the cable is put back, a program is started by the port itself. */
  restore(): void
}

export interface BenchPort extends Peer {
  readonly port: Port<Bench>
  readonly notices: PortNotice[]
  /** Resolves with the first notice from now on that is looked for. */
  noticed(wanted: (notice: PortNotice) => boolean): Promise<PortNotice>
}

type Options = Partial<Omit<OpenOptions<Bench>, 'clock'>>
type BoardOptions = Partial<MockBoardOptions>

export interface PeerKind {
  readonly name: 'program' | 'board'
  /** How a port to it ends when it is dropped. */
  readonly dropped: Exit['kind']
  /** Its port, running. Both are gone when the test is over.
   * @param contract  what the host takes the contract to be, where that is not what the device was built from */
  start(options?: Options, board?: BoardOptions, contract?: Contract<Bench>): Promise<BenchPort>
  /** Without a port. */
  peer(board?: BoardOptions): Peer
}

export const PROGRAM: PeerKind = kind('program', 'signal', spawnedProgram)
export const BOARD: PeerKind = kind('board', 'unplugged', mockBoard)
/** Rows for describe.each: the name is for the title, so that it tells which peer a test covers. */
export const PEERS: readonly (readonly [name: string, kind: PeerKind])[] = [
  ['program', PROGRAM],
  ['board', BOARD],
]

function kind(name: PeerKind['name'], dropped: Exit['kind'], peer: (board?: BoardOptions) => Peer): PeerKind {
  return {
    name,
    dropped,
    peer,
    async start(options = {}, board = {}, contract = bench) {
      const made = peer(board)
      const port = createPort(contract, { ...options, link: made.connector, clock: made.clock } as OpenOptions<Bench>)
      const notices: PortNotice[] = []
      port.watch((notice) => notices.push(notice))
      onTestFinished(async () => void (await made.until(port.close())))
      await made.until(port.ready())
      const noticed = (wanted: (notice: PortNotice) => boolean) =>
        new Promise<PortNotice>((resolve) => {
          const stop = port.watch((notice) => {
            if (!wanted(notice)) return
            stop()
            resolve(notice)
          })
        })
      return { ...made, port, notices, noticed }
    },
  }
}

function spawnedProgram(): Peer {
  const clock = createSkippingClock()
  const connector = spawnConnector({ program: process.execPath, args: [compiledProgram()], clock })
  let pid = 0
  return {
    clock,
    connector: {
      ...connector,
      async connect(handlers) {
        const link = await connector.connect(handlers)
        pid = link.info!()['pid'] as number
        return link
      },
    },
    until: (promise) => promise,
    pass: clock.skip,
    drop: async () => void process.kill(pid, 'SIGKILL'),
    mute: (isMute) => void process.kill(pid, isMute ? 'SIGSTOP' : 'SIGCONT'),
    restore: () => {},
  }
}

function mockBoard(options: BoardOptions = {}): Peer {
  const clock = createVirtualClock()
  const { disturb = (bytes: Uint8Array) => bytes } = options
  let isMute = false
  const device = () => board.device!
  const side = {
    emit: (event: string, fields: object) => device().emit(event, fields),
    log: (severity: Parameters<ReturnType<typeof device>['log']>[0], text: string) => device().log(severity, text),
    print: (text: string) => board.print(`${text}\r\n`),
    leave: (status: number) => device().exit(status),
    ask: (_: HandlerContext, key: string) => device().ask('lookup', { key }) as Promise<string>,
    after: (ms: number, run: () => void) => void clock.after(ms, run),
  }
  const board: MockBoard = createMockBoard({
    contract: bench,
    handlers: createBenchHandlers(side),
    clock,
    window: 16,
    maxKeptEvents: 256,
    ...options,
    disturb: (bytes, direction) => (isMute ? new Uint8Array(0) : disturb(bytes, direction)),
  })
  return {
    clock,
    connector: serialConnector({ path: board.path, binding: board.binding, onArrival: board.onArrival, clock }),
    until: (promise) => clock.until(promise, 600_000),
    pass: clock.advance,
    drop: async () => board.unplug(),
    mute(now) {
      isMute = now
    },
    restore: board.plug,
  }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
let compiled: string | undefined
afterAll(() => {
  if (compiled) rmSync(compiled, { recursive: true })
})

/** The path of the program: its own modules, compiled from the sources as they are; inside the checkout they find their packages. */
export function compiledProgram(): string {
  if (compiled === undefined) {
    mkdirSync(join(root, 'build'), { recursive: true })
    compiled = mkdtempSync(join(root, 'build/bench-program-'))
    const args = ['-p', join(root, 'test/parity/tsconfig.program.json'), '--noCheck', '--outDir', compiled]
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the build fails: ${stdout}`)
  }
  return join(compiled, 'test/parity/bench-program.js')
}
