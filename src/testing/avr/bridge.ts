/**
 * The USB-to-serial converter of an emulated board: the host's end of the two wires. It sends queued bytes at the
 * host's bit rate, whether or not the chip listens, and receives with the host's settings.
 */

import type { TickQueue } from './tick-queue.js'
import { createReceiver, type FrameFormat, frameLevels, type Wire } from './wire.js'

export interface LineSettings {
  readonly baudRate: number
  readonly dataBits?: number
  readonly parity?: 'none' | 'even' | 'odd'
  readonly stopBits?: number
}

/** A byte as it goes onto the wire. */
export interface LineByte {
  readonly byte: number
  /** Levels to invert, the start bit in bit 0: bits 1 to 8 are the data, bit 9 is the stop bit of 8N1. */
  readonly invert?: number
}

/** Turns each byte into what the line makes of it: nothing, the byte, damaged, or more than one. */
export type LineFault = (byte: number) => readonly LineByte[]

/** What the bridge tells the host's driver. */
export interface BridgeHost {
  received(byte: number): void
  /** A byte has left; `queuedBytes` of the bridge says how many have not. */
  sent(): void
}

export interface Bridge {
  /** Takes effect with the next byte. */
  configure(settings: LineSettings): void
  readonly settings: Required<LineSettings>
  /** Queues bytes; the caller keeps the queue within its bounds. */
  write(bytes: Uint8Array): void
  /** Bytes whose stop bit is still to be sent. */
  readonly queuedBytes: number
  /** Drops what is queued, but for the byte that is on the wire. */
  discard(): void
  /** There is one host at a time. */
  connect(host: BridgeHost | undefined): void
  setFault(direction: 'to_device' | 'to_host', fault: LineFault | undefined): void
  /** Bytes that the host received with a wrong stop or parity bit. */
  readonly framingErrors: number
}

export interface BridgeOptions {
  readonly queue: TickQueue
  readonly nowTick: () => number
  readonly ticksPerSecond: number
  readonly toDevice: Wire
  readonly toHost: Wire
  /** Told before bytes are queued. */
  readonly onWrite: () => void
}

export function createBridge(options: BridgeOptions): Bridge {
  const { queue, toDevice, toHost } = options
  let settings: Required<LineSettings> = { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 }
  const waiting: number[] = []
  let head = 0
  let line: LineByte[] = [] // what a fault made of the byte that is being sent
  let sending = false
  let host: BridgeHost | undefined
  let deviceFault: LineFault | undefined
  let hostFault: LineFault | undefined
  let framingErrors = 0

  const format = (): FrameFormat => ({
    bitTicks: options.ticksPerSecond / settings.baudRate,
    dataBits: settings.dataBits,
    parity: settings.parity,
    stopBits: settings.stopBits,
  })

  function sendNext(tick: number): void {
    while (line.length === 0) {
      if (head === waiting.length) {
        waiting.length = 0
        head = 0
        sending = false
        return
      }
      const byte = waiting[head++]!
      line = deviceFault === undefined ? [{ byte }] : [...deviceFault(byte)]
      if (line.length === 0) {
        // A lost byte takes its time on the line all the same.
        sending = true
        const silence = format()
        queue.at(tick + silence.bitTicks * 10, finished)
        return
      }
    }
    sending = true
    const frame = format()
    const { byte, invert = 0 } = line.shift()!
    queue.at(toDevice.drive(tick, frameLevels(byte, frame) ^ invert, frame), finished)
  }

  function finished(tick: number): void {
    const done = line.length === 0
    sendNext(tick)
    if (done) host?.sent()
  }

  createReceiver(toHost, queue, {
    format,
    character(character) {
      if (character.framingError || character.parityError) framingErrors++
      const bytes = hostFault === undefined ? [{ byte: character.value }] : hostFault(character.value)
      for (const { byte, invert = 0 } of bytes) host?.received((byte ^ (invert >> 1)) & 0xff)
    },
  })

  return {
    configure(next) {
      settings = { dataBits: 8, parity: 'none', stopBits: 1, ...next }
    },
    get settings() {
      return settings
    },
    write(bytes) {
      options.onWrite()
      for (const byte of bytes) waiting.push(byte)
      if (!sending) sendNext(options.nowTick())
    },
    get queuedBytes() {
      return waiting.length - head + (sending ? 1 : 0)
    },
    discard() {
      waiting.length = head
    },
    connect(next) {
      host = next
    },
    setFault(direction, fault) {
      if (direction === 'to_device') deviceFault = fault
      else hostFault = fault
    },
    get framingErrors() {
      return framingErrors
    },
  }
}
