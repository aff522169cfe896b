import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock.js'
import { runInRealTime } from '../../src/testing/real-time.js'
import { createVirtualClock, type Runner } from '../../src/testing/virtual-clock.js'

/** A board that does nothing but keep the time, and says how far it was run each time. */
function idleBoard() {
  const runs: number[] = []
  let reachedMs = 0
  let told = () => {}
  const runner: Runner & { onHostInput(listener: () => void): void } = {
    attached(nowMs) {
      reachedMs = nowMs
    },
    nextEventMs: () => undefined,
    reachedMs: () => reachedMs,
    runTo(limitMs) {
      reachedMs = limitMs
      runs.push(limitMs)
      return false
    },
    onHostInput(listener) {
      told = listener
    },
  }
  return { runner, runs, tell: () => told() }
}

test('the board’s time follows the wall clock, rarely while nothing happens', async () => {
  const clock = createVirtualClock()
  const { runner, runs } = idleBoard()
  const realTime = runInRealTime(runner, { clock })
  await clock.advance(1000)
  expect(runner.reachedMs()).toBeGreaterThanOrEqual(990)
  expect(runs.length).toBeLessThan(220)
  realTime.stop()
  await clock.advance(1000)
  expect(runner.reachedMs()).toBeLessThanOrEqual(1000)
})

test('a byte of the host wakes it at once', async () => {
  const clock = createVirtualClock()
  const { runner, tell } = idleBoard()
  const realTime = runInRealTime(runner, { clock })
  await clock.advance(995)
  clock.after(4, tell)
  await clock.advance(4)
  expect(runner.reachedMs()).toBe(999)
  realTime.stop()
})

test('a machine that was away for a second does not make the board run after it', async () => {
  let nowMs = 0
  const due: (() => void)[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    after(_, run) {
      due.push(run)
      return () => {}
    },
  }
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const { runner, runs } = idleBoard()
  const realTime = runInRealTime(runner, { clock })
  await turns()
  nowMs = 1000
  due.pop()!()
  await turns()
  expect(realTime.slippedMs).toBe(990)
  expect(runs.at(-1)).toBe(10)
  realTime.stop()
})
