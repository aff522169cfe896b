/** The way out: every message of a session is written here, so that bytes, room and the line's own time are counted once. */

import type { Clock } from '../../clock.js'
import type { Room } from './room.js'

export interface Line {
  /** Writes a message; returns its position in the byte count, which an answer may prove as read. */
  put(action: number, token: number, value: Uint8Array | undefined): number
  /** True when a message with so many bytes of value cannot overrun the device. */
  fits(valueBytes: number): boolean
  /** Time until the last byte written so far is on the wire. */
  backlogMs(): number
  /** Time that so many bytes of content take on the wire. */
  durationMs(contentBytes: number): number
  readonly lastWriteMs: number
}

export interface LineOptions {
  readonly clock: Clock
  readonly room: Room
  /** Encodes and writes; returns the bytes on the wire. */
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => number
  /** Most bytes on the wire for so many of content. */
  readonly wireBytes: (contentBytes: number) => number
  /** Undefined where the line is not the limit. */
  readonly baudRate: number | undefined
}

/** Start bit, eight data bits, stop bit. */
const BITS_A_BYTE = 10

export function createLine(options: LineOptions): Line {
  const { clock, room } = options
  const byteMs = options.baudRate === undefined ? 0 : (BITS_A_BYTE * 1000) / options.baudRate
  let freeAtMs = clock.nowMs()
  let lastWriteMs = clock.nowMs()
  return {
    put(action, token, value) {
      const bytes = options.write(action, token, value)
      lastWriteMs = clock.nowMs()
      freeAtMs = Math.max(freeAtMs, lastWriteMs) + bytes * byteMs
      return room.wrote(bytes)
    },
    fits: (valueBytes) => room.fits(options.wireBytes(2 + valueBytes)),
    backlogMs: () => Math.max(0, freeAtMs - clock.nowMs()),
    durationMs: (contentBytes) => options.wireBytes(contentBytes) * byteMs,
    get lastWriteMs() {
      return lastWriteMs
    },
  }
}
