// The TypeScript host against the TypeScript device over a line that damages bytes, in virtual time.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

/** Numbers from a seed (mulberry32), so that a failure can be seen again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe.each([
  ['one bit in 10,000', 1e-4, 0],
  ['one bit in 1,000', 1e-3, 0],
  ['one byte in 200 lost', 0, 0.005],
])('a line that damages %s', (_, bitErrorRate, byteLossRate) => {
  it.each([1, 2, 3])('runs every call at most once, in order, with the right answer (seed %i)', async (seed) => {
    const random = seeded(seed)
    const clock = createVirtualClock()
    const disturb = (bytes: Uint8Array) => {
      const out: number[] = []
      for (const byte of bytes) {
        if (random() < byteLossRate) continue
        let damaged = byte
        for (let bit = 0; bit < 8; bit++) if (random() < bitErrorRate) damaged ^= 1 << bit
        out.push(damaged)
      }
      return Uint8Array.from(out)
    }
    const ran: number[] = []
    const board = createMockBoard({
      contract: greenhouse,
      clock,
      random,
      disturb,
      window: 4,
      handlers: {
        setInterval: ({ ms }) => {
          ran.push(ms as number)
          return ms
        },
      },
    })
    const port = createPort(greenhouse, {
      serial: board.path,
      binding: board.binding,
      clock,
      random,
      callTimeoutMs: 30_000,
    })
    const alarms: number[] = []
    port.consume('alarm', ({ celsius }) => void alarms.push(celsius))
    await clock.until(port.ready())
    for (let i = 0; i < 300; i++) {
      const ms = 100 + i
      if (i % 10 === 0) board.device?.emit('alarm', { celsius: i, high: true })
      expect(await clock.until(port.call('setInterval', { ms })), `seed ${seed}`).toBe(ms)
    }
    await clock.advance(5_000)
    expect(ran, `seed ${seed}`).toEqual(Array.from({ length: 300 }, (_, i) => 100 + i))
    expect(alarms, `seed ${seed}`).toEqual(Array.from({ length: 30 }, (_, i) => i * 10))
    expect(port.info().counters.repeatsSent).toBeGreaterThan(0)
    await clock.until(port.close())
  })
})
