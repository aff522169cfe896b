/** A board behind a real tty: socat holds the pseudo-terminal, the device runs in this process. The line between them can be
 * damaged, cut, pulled. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { constants, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { defineContract } from '../../src/contract/index.js'
import { createDeviceSession, type DeviceHandler, type DeviceSession } from '../../src/port/index.js'
import {
  createDeframer,
  createPacketDecoder,
  createValueCodec,
  encodeFrame,
  encodePacket,
} from '../../src/wire/index.js'
import { until } from '../gateway/until.js'

export type Direction = 'to_board' | 'to_host'

/** What is at the other end of the line: bytes in, bytes out. */
export type BoardProgram = (send: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => void

export interface TtyBoard {
  /** Stays the same when the board is plugged in again; what it links to does not. */
  readonly path: string
  /** Pulls the cable: the tty hangs up. */
  unplug(): Promise<void>
  /** Puts it back, under another name. */
  plug(): Promise<void>
}

export interface TtyBoardOptions {
  readonly program: BoardProgram
  /** What the line makes of bytes; the default leaves them alone. */
  readonly disturb?: (bytes: Uint8Array, direction: Direction) => Uint8Array
}

/** Resolves when the tty can be opened; ends with the test. */
export async function startTtyBoard(options: TtyBoardOptions): Promise<TtyBoard> {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-tty-'))
  const path = join(folder, 'board')
  let names = 0
  let cable: Cable | undefined
  const plug = async () => {
    names += 1
    const tty = join(folder, `tty${names}`)
    cable = await connect(join(folder, `uart${names}`), tty, options)
    rmSync(path, { force: true })
    symlinkSync(tty, path)
  }
  const unplug = async () => {
    await cable?.cut()
    cable = undefined
  }
  onTestFinished(async () => {
    await unplug()
    rmSync(folder, { recursive: true, force: true })
  })
  await plug()
  return { path, unplug, plug }
}

interface Cable {
  cut(): Promise<void>
}

async function connect(socketPath: string, ttyPath: string, options: TtyBoardOptions): Promise<Cable> {
  const disturb = options.disturb ?? ((bytes: Uint8Array) => bytes)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
  // -t0: without it socat lingers for half a second after one side has ended.
  const args = ['-t0', `UNIX-CONNECT:${socketPath}`, `pty,raw,echo=0,link=${ttyPath}`]
  const socat = spawn('socat', args, { stdio: 'ignore' })
  const socket = await connection
  await until(() => existsSync(ttyPath), 5_000, 'socat has made the tty')
  // While nobody has the tty open, socat takes its silence for the end.
  const holder: FileHandle = await open(ttyPath, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  socket.on('error', () => {}) // socat ended: the cable is cut
  const receive = options.program((bytes) => void (socket.destroyed || socket.write(disturb(bytes, 'to_host'))))
  socket.on('data', (bytes) => receive(disturb(bytes, 'to_board')))
  return { cut: () => cut(holder, socat, socket, server) }
}

async function cut(holder: FileHandle, socat: ChildProcess, socket: Socket, server: Server): Promise<void> {
  const exited = new Promise((resolve) => socat.once('exit', resolve))
  socat.kill('SIGTERM')
  await exited
  await holder.close()
  socket.destroy()
  await new Promise((resolve) => server.close(resolve))
}

/** Named by their numbers; any value in, any value out. */
export const numbers = defineContract({
  name: 'numbers',
  version: '1',
  actions: {
    map: { index: 1, args: 'any', result: 'any' },
    list: { index: 2, args: 'any', result: 'any' },
    create: { index: 3, args: 'any' },
    echo: { index: 4, args: 'any', result: 'any' },
    /** Logs an error line, then answers. */
    grumble: { index: 6, args: 'any', result: 'any' },
    never: { index: 7, args: 'any', result: 'any' },
    length: { index: 8, args: 'any', result: 'u32' },
    /** Answers when the test wants it, as a job. */
    held: { index: 9, args: 'any', result: 'any' },
  },
  events: {
    reading: { index: 20, fields: { n: 'u32', text: 'str' } },
    alarm: { index: 21, fields: { high: 'bool' }, acknowledged: true },
  },
  requests: {
    configuration: { index: 30, args: { key: 'str' }, result: { type: 'u16', max: 60_000 } },
  },
})

export interface DeviceOptions {
  readonly maxContentBytes?: number
  /** What is received in the first ms after each boot is lost. */
  readonly bootMs?: number
  /** Opening the port resets the board unless DTR stayed up. */
  readonly resetBy?: () => boolean
  readonly window?: number
  /** The call that is never answered has arrived. */
  readonly neverCalled?: () => void
  /** What `held` answers, when it answers. */
  readonly held?: (value: unknown) => Promise<unknown>
  /** A host has begun a session, and may be asked. */
  readonly began?: (device: DeviceSession) => void
}

const HELLO = 0xf0

/** The device's side of the protocol in frames, with handlers that answer what the originals' programs answer. */
export function numbersDevice(options: DeviceOptions = {}): BoardProgram {
  return (send) => {
    const codec = createValueCodec()
    const deframer = createDeframer({ maxContentBytes: options.maxContentBytes ?? 4_096 })
    let readyAtMs = 0
    let session: DeviceSession | undefined
    let host: string | undefined
    const handlers: Record<string, DeviceHandler> = {
      map: () => ({ id: 7 }),
      list: () => [1, 'two', null, 3.5, true],
      create: () => undefined,
      echo: (value) => value,
      grumble: (value) => {
        session?.log('error', 'probe 2 is disconnected')
        return value
      },
      never() {
        options.neverCalled?.()
        return new Promise(() => {})
      },
      held: (value) => options.held?.(value) ?? null,
      length: (value) => (value as unknown as Uint8Array | string).length,
    }
    const boot = () => {
      session?.stop()
      readyAtMs = performance.now() + (options.bootMs ?? 0)
      session = createDeviceSession({
        clock: systemClock,
        random: Math.random,
        codec,
        contract: numbers,
        handlers,
        device: {
          resetCause: 1,
          receiveBytes: 0,
          maxContentBytes: options.maxContentBytes ?? 4_096,
          window: options.window ?? 4,
          firmwareVersion: 'numbers',
        },
        maxKeptEvents: 4,
        lossless: false,
        write(action, token, value) {
          send(encodeFrame(Uint8Array.from([action, token, ...(value ?? [])])))
        },
        reset: boot,
        sessionBegan() {
          if (session) options.began?.(session)
        },
      })
    }
    boot()
    return (bytes) => {
      for (const event of deframer.push(bytes)) {
        if (event.kind !== 'content') continue
        if (event.bytes[0] === HELLO) {
          // A session number that was not seen before is a program that has just opened the port.
          const seen = Buffer.from(event.bytes).toString('hex')
          const isFirst = host === undefined && options.bootMs !== undefined // it boots when it is opened
          if (isFirst || (host !== undefined && seen !== host && options.resetBy?.())) boot()
          host = seen
        }
        if (performance.now() >= readyAtMs) session?.receive(event.bytes)
      }
    }
  }
}

/** What exists already: bare packets, `action | value` in and the value out, nothing known of portwire.
 * @param held  until when the answer to a request is held back, by its number from 0 on; undefined: not at all */
export function bareEcho(held: (request: number) => Promise<unknown> | undefined = () => undefined): BoardProgram {
  return (send) => {
    const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
    let requests = 0
    return (bytes) => {
      for (const event of decoder.push(bytes)) {
        if (event.kind !== 'content') {
          decoder.reset()
          continue
        }
        const answer = encodePacket(event.bytes.slice(1), 2)
        const until = held(requests++)
        if (until) void until.then(() => send(answer))
        else send(answer)
      }
    }
  }
}

/** Whether the driver drops DTR when the port is closed, so that the next open resets the board. */
export function dropsDtr(path: string): boolean {
  return / hupcl/.test(execFileSync('stty', ['-F', path, '-a'], { encoding: 'utf8' }))
}
