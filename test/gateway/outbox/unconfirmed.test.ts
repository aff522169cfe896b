/** What a broker may have forgotten is counted, not hidden. */

import { describe, expect, it } from 'vitest'
import { createUnconfirmed, type Unconfirmed } from '../../../src/gateway/outbox/unconfirmed.js'
import { createVirtualClock } from '../../../src/testing/index.js'
import { createMemoryFolder } from './memory-folder.js'
import { eventOf, openBench, turns } from './support.js'

const OPTIONS = { windowMs: 5_000, unnoticedMs: 15_000 }

describe('events of a board or a program that the broker has acknowledged and may have forgotten', () => {
  it('R13: are those of the last seconds before a loss of the connection, and never counted twice', () => {
    const unconfirmed = createUnconfirmed(OPTIONS)
    for (const atMs of [4_900, 5_001, 7_000, 9_999, 10_000]) acknowledge(unconfirmed, atMs)
    expect(unconfirmed.count).toBe(0)
    unconfirmed.connectionLost(10_000)
    expect(unconfirmed.count).toBe(4)
    unconfirmed.connectionLost(10_001)
    expect(unconfirmed.count).toBe(4)
    acknowledge(unconfirmed, 11_000)
    unconfirmed.connectionLost(11_500)
    expect(unconfirmed.count).toBe(5)
  })

  it('R13: of a connection that was dead before that was noticed they are those before its last acknowledgement', () => {
    const unconfirmed = createUnconfirmed(OPTIONS)
    for (const atMs of [1_000, 4_000, 8_000]) acknowledge(unconfirmed, atMs)
    unconfirmed.connectionLost(8_000 + OPTIONS.unnoticedMs)
    expect(unconfirmed.count).toBe(2)
  })

  it('R13: a connection that had nothing to acknowledge for longer than it can be dead was not dead then', () => {
    const unconfirmed = createUnconfirmed(OPTIONS)
    acknowledge(unconfirmed, 1_000)
    unconfirmed.connectionLost(1_000 + OPTIONS.unnoticedMs + OPTIONS.windowMs + 51)
    expect(unconfirmed.count).toBe(0)
  })

  it('R13: at the edge of the window up to a hundredth of it more are counted, never fewer', () => {
    for (let agoMs = 0; agoMs <= 5_000; agoMs += 7) expect(countedAfter(agoMs), `${agoMs} ms`).toBe(2)
    for (let agoMs = 5_051; agoMs <= 8_000; agoMs += 7) expect(countedAfter(agoMs), `${agoMs} ms`).toBe(1)
  })

  it('R13: without hold the outbox has removed them, and says how many; one that was not acknowledged is sent again instead', async () => {
    const clock = createVirtualClock()
    const bench = await openBench(createMemoryFolder(), { clock })
    bench.outbox.connected()
    const send = async (numbers: readonly number[]) => {
      for (const n of numbers) bench.outbox.append(eventOf('a', n))
      await turns()
      expect((await bench.drain()).length).toBe(numbers.length)
    }
    await send([0, 1])
    await clock.advance(60_000)
    await send([2, 3, 4])
    bench.outbox.append(eventOf('a', 5))
    await turns()
    expect((await bench.send()).length).toBe(1)
    expect(bench.outbox.info.unconfirmed).toBe(0)
    bench.outbox.disconnected()
    expect(bench.outbox.info).toMatchObject({ unconfirmed: 3, events: 1 })
  })

  it.each([
    { holdMs: 5_000, expected: 0 },
    { holdMs: 1_000, expected: 2 },
  ])('R13: with a hold of $holdMs ms $expected of two that came 3 s before are unconfirmed', async (row) => {
    const clock = createVirtualClock()
    const bench = await openBench(createMemoryFolder(), { clock, holdMs: row.holdMs })
    bench.outbox.connected()
    const send = async (numbers: readonly number[]) => {
      for (const n of numbers) bench.outbox.append(eventOf('a', n))
      await turns()
      await bench.drain()
    }
    await send([0, 1])
    await clock.advance(3_000)
    await send([2])
    bench.outbox.disconnected()
    expect(bench.outbox.info.unconfirmed).toBe(row.expected)
  })

  it('R13: a hold that was over before a dead connection was noticed has released them: they are counted', async () => {
    const clock = createVirtualClock()
    const bench = await openBench(createMemoryFolder(), { clock, holdMs: 5_000 })
    bench.outbox.connected()
    for (const n of [0, 1, 2]) bench.outbox.append(eventOf('a', n))
    await turns()
    await bench.drain()
    await clock.advance(15_000)
    bench.outbox.disconnected()
    expect(bench.outbox.info.unconfirmed).toBe(3)
  })
})

function acknowledge(unconfirmed: Unconfirmed, atMs: number) {
  unconfirmed.acknowledged(atMs)
  unconfirmed.released(atMs)
}

/** One event acknowledged so long before the last one. */
function countedAfter(agoMs: number): number {
  const unconfirmed = createUnconfirmed(OPTIONS)
  acknowledge(unconfirmed, 100_123)
  if (agoMs > 0) acknowledge(unconfirmed, 100_123 + agoMs)
  else unconfirmed.released(100_123)
  unconfirmed.connectionLost(100_123 + agoMs)
  return unconfirmed.count
}
