/**
 * A bare Cortex-M3 board in real time behind a real pseudo-terminal: Debian's qemu-system-arm emulates TI's evaluation board
 * of the LM3S6965, with an AT24C32 EEPROM on its I2C bus. Firmware for it begins with its vectors at address 0.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Qemu, startQemu } from './qemu-process.js'
import { startTerminal, type Terminal } from './terminal.js'

/** What arrives of the bytes that were sent: the same, fewer, others, or more. */
export type Disturb = (bytes: Uint8Array) => Uint8Array

export interface QemuBoardOptions {
  /** The content of the flash, a raw binary: a path. */
  readonly image: string
  /** The content of the EEPROM, 4,096 bytes: a path; default a new one that `stop()` removes. */
  readonly eeprom?: string
  /** Faults of the line, for each direction; default none. */
  readonly disturb?: { readonly toBoard?: Disturb; readonly toHost?: Disturb }
  /** How long QEMU may take to start, ms; default 10,000. */
  readonly readyTimeoutMs?: number
}

export interface QemuBoard {
  /** The tty to open. It is the same after `plug()`. */
  readonly path: string
  /** Presses the reset button: RAM and EEPROM keep what they hold. */
  reset(): void
  /** Stops the processor, as a crash without a watchdog does. The line stays up, and what comes meanwhile waits. */
  stall(): void
  resume(): void
  /** Pulls the cable: the tty hangs up and vanishes, the board loses power. The EEPROM keeps what it holds. */
  unplug(): Promise<void>
  plug(): Promise<void>
  /** Ends everything and removes the tty. */
  stop(): Promise<void>
  /** Bytes of the board that were dropped because the host did not read; a UART would have lost them too. */
  readonly unreadBytes: number
}

/** AT24C32D data sheet, 1: 32 Kbit. */
const EEPROM_BYTES = 4096
/** Bytes of the board that wait for a host that does not read; later ones are lost. */
const UNREAD_BYTES = 65_536
const READY_TIMEOUT_MS = 10_000

/**
 * Starts the board behind a tty of its own; resolves when the tty can be opened and the processor runs.
 * @throws Error  when qemu-system-arm or socat is missing, naming the Debian package, and when QEMU ends (its stderr is in the
 *   message) or does not start in time
 */
export async function startQemuBoard(options: QemuBoardOptions): Promise<QemuBoard> {
  const folder = await mkdtemp(join(tmpdir(), 'portwire-qemu-'))
  const path = join(folder, 'tty')
  const eeprom = options.eeprom ?? join(folder, 'eeprom')
  if (options.eeprom === undefined) await writeFile(eeprom, new Uint8Array(EEPROM_BYTES).fill(0xff))
  let unreadBytes = 0
  let powered: { terminal: Terminal; qemu: Qemu } | undefined

  function joinLine(terminal: Socket, uart: Socket): void {
    const { toBoard, toHost } = options.disturb ?? {}
    terminal.on('data', (bytes) => {
      // A UART has no flow control, but the pipe to the emulator has: the host's bytes wait, they are not lost here.
      if (uart.write(toBoard ? toBoard(bytes) : bytes)) return
      terminal.pause()
      uart.once('drain', () => terminal.resume())
    })
    uart.on('data', (bytes) => {
      if (terminal.writableLength < UNREAD_BYTES) terminal.write(toHost ? toHost(bytes) : bytes)
      else unreadBytes += bytes.length
    })
  }

  async function plug(): Promise<void> {
    if (powered) return
    const terminal = await startTerminal(join(folder, 'line'), path)
    try {
      const readyTimeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS
      const qemu = await startQemu({ image: options.image, eeprom, socketPath: join(folder, 'uart'), readyTimeoutMs })
      powered = { terminal, qemu }
      joinLine(terminal.socket, qemu.uart)
    } catch (error) {
      await terminal.close()
      throw error
    }
  }

  async function unplug(): Promise<void> {
    const { terminal, qemu } = powered ?? {}
    powered = undefined
    await qemu?.kill()
    await terminal?.close()
  }

  async function stop(): Promise<void> {
    await unplug()
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await plug()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    path,
    reset: () => powered?.qemu.monitor('system_reset'),
    stall: () => powered?.qemu.monitor('stop'),
    resume: () => powered?.qemu.monitor('cont'),
    unplug,
    plug,
    stop,
    get unreadBytes() {
      return unreadBytes
    },
  }
}
