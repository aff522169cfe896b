/** When many gateways come back to a broker that was restarted. */

import { expect, it } from 'vitest'
import { LIMITS } from '../../../src/gateway/limits.js'
import { reconnectDelayMs } from '../../../src/gateway/mqtt/reconnect-delay.js'
import { seeded } from '../../../src/testing/seeded.js'

const delays = (seed: number, gateways: number) => {
  const random = seeded(seed)
  return Array.from({ length: gateways }, () => reconnectDelayMs(LIMITS.reconnectMinMs, LIMITS.reconnectMaxMs, random))
}

it('R14: of 100 gateways at most 30 come back in the first second, nor in any other, whatever the draw', () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const all = delays(seed, 100)
    for (let secondMs = 0; secondMs <= LIMITS.reconnectMaxMs; secondMs += 500) {
      const here = all.filter((delayMs) => delayMs >= secondMs && delayMs < secondMs + 1_000).length
      expect(here, `seed ${seed}, from ${secondMs} ms on`).toBeLessThanOrEqual(30)
    }
  }
})

it('R14: they come between 1 s and 30 s, some early and some late', () => {
  const all = delays(1, 10_000)
  expect(Math.min(...all)).toBeGreaterThanOrEqual(1_000)
  expect(Math.min(...all)).toBeLessThan(1_100)
  expect(Math.max(...all)).toBeLessThanOrEqual(30_000)
  expect(Math.max(...all)).toBeGreaterThan(29_900)
})

it('a range without width is that number', () => {
  expect(reconnectDelayMs(50, 50, () => 0.7)).toBe(50)
  expect(reconnectDelayMs(50, 20, () => 0.7)).toBe(50)
})
