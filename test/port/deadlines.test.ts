import { describe, expect, it } from 'vitest'
import { createDeadlines, type Timed } from '../../src/port/host/deadlines.js'
import { createVirtualClock } from '../../src/testing/index.js'
import { createRandom, SEED } from '../wire/random.js'

function setUp() {
  const clock = createVirtualClock()
  let timers = 0
  const deadlines = createDeadlines({
    nowMs: clock.nowMs,
    after(delayMs, run) {
      timers += 1
      return clock.after(delayMs, run)
    },
  })
  const expired: [name: string, atMs: number][] = []
  const add = (name: string, deadlineMs: number) => {
    const timed: Timed & { isTimed: boolean } = {
      deadlineMs,
      isTimed: true,
      expired() {
        timed.isTimed = false
        expired.push([name, clock.nowMs()])
      },
    }
    deadlines.add(timed)
    return timed
  }
  return { clock, deadlines, add, expired, timers: () => timers }
}

describe('the deadlines of a port', () => {
  it('expire at their moments, in the order of the moments, whatever the order of adding', async () => {
    const { clock, add, expired } = setUp()
    add('late', 300)
    add('early', 100)
    add('middle', 200)
    await clock.advance(1_000)
    expect(expired).toEqual([
      ['early', 100],
      ['middle', 200],
      ['late', 300],
    ])
  })

  it('of the same moment expire in the order of adding', async () => {
    const { clock, add, expired } = setUp()
    for (const name of ['a', 'b', 'c']) add(name, 50)
    await clock.advance(50)
    expect(expired.map(([name]) => name)).toEqual(['a', 'b', 'c'])
  })

  it('that no longer count do not expire, and cost no timer of their own', async () => {
    const { clock, add, expired, timers } = setUp()
    for (let call = 0; call < 1_000; call++) add(`${call}`, 5_000).isTimed = false
    add('kept', 6_000)
    await clock.advance(10_000)
    expect(expired).toEqual([['kept', 6_000]])
    expect(timers()).toBeLessThanOrEqual(3)
  })

  it('may be added by one that expires, also for at once', async () => {
    const { clock, deadlines, expired, add } = setUp()
    deadlines.add({ deadlineMs: 10, isTimed: true, expired: () => void add('next', 10) })
    await clock.advance(20)
    expect(expired).toEqual([['next', 10]])
  })

  it('do not expire once the port is closed', async () => {
    const { clock, deadlines, add, expired } = setUp()
    add('open', 10)
    deadlines.end()
    await clock.advance(100)
    expect(expired).toEqual([])
  })

  it(`expire exactly when they should in 2,000 random schedules of adding and ending (seed ${SEED})`, async () => {
    const random = createRandom(SEED)
    const integer = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
    const { clock, add, expired } = setUp()
    const due = new Map<string, number>()
    for (let step = 0; step < 2_000; step++) {
      const deadlineMs = clock.nowMs() + integer(1, 400)
      const timed = add(`${step}`, deadlineMs)
      if (integer(0, 3) > 0) timed.isTimed = false
      else due.set(`${step}`, deadlineMs)
      if (integer(0, 9) === 0) await clock.advance(integer(0, 50))
    }
    await clock.advance(1_000)
    expect(expired).toHaveLength(due.size)
    for (const [name, atMs] of expired) expect(atMs).toBe(due.get(name))
  })
})
