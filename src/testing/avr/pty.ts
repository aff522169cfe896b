/**
 * An emulated board in real time behind a real pseudo-terminal, so that the operating system's own serial driver opens
 * it. The terminal's other end is the board's converter.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInRealTime } from '../real-time.js'
import { startTerminal } from '../terminal.js'
import type { UnoBoard } from './board.js'

export interface PtyBoardOptions {
  readonly board: UnoBoard
  /** Bits per second on the board's line: a pty has no rate of its own. Default 115,200. */
  readonly baudRate?: number
}

export interface PtyBoard {
  /** The tty to open. It is the same after `plug()`. */
  readonly path: string
  /** Pulls the cable: the tty hangs up and vanishes, the board loses power. */
  unplug(): Promise<void>
  plug(): Promise<void>
  /** Ends everything and removes the tty. */
  stop(): Promise<void>
  /** Wall-clock time that the machine was too slow for, ms. */
  readonly slippedMs: number
}

/** Bytes for the board that are taken from the tty before the host has to wait. */
const QUEUE_BYTES = 4096

/** Bytes of the board that wait for a host that does not read; later ones are lost. */
const UNREAD_BYTES = 65_536

/**
 * Runs the board in real time behind a tty of its own; resolves when the tty can be opened.
 * @throws Error  when socat is missing; it names the Debian package
 */
export async function startPtyBoard(options: PtyBoardOptions): Promise<PtyBoard> {
  const { board } = options
  board.bridge.configure({ baudRate: options.baudRate ?? 115_200 })
  const folder = await mkdtemp(join(tmpdir(), 'portwire-board-'))
  const path = join(folder, 'tty')
  let cable: Cable | undefined
  try {
    cable = await connect(board, join(folder, 'uart'), path)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const realTime = runInRealTime(board)

  return {
    path,
    async unplug() {
      board.unplug()
      await cable?.cut()
      cable = undefined
    },
    async plug() {
      cable ??= await connect(board, join(folder, 'uart'), path)
      board.plug()
    },
    async stop() {
      realTime.stop()
      await cable?.cut()
      cable = undefined
      await rm(folder, { recursive: true, force: true })
    },
    get slippedMs() {
      return realTime.slippedMs
    },
  }
}

interface Cable {
  cut(): Promise<void>
}

/** A tty, joined to the board's converter. */
async function connect(board: UnoBoard, socketPath: string, ttyPath: string): Promise<Cable> {
  const terminal = await startTerminal(socketPath, ttyPath)
  joinBridge(board, terminal.socket)
  return {
    async cut() {
      board.bridge.connect(undefined)
      await terminal.close()
    },
  }
}

function joinBridge(board: UnoBoard, socket: Socket): void {
  let waiting: number[] = []

  function flush(): void {
    if (socket.writableLength < UNREAD_BYTES) socket.write(Uint8Array.from(waiting))
    waiting = []
  }

  board.bridge.connect({
    received(byte) {
      // The board runs some milliseconds at a time; what it said in one run leaves in one piece.
      if (waiting.length === 0) process.nextTick(flush)
      waiting.push(byte)
    },
    sent() {
      if (socket.isPaused() && board.bridge.queuedBytes < QUEUE_BYTES / 2) socket.resume()
    },
  })
  socket.on('data', (bytes) => {
    board.bridge.write(bytes)
    if (board.bridge.queuedBytes >= QUEUE_BYTES) socket.pause()
  })
}
