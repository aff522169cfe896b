/** What the kernel does for one emulated board's serial port: the lock, the modem lines and the two queues. */

import type { SerialBindingOpenOptions, SerialBindingPort } from '../../link/index.js'
import type { Bridge, LineSettings } from './bridge.js'

/** What the binding needs of a board. */
export interface BindableBoard {
  readonly serialNumber: string
  readonly resetOnOpen: boolean
  readonly bridge: Bridge
  readonly plugged: boolean
  onCable(listener: { unplugged(): void; plugged(): void }): () => void
  reset(cause: 'external'): void
  wakeHost(): void
}

/** A port as this binding opens it. */
export interface BoardPort extends SerialBindingPort {
  /** Received bytes that were lost because nobody read. */
  readonly droppedBytes: number
}

export interface Tty {
  open(options: Required<SerialBindingOpenOptions>): BoardPort
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/** @throws Error  from `open`, as the operating system words it, when the port is locked */
export function createTty(board: BindableBoard, transmitQueueBytes: number, receiveQueueBytes: number): Tty {
  const { bridge } = board
  let locked = false
  let dtr = false
  let current: { unplugged(): void } | undefined

  board.onCable({
    unplugged() {
      dtr = false
      current?.unplugged()
      current = undefined
      locked = false
    },
    plugged() {},
  })

  /** DTR coming on pulls RESET down for a moment, through the capacitor. */
  function setDtr(on: boolean, resets: boolean): void {
    if (on && !dtr && resets) board.reset('external')
    dtr = on
  }

  function open(openOptions: Required<SerialBindingOpenOptions>): BoardPort {
    if (locked && openOptions.lock) throw new Error('Error Resource temporarily unavailable Cannot lock port')
    locked ||= openOptions.lock
    bridge.configure(lineSettings(openOptions))
    setDtr(true, board.resetOnOpen)

    let isOpen = true
    let gone = false // the cable was pulled while this port was open
    let droppedBytes = 0
    let received: number[] = []
    let reading: (Waiting<number> & { buffer: Buffer; offset: number; length: number }) | undefined
    let writing: (Waiting<void> & { rest: Uint8Array }) | undefined
    let draining: Waiting<void>[] = []

    function takeReceived(buffer: Buffer, offset: number, length: number): number {
      const bytesRead = Math.min(length, received.length)
      for (let index = 0; index < bytesRead; index++) buffer[offset + index] = received[index]!
      received = bytesRead === received.length ? [] : received.slice(bytesRead)
      return bytesRead
    }

    /** Hands the kernel as much of the pending write as it takes, and tells those who wait for the line. */
    function progress(): void {
      if (writing !== undefined) {
        const room = Math.max(0, (transmitQueueBytes || 1) - bridge.queuedBytes)
        if (room > 0 && writing.rest.length > 0) {
          const part = writing.rest.subarray(0, room)
          writing.rest = writing.rest.subarray(room)
          bridge.write(part)
        }
        const accepted = writing.rest.length === 0 && (transmitQueueBytes > 0 || bridge.queuedBytes === 0)
        if (accepted) {
          const { resolve } = writing
          writing = undefined
          resolve()
          board.wakeHost()
        }
      }
      if (draining.length > 0 && writing === undefined && bridge.queuedBytes === 0) {
        for (const { resolve } of draining) resolve()
        draining = []
        board.wakeHost()
      }
    }

    function fail(error: Error): void {
      // The read comes first: its error is what makes the stream say `close` with `disconnected`.
      reading?.reject(error)
      writing?.reject(error)
      for (const { reject } of draining) reject(error)
      reading = undefined
      writing = undefined
      draining = []
      board.wakeHost()
    }

    function assertOpen(): void {
      if (!isOpen) throw new Error('Port is not open')
      if (gone) throw disconnected()
    }

    const self = { unplugged }
    function unplugged(): void {
      gone = true
      bridge.connect(undefined)
      fail(disconnected())
    }

    current = self
    bridge.connect({
      received(byte) {
        if (received.length >= receiveQueueBytes) {
          droppedBytes++
          return
        }
        received.push(byte)
        if (reading === undefined) return
        const { buffer, offset, length, resolve } = reading
        reading = undefined
        resolve(takeReceived(buffer, offset, length))
        board.wakeHost()
      },
      sent: progress,
    })

    return {
      openOptions,
      get isOpen() {
        return isOpen
      },
      get droppedBytes() {
        return droppedBytes
      },
      async close() {
        if (!isOpen) throw new Error('Port is not open')
        isOpen = false
        fail(Object.assign(new Error('Port is not open'), { canceled: true }))
        if (gone) return
        bridge.connect(undefined)
        if (openOptions.hupcl) dtr = false
        locked = false
        current = undefined
      },
      async read(buffer, offset, length) {
        if (!Buffer.isBuffer(buffer)) throw new TypeError('"buffer" is not a Buffer')
        if (buffer.length < offset + length) throw new Error('buffer is too small')
        if (!isOpen) throw Object.assign(new Error('Port is not open'), { canceled: true })
        assertOpen()
        if (received.length > 0) return { buffer, bytesRead: takeReceived(buffer, offset, length) }
        const bytesRead = await new Promise<number>((resolve, reject) => {
          reading = { buffer, offset, length, resolve, reject }
        })
        return { buffer, bytesRead }
      },
      async write(buffer) {
        if (!Buffer.isBuffer(buffer)) throw new TypeError('"buffer" is not a Buffer')
        assertOpen()
        if (writing !== undefined) throw new Error('Overlapping writes are not supported')
        await new Promise<void>((resolve, reject) => {
          writing = { rest: Uint8Array.from(buffer), resolve, reject }
          progress()
        })
      },
      async update(updateOptions) {
        if (typeof updateOptions?.baudRate !== 'number') throw new TypeError('"options.baudRate" is not a number')
        assertOpen()
        bridge.configure({ ...bridge.settings, baudRate: updateOptions.baudRate })
      },
      async set(setOptions) {
        assertOpen()
        setDtr(setOptions.dtr ?? true, true)
      },
      async get() {
        assertOpen()
        // What cdc_acm answers for an Uno: CTS always, DSR and DCD only if the converter reports them, which it never does.
        return { cts: true, dsr: false, dcd: false }
      },
      async getBaudRate() {
        assertOpen()
        return { baudRate: bridge.settings.baudRate }
      },
      async flush() {
        assertOpen()
        received = []
        bridge.discard()
        progress()
      },
      async drain() {
        assertOpen()
        if (writing === undefined && bridge.queuedBytes === 0) return
        await new Promise<void>((resolve, reject) => {
          draining.push({ resolve, reject })
        })
      },
    }
  }

  return { open }
}

function lineSettings(options: Required<SerialBindingOpenOptions>): LineSettings {
  const { baudRate, dataBits, stopBits, parity } = options
  if (parity !== 'none' && parity !== 'even' && parity !== 'odd') {
    throw new Error(`The parity "${parity}" is not modelled; none, even and odd are.`)
  }
  return { baudRate, dataBits, parity, stopBits: Math.ceil(stopBits) }
}

/** The text is that of bindings-cpp's poller when a tty hangs up. */
const disconnected = () => Object.assign(new Error('bad file descriptor'), { disconnected: true })
