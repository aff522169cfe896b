import { expect, test } from 'vitest'
import { createEventQuota } from '../../../src/gateway/device/event-quota.js'
import { createVirtualClock } from '../../../src/testing/index.js'

const LIMITS = { eventsPerSecond: 200, burst: 400 }

test('a device that was quiet has its burst at once; of a flood the rate passes, and every other event is counted', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota(LIMITS, clock)
  let passed = 0
  let refused = 0
  const event = () => {
    if (quota.admit()) passed += 1
    else refused += 1
  }
  const floodForMs = async (ms: number) => {
    for (let at = 0; at < ms; at++) {
      for (let i = 0; i < 3; i++) event()
      await clock.advance(1)
    }
  }
  for (let i = 0; i < 1_000; i++) event()
  expect(passed).toBe(400)
  await floodForMs(10_000)
  expect(passed).toBeGreaterThanOrEqual(400 + 1_999)
  expect(passed).toBeLessThanOrEqual(400 + 2_000)
  expect(refused).toBe(1_000 + 30_000 - passed)
})

test('at its rate a device loses nothing, for ever', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota(LIMITS, clock)
  for (let i = 0; i < 20_000; i++) {
    expect(quota.admit()).toBe(true)
    await clock.advance(5)
  }
})

test('what was not used in an hour is not more than one burst', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota(LIMITS, clock)
  await clock.advance(3_600_000)
  let passed = 0
  for (let i = 0; i < 1_000; i++) if (quota.admit()) passed += 1
  expect(passed).toBe(400)
})

test('reliable events are never dropped: they come in order, at the rate, while plain ones flood beside them', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota(LIMITS, clock)
  while (quota.admit());
  const came: { readonly number: number; readonly atMs: number }[] = []
  const fromMs = clock.nowMs()
  let next = 0
  // As a port does it: the next one when the last one is through.
  const deliver = () => {
    const number = next++
    quota.turn(() => {
      came.push({ number, atMs: clock.nowMs() - fromMs })
      if (number < 199) deliver()
    })
  }
  deliver()
  let plain = 0
  for (let ms = 0; ms < 1_100; ms++) {
    for (let i = 0; i < 3; i++) if (quota.admit()) plain += 1
    await clock.advance(1)
  }
  expect(came.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, number) => number))
  expect(came.at(-1)!.atMs).toBeGreaterThanOrEqual(990)
  // While reliable ones wait they have every token.
  expect(plain).toBeLessThanOrEqual(25)
})

test('turns keep their order, those that come when there is room again behind those that still wait', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota({ eventsPerSecond: 100_000, burst: 1 }, clock)
  const came: number[] = []
  const turn = (number: number) => quota.turn(() => void came.push(number))
  expect(turn(0)).toBe(false)
  for (let number = 1; number < 100; number++) expect(turn(number)).toBe(true)
  await clock.advance(0.5)
  // A token is back, but the timer of those that wait has not ended yet.
  expect(turn(100)).toBe(true)
  await clock.advance(1_000)
  expect(came).toEqual(Array.from({ length: 101 }, (_, number) => number))
})

test('other limits hold at once, for plain events and for the turns that wait', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota({ eventsPerSecond: 1, burst: 1 }, clock)
  const came: number[] = []
  for (let number = 0; number < 50; number++) quota.turn(() => void came.push(number))
  expect(came).toEqual([0])
  quota.set({ eventsPerSecond: 1_000, burst: 10 })
  await clock.advance(100)
  expect(came).toEqual(Array.from({ length: 50 }, (_, number) => number))
  quota.set({ eventsPerSecond: 1, burst: 1 })
  await clock.advance(60_000)
  expect([quota.admit(), quota.admit()]).toEqual([true, false])
})

test('turns that wait are forgotten when it is told so', async () => {
  const clock = createVirtualClock()
  const quota = createEventQuota({ eventsPerSecond: 1, burst: 1 }, clock)
  let went = 0
  for (let i = 0; i < 3; i++) quota.turn(() => (went += 1))
  expect(went).toBe(1)
  quota.forget()
  await clock.advance(10_000)
  expect(went).toBe(1)
})
