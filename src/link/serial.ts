/** A UART behind a tty: the serialport package, one fresh port object a session, every wait bounded. */

import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { SerialPort, SerialPortOpenOptions } from 'serialport'
import { type Clock, systemClock } from '../clock.js'
import type { SerialBinding } from './binding.js'
import type { Connector, Link, LinkHandlers } from './link.js'
import { serialOpenError } from './serial-errors.js'

export interface SerialOptions {
  /** `/dev/ttyACM0`, `COM3`, or what a binding calls its boards. */
  readonly path: string
  /** Default 115,200. */
  readonly baudRate?: number
  readonly dataBits?: 5 | 6 | 7 | 8
  readonly parity?: 'none' | 'even' | 'odd' | 'mark' | 'space'
  readonly stopBits?: 1 | 1.5 | 2
  /** RTS/CTS flow control. */
  readonly rtscts?: boolean
  /** Default: the operating system's; an emulated board in tests and in the demonstration. */
  readonly binding?: SerialBinding
  /** Tells when the device may be there again. Default: watches the folder of `path`. */
  readonly onArrival?: (arrived: () => void) => () => void
  readonly clock?: Clock
}

export const SERIAL_DEFAULTS = {
  baudRate: 115_200,
  /** tcdrain may block for ever with flow control on. */
  drainTimeoutMs: 500,
  closeTimeoutMs: 1_000,
  /** A new device file appears before udev has set its group. */
  settleMs: 100,
} as const

export function serialConnector(options: SerialOptions): Connector {
  const baudRate = options.baudRate ?? SERIAL_DEFAULTS.baudRate
  return {
    name: options.path,
    lossless: false,
    baudRate,
    async connect(handlers) {
      const { SerialPort } = await import('serialport')
      const { path, dataBits = 8, parity = 'none', stopBits = 1, rtscts = false, binding } = options
      const settings = { path, baudRate, dataBits, parity, stopBits, rtscts, autoOpen: false }
      const port = new SerialPort((binding ? { ...settings, binding } : settings) as SerialPortOpenOptions<never>)
      const link = await openLink(port as SerialPort, handlers, options.clock ?? systemClock)
      if (link instanceof Error) throw await serialOpenError(path, link, binding === undefined)
      return link
    },
    onArrival: options.onArrival ?? ((arrived) => watchPath(options.path, options.clock ?? systemClock, arrived)),
  }
}

/** The open link, or what serialport said when it could not be opened. */
function openLink(port: SerialPort, handlers: LinkHandlers, clock: Clock): Promise<Link | Error> {
  return new Promise((resolve) => {
    let ended = false
    let closing: Promise<void> | undefined
    const end = (detail: string) => {
      if (ended) return
      ended = true
      handlers.ended(closing ? { kind: 'closed' } : { kind: 'unplugged', detail })
    }
    // A data listener from the start: without one a hang-up goes unnoticed.
    port.on('data', (bytes: Uint8Array) => {
      if (!ended) handlers.data(bytes)
    })
    port.on('error', (error) => {
      // The driver could not write: the descriptor is useless, and no `close` may ever come.
      if (port.isOpen) port.close(() => end(error.message))
      else end(error.message)
    })
    port.on('close', (error: Error | null) => end(error?.message ?? 'hang-up'))

    const link: Link = {
      // On a closed port serialport would keep the bytes and send them to the freshly booted board after a reopen.
      write: (bytes) => ended || closing !== undefined || port.write(bytes),
      drained: () => new Promise((done) => (ended ? done() : port.once('drain', done))),
      close: () => (closing ??= closePort(port, clock).then(() => end('closed'))),
    }
    port.open((error) => {
      if (error) ended = true
      resolve(error ?? link)
    })
  })
}

/** Drains, then releases the tty; neither may wait for ever. */
async function closePort(port: SerialPort, clock: Clock): Promise<void> {
  if (port.isOpen) {
    await within(clock, SERIAL_DEFAULTS.drainTimeoutMs, (done) => port.drain(() => done()))
  }
  if (port.isOpen) {
    await within(clock, SERIAL_DEFAULTS.closeTimeoutMs, (done) => port.close(() => done()))
  }
}

function within(clock: Clock, limitMs: number, run: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, resolve)
    run(() => {
      cancel()
      resolve()
    })
  })
}

/** Watches the folder, as the file itself is not there; a folder that cannot be watched leaves it to the backoff. */
function watchPath(path: string, clock: Clock, arrived: () => void): () => void {
  let cancelSettle = () => {}
  try {
    const watcher = watch(dirname(path), (_event, file) => {
      if (file !== basename(path)) return
      cancelSettle()
      cancelSettle = clock.after(SERIAL_DEFAULTS.settleMs, arrived)
    })
    watcher.on('error', () => watcher.close())
    return () => {
      cancelSettle()
      watcher.close()
    }
  } catch {
    return () => {} // no such folder (COM3, an emulated board), or no inotify watch left
  }
}
