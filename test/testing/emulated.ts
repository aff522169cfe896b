/** For tests of the board: an Uno with a test firmware on a virtual clock, and a host that writes and collects bytes. */

import { createUno, type UnoBoard, type UnoOptions } from '../../src/testing/avr/board.js'
import type { LineSettings } from '../../src/testing/avr/bridge.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { compileFirmware } from './compile-firmware.js'

export interface Emulated {
  readonly clock: VirtualClock
  readonly board: UnoBoard
  /** All that came from the board so far, with the virtual time of each byte. */
  readonly received: { readonly byte: number; readonly atMs: number }[]
  bytes(): number[]
  send(bytes: readonly number[] | Uint8Array): void
  /** Advances until `count` bytes have come since the start. */
  receive(count: number, limitMs?: number): Promise<number[]>
}

export interface EmulatedOptions extends Omit<UnoOptions, 'image' | 'clock'> {
  readonly defines?: Readonly<Record<string, string>>
  readonly line?: LineSettings
}

export async function emulate(firmware: string, options: EmulatedOptions = {}): Promise<Emulated> {
  const { defines, line, ...uno } = options
  const clock = createVirtualClock()
  const board = createUno({ ...uno, image: await compileFirmware(firmware, defines), clock })
  if (line !== undefined) board.bridge.configure(line)
  const received: { byte: number; atMs: number }[] = []
  let wanted = Number.POSITIVE_INFINITY
  let arrived = () => {}
  board.bridge.connect({
    received(byte) {
      received.push({ byte, atMs: board.reachedMs() })
      if (received.length < wanted) return
      arrived()
      board.wakeHost()
    },
    sent() {},
  })
  const bytes = () => received.map(({ byte }) => byte)
  return {
    clock,
    board,
    received,
    bytes,
    send: (data) => board.bridge.write(Uint8Array.from(data)),
    async receive(count, limitMs) {
      wanted = count
      if (received.length < count) {
        const all = new Promise<void>((resolve) => {
          arrived = resolve
        })
        await clock.until(all, limitMs)
      }
      return bytes()
    },
  }
}
