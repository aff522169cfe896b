// The sketch Button, compiled for the Uno, in virtual time: there a contact can bounce to the millisecond.
import 'serialport'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { button } from '../../docs/examples/button.contract.js'
import { type Contract, open } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { BUILD_TIMEOUT_MS, firmware } from '../firmware/build.js'

const BUTTON_PIN = 2

beforeAll(async () => {
  await firmware('size')
}, BUILD_TIMEOUT_MS)

describe('the example Button, emulated Uno board', () => {
  it('tells one press of a contact that bounces, and its length from the first touch that counts', async () => {
    const clock = createVirtualClock()
    const board = createUno({ image: readFileSync('build/firmware/uno/button.hex', 'utf8'), clock })
    board.setPin(BUTTON_PIN, true)
    const binding = createBoardBinding({ '/dev/uno': board })
    type Button = (typeof button)['definition']
    const contract = button as unknown as Contract<Button>
    const port = await clock.until(open(contract, { serial: '/dev/uno', binding, clock }))
    const heard: (string | number)[] = []
    port.on('pressed', () => heard.push('pressed'))
    port.on('released', ({ heldMs }) => heard.push(heldMs))
    expect(await clock.until(port.call('isPressed'))).toBe(false)

    // Pressed is low.
    const bounce = async (down: boolean) => {
      for (const gapMs of [1, 3, 2, 7, 15]) {
        board.setPin(BUTTON_PIN, down)
        await clock.advance(gapMs)
        board.setPin(BUTTON_PIN, !down)
        await clock.advance(gapMs)
      }
    }
    await bounce(true)
    expect(heard).toEqual([])
    await clock.advance(100)
    expect(heard).toEqual(['pressed'])
    expect(await clock.until(port.call('isPressed'))).toBe(true)
    await bounce(false)
    await clock.advance(100)
    expect(heard).toEqual(['pressed', expect.any(Number)])
    // From the last edge down to the last edge up: 15 ms, then 100, a call, and the 56 ms of bouncing less the last 15.
    expect(heard[1]).toBeGreaterThanOrEqual(156)
    expect(heard[1]).toBeLessThan(165)

    // Shorter than the debounce time: nothing.
    board.setPin(BUTTON_PIN, false)
    await clock.advance(18)
    board.setPin(BUTTON_PIN, true)
    await clock.advance(100)
    expect(heard).toHaveLength(2)
    await clock.until(port.close())
  })
})
