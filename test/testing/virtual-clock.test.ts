import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createVirtualClock, type Runner, type VirtualClock } from '../../src/testing/virtual-clock.js'

describe('timers', () => {
  test('run in the order in which they are due, those of one moment in the order in which they were set', async () => {
    const clock = createVirtualClock()
    const log: string[] = []
    for (const [name, delayMs] of Object.entries({ c: 30, a: 10, b: 10, z: 0 })) {
      clock.after(delayMs, () => log.push(`${name}@${clock.nowMs()}`))
    }
    await clock.advance(100)
    expect(log).toEqual(['z@0', 'a@10', 'b@10', 'c@30'])
    expect(clock.nowMs()).toBe(100)
  })

  test('do not run before the time is there', async () => {
    const clock = createVirtualClock()
    let ran = false
    clock.after(10, () => {
      ran = true
    })
    await clock.advance(9.999)
    expect(ran).toBe(false)
    await clock.advance(0.001)
    expect(ran).toBe(true)
  })

  test('that are cancelled do not run, and cancelling late or twice does no harm', async () => {
    const clock = createVirtualClock()
    const log: string[] = []
    const cancel = clock.after(5, () => log.push('cancelled'))
    const late = clock.after(1, () => log.push('ran'))
    cancel()
    cancel()
    await clock.advance(10)
    late()
    expect(log).toEqual(['ran'])
  })

  test('that are due together have all run when an advance to that moment is over', async () => {
    const clock = createVirtualClock()
    const ran: number[] = []
    for (const which of [1, 2, 3]) clock.after(300, () => ran.push(which))
    await clock.advance(300)
    expect(ran).toEqual([1, 2, 3])
  })

  test('that set timers find them run in the same advance', async () => {
    const clock = createVirtualClock()
    const log: number[] = []
    const tick = () => {
      log.push(clock.nowMs())
      if (log.length < 4) clock.after(10, tick)
    }
    clock.after(10, tick)
    await clock.advance(35)
    expect(log).toEqual([10, 20, 30])
  })

  test('that throw fail the one who advances', async () => {
    const clock = createVirtualClock()
    clock.after(1, () => {
      throw new Error('in a timer')
    })
    await expect(clock.advance(5)).rejects.toThrow('in a timer')
    await clock.advance(5)
    expect(clock.nowMs()).toBe(6)
  })
})

describe('the host', () => {
  test('reacts through promises and setImmediate before time goes on', async () => {
    const clock = createVirtualClock()
    const log: string[] = []
    clock.after(10, async () => {
      await null
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => process.nextTick(resolve))
      log.push(`reacted@${clock.nowMs()}`)
      clock.after(0, () => log.push(`next@${clock.nowMs()}`))
    })
    clock.after(10.001, () => log.push('later'))
    await clock.advance(20)
    expect(log).toEqual(['reacted@10', 'next@10', 'later'])
  })
})

describe('until', () => {
  test('stops at the moment the promise settles, and answers its value', async () => {
    const clock = createVirtualClock()
    const promise = new Promise<string>((resolve) => clock.after(40, () => resolve('done')))
    clock.after(41, () => {})
    expect(await clock.until(promise)).toBe('done')
    expect(clock.nowMs()).toBe(40)
  })

  test('hands on a rejection', async () => {
    const clock = createVirtualClock()
    const promise = new Promise<void>((_, reject) => clock.after(40, () => reject(new Error('no'))))
    await expect(clock.until(promise)).rejects.toThrow('no')
  })

  test('gives up after its limit, and says what it waited for', async () => {
    const clock = createVirtualClock()
    await expect(clock.until(new Promise(() => {}), 250)).rejects.toThrow(
      'did not settle within 250 virtual ms (0 timers and 0 boards are on the clock, which shows 250 ms)',
    )
  })

  test('takes no real time', async () => {
    const clock = createVirtualClock()
    const start = performance.now()
    await clock.until(new Promise<void>((resolve) => clock.after(86_400_000, resolve)), 100_000_000)
    expect(clock.nowMs()).toBe(86_400_000)
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  test('may wait beside others, each to its own moment', async () => {
    const clock = createVirtualClock()
    const at = async (promise: Promise<unknown>) => {
      await promise
      return clock.nowMs()
    }
    const waits = [clock.advance(30), clock.until(clock.advance(10)), clock.advance(20)].map(at)
    expect(await Promise.all(waits)).toEqual([30, 10, 20])
  })
})

describe('boards', () => {
  /** Says something every `periodMs`. */
  function beacon(periodMs: number, say: (atMs: number) => void): Runner {
    let atMs = 0
    let nextMs = periodMs
    return {
      nextEventMs: () => nextMs,
      reachedMs: () => atMs,
      runTo(limitMs) {
        if (nextMs > limitMs) {
          atMs = limitMs
          return false
        }
        atMs = nextMs
        nextMs += periodMs
        say(atMs)
        return true
      },
    }
  }

  test.each([1, 2, 3])('%i of them are heard in order between the timers, at their own moments', async (count) => {
    const clock = createVirtualClock()
    const log: string[] = []
    for (let board = 0; board < count; board++) {
      clock.attach(beacon(3 + board, (atMs) => log.push(`${board}@${atMs}/${clock.nowMs() <= atMs}`)))
    }
    clock.after(7, () => log.push(`timer@${clock.nowMs()}`))
    await clock.advance(12)
    const moments = log.map((entry) => Number(entry.split('@')[1]!.split('/')[0]))
    expect(moments).toEqual([...moments].sort((a, b) => a - b))
    expect(log).toContain('timer@7')
    expect(log.filter((entry) => entry.startsWith('0@'))).toHaveLength(4)
  })

  test('that are detached do not run any more', async () => {
    const clock = createVirtualClock()
    let said = 0
    const detach = clock.attach(beacon(1, () => said++))
    await clock.advance(5)
    detach()
    await clock.advance(5)
    expect(said).toBe(5)
    expect(clock.nowMs()).toBe(10)
  })
})

test('the same program leaves the same transcript, whatever the machine does beside it', async () => {
  const program = async (clock: VirtualClock) => {
    const hash = createHash('sha256')
    let state = 1
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    const spawn = (depth: number) => {
      hash.update(`${depth}@${clock.nowMs()};`)
      if (depth === 0) return
      const cancel = clock.after(random() * 10, () => spawn(depth - 1))
      if (random() < 0.1) cancel()
      clock.after(random() * 3, () => spawn(depth - 1))
    }
    spawn(8)
    await clock.advance(200)
    return hash.digest('hex')
  }
  const [first, second] = await Promise.all([program(createVirtualClock()), program(createVirtualClock())])
  expect(first).toBe(second)
  expect(await program(createVirtualClock({ quietTurns: 5 }))).toBe(first)
})
