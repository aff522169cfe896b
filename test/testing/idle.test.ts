import { describe, expect, test } from 'vitest'
import { emulate } from './emulated.js'

/** Numbers of a fixed sequence, below `bound`. */
function sequence(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647
    return Math.floor((state / 2_147_483_647) * bound)
  }
}

type Script = (
  random: (bound: number) => number,
) => Iterable<{ readonly send: readonly number[]; readonly waitMs: number }>

/** Everything that can be seen from outside: each byte with its time, the counters, the cycle and the pins. */
async function observe(firmware: string, seed: number, script: Script, skipIdle: boolean): Promise<string> {
  const { board, clock, send, received } = await emulate(firmware, { skipIdle })
  const pins: unknown[] = []
  for (const { send: bytes, waitMs } of script(sequence(seed))) {
    send(bytes)
    await clock.advance(waitMs)
    pins.push([board.pin(9), board.pin(6), board.pin(13), board.pwmDuty(9)])
  }
  const { skippedCycles, ...seen } = board.statistics()
  expect(skippedCycles > 0).toBe(skipIdle)
  return JSON.stringify([received, seen, pins])
}

function* chatter(random: (bound: number) => number) {
  for (let round = 0; round < 20; round++) {
    const send = Array.from({ length: random(6) }, () => random(256))
    yield { send, waitMs: random(40) + random(1000) / 997 }
  }
}

/** Control, compare and mask registers of the three timers. */
const TIMER_REGISTERS = [
  [0x44, 0x45, 0x47, 0x48, 0x6e],
  [0x80, 0x81, 0x89, 0x88, 0x8b, 0x8a, 0x87, 0x86, 0x6f],
  [0xb0, 0xb1, 0xb3, 0xb4, 0x70],
] as const

function* timerSetups(random: (bound: number) => number) {
  const set = (address: number, value: number) => [0x73, address, value]
  for (let round = 0; round < 8; round++) {
    for (const [timer, registers] of TIMER_REGISTERS.entries()) {
      for (const address of registers) {
        // Prescalers from 8 on: undivided timers with every interrupt on leave no time for the firmware.
        const control = address === 0x45 || address === 0x81 || address === 0xb1
        const mask = address === 0x6e || address === 0x6f || address === 0x70
        const value = control
          ? (random(4) << 3) | (2 + random(timer === 2 ? 6 : 4))
          : mask
            ? random(8) & 0x03
            : random(256)
        if (random(3) > 0) yield { send: set(address, value), waitMs: 0.5 }
      }
    }
    yield { send: [], waitMs: 20 + random(60) }
    yield { send: [0x71], waitMs: 5 }
    yield { send: [0x63], waitMs: 5 }
  }
}

describe('skipping idle turns changes nothing that can be seen', () => {
  test.each(['polled-echo', 'interrupt-echo', 'millis', 'analog', 'eeprom-counter', 'watchdog', 'hang', 'wdrf-kept'])(
    'in %s',
    async (firmware) => {
      for (const seed of [1, 2]) {
        const skipped = await observe(firmware, seed, chatter, true)
        expect(skipped).toBe(await observe(firmware, seed, chatter, false))
      }
    },
  )

  test.each([11, 12, 13, 14, 15, 16])('with timers in any mode (setup %i)', async (seed) => {
    const skipped = await observe('timers', seed, timerSetups, true)
    expect(skipped).toBe(await observe('timers', seed, timerSetups, false))
  })
})

test('of ten seconds in a polling loop with two timers running, more than four fifths are skipped', async () => {
  const { board, clock, bytes } = await emulate('millis')
  await clock.advance(10_000)
  const { cycles, skippedCycles } = board.statistics()
  expect(skippedCycles / cycles).toBeGreaterThan(0.8)
  // A byte every hundred overflows of 1.024 ms.
  expect(bytes()).toHaveLength(97)
})
