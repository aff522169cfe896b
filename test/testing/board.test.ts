import { describe, expect, test } from 'vitest'
import { createUno } from '../../src/testing/avr/board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { compileFirmware } from './compile-firmware.js'
import { emulate } from './emulated.js'

const WDRF = 8
const BORF = 4
const EXTRF = 2
const PORF = 1

describe('resets', () => {
  test('firmware that hangs at 100 ms under a 60 ms watchdog is reset at 164 ms, finds WDRF, and echoes again', async () => {
    const { board, clock, send, received, receive } = await emulate('hang')
    await clock.until(untilReset(board, clock), 1000)
    expect(clock.nowMs()).toBeGreaterThan(163.9)
    expect(clock.nowMs()).toBeLessThan(164.4)
    expect(await receive(1)).toEqual([WDRF])
    expect(received[0]!.atMs).toBeCloseTo(164.2, 0)
    send([1, 2, 3])
    expect(await receive(4)).toEqual([WDRF, 1, 2, 3])
  })

  test('the watchdog stays on after its reset until the firmware has cleared WDRF', async () => {
    const { board, clock } = await emulate('wdrf-kept')
    await clock.advance(200)
    // 16.4 ms a boot; firmware that clears WDRF would be reset once.
    expect(board.statistics().resets.watchdog).toBeGreaterThanOrEqual(11)
  })

  test('an external reset sets EXTRF, a brown-out BORF, a power-up PORF alone', async () => {
    const { board, receive } = await emulate('eeprom-counter')
    await receive(2)
    board.reset('external')
    await receive(4)
    board.reset('brown_out')
    await receive(6)
    board.powerOff()
    board.powerOn()
    expect(await receive(8)).toEqual([0, PORF, 1, EXTRF, 2, BORF, 3, PORF])
    expect(board.statistics().resets).toEqual({ power_on: 2, external: 1, brown_out: 1, watchdog: 0 })
  })

  test('SRAM survives a reset, and is noise after a power-up', async () => {
    const { board, clock, send, receive } = await emulate('eeprom-counter')
    await receive(2)
    send([77])
    await clock.advance(1)
    board.reset('external')
    await receive(4)
    send([...Buffer.from('S')])
    expect((await receive(5))[4]).toBe(77)
    board.powerOff()
    board.powerOn()
    await receive(7)
    send([...Buffer.from('S')])
    expect((await receive(8))[7]).not.toBe(77)
  })

  test('EEPROM keeps its contents over resets and power cycles, and can be given', async () => {
    const { board, receive } = await emulate('eeprom-counter', { eeprom: Uint8Array.of(0, 0, 0, 41) })
    expect((await receive(2))[0]).toBe(42)
    board.reset('watchdog')
    expect((await receive(4))[2]).toBe(43)
    board.powerOff()
    board.powerOn()
    expect((await receive(6))[4]).toBe(44)
    expect(board.eeprom[3]).toBe(44)
  })

  test('bytes that come while the bootloader runs are swallowed, those after it are not', async () => {
    const { board, clock, send, receive } = await emulate('watchdog', { bootMs: 500 })
    expect(await receive(1)).toEqual([PORF])
    board.reset('external')
    send([1, 2, 3])
    await clock.advance(499)
    expect(await receive(1)).toHaveLength(1)
    await clock.advance(2)
    send([4])
    expect(await receive(3)).toEqual([PORF, EXTRF, 4])
  })

  test('without power nothing is received, and pins float', async () => {
    const { board, clock, send } = await emulate('polled-echo')
    await clock.advance(1)
    board.powerOff()
    send([1, 2, 3])
    await clock.advance(5)
    expect(board.statistics().receivedBytes).toBe(0)
    expect(board.pin(13)).toBe('input')
  })
})

describe('pins', () => {
  test('voltages at A0 to A5 are read as 10-bit values of 5 V', async () => {
    const { board, clock, send, receive } = await emulate('analog')
    await clock.advance(1)
    board.setAnalogVolts(0, 0.75)
    board.setAnalogVolts(5, 5)
    send([...Buffer.from('AF')])
    const [high, low, high5, low5] = await receive(4)
    expect((high! << 8) | low!).toBe(Math.floor((0.75 / 5) * 1024))
    expect((high5! << 8) | low5!).toBe(1023)
  })

  test('a voltage stays over a reset', async () => {
    const { board, clock, send, receive } = await emulate('analog')
    board.setAnalogVolts(0, 2.5)
    board.reset('external')
    await clock.advance(1)
    send([...Buffer.from('A')])
    expect(await receive(2)).toEqual([2, 0])
  })

  test('the duty of the PWM on pin 9 is read from the timer', async () => {
    const { board, clock, send } = await emulate('analog')
    await clock.advance(1)
    expect(board.pwmDuty(9)).toBe(0)
    send([204])
    await clock.advance(1)
    expect(board.pwmDuty(9)).toBe(0.8)
    expect(board.pwmDuty(13)).toBe(1)
    expect(board.pin(13)).toBe('high')
    expect(board.pin(12)).toBe('input')
  })

  test('a pin that an Uno does not have is refused by its number', async () => {
    const { board } = await emulate('analog')
    expect(() => board.pin(20)).toThrow('pins 0 to 19, not 20')
    expect(() => board.setAnalogVolts(6, 1)).toThrow('channels 0 to 5, not 6')
  })
})

describe('time', () => {
  test('two boards on one clock run side by side, each at its own pace', async () => {
    const clock = createVirtualClock()
    const image = await compileFirmware('polled-echo')
    const boards = [0, 1].map(() => createUno({ image, clock }))
    const log: string[] = []
    for (const [index, board] of boards.entries()) {
      board.bridge.connect({
        received(byte) {
          log.push(`${index}:${byte}`)
          // What one board says goes on to the other: a ring of two boards and the host.
          if (byte < 20) boards[1 - index]!.bridge.write(Uint8Array.of(byte + 1))
          board.wakeHost()
        },
        sent() {},
      })
    }
    await clock.advance(1)
    boards[0]!.bridge.write(Uint8Array.of(0))
    await clock.advance(10)
    expect(log).toEqual(Array.from({ length: 21 }, (_, byte) => `${byte % 2}:${byte}`))
  })

  test('the same session gives the same bytes at the same ticks', async () => {
    const transcript = async () => {
      const { board, clock, send, receive, received } = await emulate('millis')
      for (let round = 0; round < 20; round++) {
        await clock.advance(13.7 * (round % 4))
        send([...Buffer.from('abct')].slice(0, 1 + (round % 4)))
      }
      await clock.advance(500)
      await receive(5)
      return JSON.stringify([received, board.statistics()])
    }
    expect(await transcript()).toBe(await transcript())
  })
})

function untilReset(board: ReturnType<typeof createUno>, clock: ReturnType<typeof createVirtualClock>): Promise<void> {
  return new Promise((resolve) => {
    const look = () => (board.statistics().resets.watchdog > 0 ? resolve() : clock.after(0.01, look))
    look()
  })
}
