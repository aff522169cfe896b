/**
 * A serialport binding over emulated boards: the real SerialPortStream drives them as it drives the operating system's
 * ports. Promises settle in virtual time, and opening, locking and unplugging behave as bindings-cpp does on Linux.
 */

import type { SerialBinding, SerialPortInfo } from '../../link/index.js'
import { type BindableBoard, type BoardPort, createTty, type Tty } from './tty.js'

export type { BindableBoard, BoardPort } from './tty.js'

export interface BoardBindingOptions {
  /** Bytes that the kernel takes before a write has to wait; default 4,096. 0: a write ends when its last byte is out. */
  transmitQueueBytes?: number
  /** Received bytes that the kernel keeps while nobody reads; later ones are lost. Default 4,096. */
  receiveQueueBytes?: number
}

export interface BoardBinding extends SerialBinding<BoardPort> {
  /** Gives a board another path, as a replug may; an open port keeps what it has. */
  move(fromPath: string, toPath: string): void
  /** For `onArrival` of a serial target: calls when any of the boards is plugged in; returns how to stop. */
  onArrival(arrived: () => void): () => void
}

const DEFAULT_QUEUE_BYTES = 4096

/** What an Uno's converter tells USB about itself. */
const UNO_USB = { manufacturer: 'Arduino (www.arduino.cc)', vendorId: '2341', productId: '0043' } as const

/**
 * A binding whose `list()` shows these boards while they are plugged in.
 * @param boards  path to board, `{ '/dev/emulated0': board }`
 */
export function createBoardBinding(
  boards: Readonly<Record<string, BindableBoard>>,
  options: BoardBindingOptions = {},
): BoardBinding {
  const transmitQueueBytes = options.transmitQueueBytes ?? DEFAULT_QUEUE_BYTES
  const receiveQueueBytes = options.receiveQueueBytes ?? DEFAULT_QUEUE_BYTES
  const byPath = new Map(Object.entries(boards))
  const ttys = new Map<BindableBoard, Tty>()
  for (const board of byPath.values()) ttys.set(board, createTty(board, transmitQueueBytes, receiveQueueBytes))

  return {
    async list() {
      return [...byPath].filter(([, board]) => board.plugged).map(([path, board]) => portInfo(path, board))
    },
    async open(openOptions) {
      if (!openOptions || typeof openOptions !== 'object') throw new TypeError('"options" is not an object')
      if (!openOptions.path) throw new TypeError('"path" is not a valid port')
      if (!openOptions.baudRate) throw new TypeError('"baudRate" is not a valid baudRate')
      const { path } = openOptions
      const board = byPath.get(path)
      if (board === undefined || !board.plugged)
        throw new Error(`Error: No such file or directory, cannot open ${path}`)
      return ttys.get(board)!.open({ ...DEFAULT_OPEN_OPTIONS, ...openOptions })
    },
    onArrival(arrived) {
      const stops = [...byPath.values()].map((board) => board.onCable({ unplugged() {}, plugged: arrived }))
      return () => {
        for (const stop of stops) stop()
      }
    },
    move(fromPath, toPath) {
      const board = byPath.get(fromPath)
      if (board === undefined) throw new Error(`There is no board at ${fromPath}.`)
      byPath.delete(fromPath)
      byPath.set(toPath, board)
    },
  }
}

const DEFAULT_OPEN_OPTIONS = {
  dataBits: 8,
  lock: true,
  stopBits: 1,
  parity: 'none',
  rtscts: false,
  xon: false,
  xoff: false,
  xany: false,
  hupcl: true,
} as const

function portInfo(path: string, board: BindableBoard): SerialPortInfo {
  const { serialNumber } = board
  const pnpId = `usb-Arduino__www.arduino.cc__0043_${serialNumber}-if00`
  return { path, ...UNO_USB, serialNumber, pnpId, locationId: undefined }
}
