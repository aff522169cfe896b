/** What a device with the library's own UART has lost before any frame was seen, as STATS tells it, on an emulated Uno. */

// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { beforeAll, describe, expect, it } from 'vitest'
import { defineContract } from '../../src/contract/index.js'
import { open } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

const uartLosses = defineContract({
  name: 'uart_losses',
  version: '1',
  actions: { block: { args: { ms: 'u16' } }, deafen: {} },
})
const RING_BYTES = 63
/** 115,200 baud. */
const BYTES_PER_MS = 11

beforeAll(async () => {
  await firmware('size')
}, BUILD_TIMEOUT_MS)

async function uno(image: string) {
  const clock = createVirtualClock()
  const board = createUno({ image: readBuilt(`build/firmware/uno/${image}.hex`), clock, resetOnOpen: false })
  await clock.advance(300)
  const binding = createBoardBinding({ '/dev/uno': board })
  const target = { serial: '/dev/uno', binding, clock, heartbeatMs: 0, contractMismatch: 'warn' } as const
  const port = await clock.until(open(uartLosses, target))
  /** Noise without an end to it, as nobody would send it who counts the ring. */
  const noise = (bytes: number) => board.bridge.write(new Uint8Array(bytes).fill(0x55))
  return { clock, board, port, noise, stats: () => clock.until(port.deviceStats()) }
}

describe('the STATS of an emulated Uno board', () => {
  it('counts each byte that found the ring full while loop() was away', async () => {
    const { clock, board, port, noise, stats } = await uno('uart_losses')
    expect(await stats()).toMatchObject({ ringBytesLost: 0, dataOverruns: 0 })
    port.cast('block', { ms: 50 }, { lossy: true }) // nothing of it is repeated
    await clock.advance(10)
    noise(200)
    await clock.advance(200 / BYTES_PER_MS + 30)
    board.bridge.write(Uint8Array.of(0)) // the noise ends
    await clock.advance(5)
    expect(await stats()).toMatchObject({ ringBytesLost: 200 - RING_BYTES, dataOverruns: 0, framesDropped: 1 })
    expect(board.statistics().lostBytes).toBe(0)
    await clock.until(port.close())
  })

  it('counts each time that the hardware had lost bytes while interrupts were off', async () => {
    const { clock, board, port, noise, stats } = await uno('uart_losses')
    for (let times = 1; times <= 3; times++) {
      const deaf = port.call('deafen')
      await clock.advance(4)
      noise(60)
      await clock.until(deaf)
      board.bridge.write(Uint8Array.of(0))
      await clock.advance(5)
      const { overruns, lostBytes } = board.statistics()
      expect(lostBytes).toBeGreaterThan(times)
      expect(overruns).toBe(times)
      expect(await stats()).toMatchObject({ ringBytesLost: 0, dataOverruns: times })
    }
    await clock.until(port.close())
  })

  it('says nothing of losses over a Serial that does not count them', async () => {
    const { clock, port, stats } = await uno('stats')
    const told = await stats()
    expect(told).toMatchObject({ framesDropped: 0 })
    expect([told.ringBytesLost, told.dataOverruns]).toEqual([undefined, undefined])
    await clock.until(port.close())
  })
})
