/** How a device with the library boots on an emulated Uno: its epoch where the counter wraps, the cause of its reset behind a
 * bootloader that keeps the flags, and what it logs before there is a line. */

import { beforeAll, describe, expect, it } from 'vitest'
import { type BoardResetCause, createUno, type UnoOptions } from '../../src/testing/avr/board.js'
import { crc16, createDeframer, createValueCodec } from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

const BOOT_MS = 300
/** Of board_avr.cpp: the last bytes of the EEPROM, each cell a number and its CRC, little-endian. */
const [EEPROM_BYTES, CELLS, CELL_BYTES] = [1024, 8, 6]
const [EPOCH, RESET_CAUSE] = [2, 3]
const CAUSES = { power_on: 1, external: 2, brown_out: 3, watchdog: 4 } as const
const [HELLO, LOG] = [0xf0, 0xf5]

const codec = createValueCodec()

beforeAll(async () => {
  await firmware('images')
}, BUILD_TIMEOUT_MS)

function uno(image: string, options: Pick<UnoOptions, 'eeprom' | 'isEepromWorn'> = {}) {
  const board = createUno({ image: readBuilt(`build/firmware/uno/${image}.hex`), ...options })
  board.attached?.(0)
  const deframer = createDeframer({ maxContentBytes: 65_535 })
  const messages: { action: number; value: unknown }[] = []
  board.bridge.connect({
    received(byte) {
      for (const event of deframer.push(Uint8Array.of(byte))) {
        if (event.kind !== 'content') continue
        const decoded = codec.decode(event.bytes, 2)
        messages.push({ action: event.bytes[0]!, value: decoded.ok ? decoded.value : decoded.reason })
      }
    },
    sent() {},
  })
  let nowMs = 0
  /** What it says in its first moments after a reset. */
  const boot = (cause?: BoardResetCause) => {
    messages.length = 0
    if (cause) board.reset(cause)
    nowMs += BOOT_MS
    board.runTo(nowMs)
    return messages.slice()
  }
  const hello = (cause?: BoardResetCause) => boot(cause)[0]!.value as readonly unknown[]
  return { board, boot, hello }
}

/** An EEPROM with these epochs, the oldest in the cell `first`. */
function eepromWith(epochs: readonly number[], first: number): Uint8Array {
  const eeprom = new Uint8Array(EEPROM_BYTES).fill(0xff)
  for (const [i, epoch] of epochs.entries()) {
    const at = EEPROM_BYTES - (CELLS - ((first + i) % CELLS)) * CELL_BYTES
    const view = new DataView(eeprom.buffer)
    view.setUint32(at, epoch, true)
    view.setUint16(at + 4, crc16(eeprom.subarray(at, at + 4)), true)
  }
  return eeprom
}

describe('the epoch of an Uno board whose counter is about to wrap', () => {
  it.each([0, 3, 7])('goes on over 2^32 without telling a number twice, its oldest cell being number %i', (first) => {
    const before = Array.from({ length: CELLS }, (_, i) => 0xffff_ffff - CELLS - 1 + i)
    const { hello } = uno('greenhouse', { eeprom: eepromWith(before, first) })
    const told = [hello()[EPOCH]]
    for (let boot = 0; boot < 12; boot++) told.push(hello('external')[EPOCH])
    expect(told).toEqual(Array.from({ length: 13 }, (_, i) => (before.at(-1)! + 1 + i) % 2 ** 32))
  })
})

describe('the epoch of an Uno board whose EEPROM is worn out', () => {
  const cellOf = (address: number) => CELLS - Math.ceil((EEPROM_BYTES - address) / CELL_BYTES)
  const BOOTS = 2 * CELLS

  it.each([[[0]], [[2, 3, 7]], [[1, 2, 3, 4, 5, 6]]])('counts on where the cells %j keep nothing', (worn) => {
    const { hello } = uno('greenhouse', {
      eeprom: eepromWith([70, 71, 72, 73, 74, 75, 76, 77], 0),
      isEepromWorn: (address) => worn.includes(cellOf(address)),
    })
    const told = [hello()[EPOCH]]
    for (let boot = 1; boot < BOOTS; boot++) told.push(hello('external')[EPOCH])
    expect(told).toEqual(Array.from({ length: BOOTS }, (_, i) => 78 + i))
  })

  it('is another one at each boot where no cell keeps anything', () => {
    const { hello } = uno('greenhouse', { eeprom: eepromWith([70, 71], 0), isEepromWorn: () => true })
    const told = new Set([70, 71, hello()[EPOCH]])
    for (let boot = 1; boot < BOOTS; boot++) told.add(hello(boot % 2 ? 'external' : 'watchdog')[EPOCH])
    expect(told.size).toBe(2 + BOOTS)
  })
})

describe('an Uno board with a bootloader that hands the reset flags over in r2', () => {
  it.each(['power_on', 'external', 'brown_out', 'watchdog'] as const)('tells the cause %s', (cause) => {
    const { hello } = uno('reset_flags')
    expect(hello()[RESET_CAUSE]).toBe(CAUSES.power_on)
    expect(hello(cause)[RESET_CAUSE]).toBe(CAUSES[cause])
    expect(hello('external')[RESET_CAUSE]).toBe(CAUSES.external)
  })
})

describe('an Uno board that logs before it has begun', () => {
  it.each(['reset_flags', 'log_before_begin'])('loses that line, and boots all the same: %s', (image) => {
    const { boot } = uno(image)
    const said = boot()
    expect(said[0]).toMatchObject({ action: HELLO })
    expect(JSON.stringify(said)).not.toContain('nobody')
    expect(boot('external')[0]).toMatchObject({ action: HELLO })
  })

  it('writes through no pointer that is not set yet: its registers are as they were', () => {
    const said = uno('log_before_begin').boot()
    expect(said).toContainEqual({ action: LOG, value: [5, 'kept'] })
  })

  it('cuts a text of its flash between two characters', () => {
    const logs = uno('log_before_begin')
      .boot()
      .filter(({ action }) => action === LOG)
    expect(logs.map(({ value }) => value)).toEqual([
      [5, 'kept'],
      [5, '1234567'],
      [5, '123456°'],
      [5, '123456°'],
    ])
  })
})
