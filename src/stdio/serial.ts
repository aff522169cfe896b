/** A connector to a tty for a short-lived program: it waits, within bounds, for the one before it to let go of the port, and can
 * leave without waiting for bytes that nobody needs any more. */

import { execFile } from 'node:child_process'
import type { Clock } from '../clock.js'
import { PortwireError } from '../errors.js'
import { type Connector, holderOf, type SerialBinding, type SerialBindingPort, serialConnector } from '../link/index.js'
import { LOCK_RETRY_MS } from './limits.js'

export interface StdioSerialOptions {
  readonly path: string
  readonly baudRate: number | undefined
  readonly lockWaitMs: number
  /** Leave DTR as it is when this program ends, so that the next open does not reset the board. */
  readonly noReset: boolean
  readonly clock: Clock
}

export interface StdioSerial {
  readonly connector: Connector
  /** Throws away what the driver has not sent: a close would wait for it, up to 30 s. */
  discard(): Promise<void>
}

export function createStdioSerial(options: StdioSerialOptions): StdioSerial {
  const { path, baudRate, lockWaitMs, noReset, clock } = options
  let opened: SerialBindingPort | undefined
  const binding: SerialBinding = {
    list: async () => [],
    async open(settings) {
      const { SerialPort } = await import('serialport')
      const system = SerialPort.binding as unknown as SerialBinding
      if (noReset) await keepDtr(path)
      opened = await withLock(clock, lockWaitMs, () => system.open({ ...settings, hupcl: !noReset }))
      return opened
    },
  }
  const serial = serialConnector({ path, ...(baudRate !== undefined && { baudRate }), binding, clock })
  return {
    connector: {
      ...serial,
      connect: (handlers) =>
        serial.connect(handlers).catch(async (error: unknown) => {
          throw await withHolder(path, error)
        }),
    },
    async discard() {
      if (opened?.isOpen) await opened.flush().catch(() => {}) // gone already: nothing is left to throw away
    },
  }
}

/** Tries again while another process holds the lock, which a program that is just ending does for some milliseconds. */
async function withLock<P>(clock: Clock, waitMs: number, open: () => Promise<P>): Promise<P> {
  const endMs = clock.nowMs() + waitMs
  while (true) {
    try {
      return await open()
    } catch (error) {
      if (!/cannot lock port/i.test((error as Error).message) || clock.nowMs() >= endMs) throw error
    }
    await new Promise<void>((resolve) => clock.after(LOCK_RETRY_MS, resolve))
  }
}

/** HUPCL makes the driver drop DTR at the last close, and the next open raises it again: the edge that resets a board. serialport only
 * ever sets the flag, so that stty has to clear it. */
function keepDtr(path: string): Promise<void> {
  const file = process.platform === 'darwin' ? '-f' : '-F'
  // That stty is missing or fails is seen at the board at worst; opening says what is wrong with the path.
  return new Promise((resolve) => execFile('stty', [file, path, '-hupcl'], () => resolve()))
}

async function withHolder(path: string, error: unknown): Promise<unknown> {
  if (!(error instanceof PortwireError) || error.code !== 'PORT_BUSY') return error
  const holder = await holderOf(path)
  if (!holder) return error
  return new PortwireError('PORT_BUSY', `${path} is in use by process ${holder.pid} (${holder.command})`, {
    cause: error,
  })
}
