/** The quota of one device and what is said of it. */

import { expect, test } from 'vitest'
import { createDeviceQuota } from '../../../src/gateway/device/quota.js'
import { LIMITS } from '../../../src/gateway/index.js'
import { createVirtualClock } from '../../../src/testing/index.js'

function start(eventQuota?: { readonly eventsPerSecond?: number; readonly burst?: number }) {
  const clock = createVirtualClock()
  const said: [string, number][] = []
  const aboveQuota = (what: string, count: number) => void said.push([what, count])
  const quota = createDeviceQuota({ config: eventQuota ? { eventQuota } : {}, clock, aboveQuota })
  return { clock, said, quota }
}

test('R15: every plain event above the default quota is counted, and said together after 10 s', async () => {
  const { clock, said, quota } = start()
  let passed = 0
  for (let i = 0; i < 1_000; i++) if (quota.admit()) passed += 1
  expect(passed).toBe(LIMITS.eventBurst)
  await clock.advance(LIMITS.lossesSaidMs - 1)
  expect(said).toEqual([])
  await clock.advance(1)
  expect(said).toEqual([['dropped', 1_000 - passed]])
})

test('R15: reliable events above it are all taken, in their order; those that had to wait are counted, none as dropped', async () => {
  const { clock, said, quota } = start({ eventsPerSecond: 10, burst: 5 })
  const taken: number[] = []
  const acknowledged: number[] = []
  for (let number = 0; number < 20; number++) {
    const take = async () => void taken.push(number)
    void quota.turn(take).then(() => acknowledged.push(number))
  }
  await clock.advance(0)
  expect(acknowledged).toEqual([0, 1, 2, 3, 4])
  await clock.advance(1_500)
  expect(taken).toEqual(Array.from({ length: 20 }, (_, number) => number))
  expect(acknowledged).toEqual(taken)
  quota.close()
  expect(said).toEqual([['paced', 15]])
})

test('what cannot be taken fails at its turn, and the next one is taken', async () => {
  const { clock, quota } = start({ eventsPerSecond: 10, burst: 1 })
  quota.admit()
  const failed = quota.turn(() => {
    throw new Error('unencodable')
  })
  const next = quota.turn(async () => {})
  const failure = expect(failed).rejects.toThrow('unencodable')
  await clock.advance(200)
  await failure
  await next
})

test('once closed nothing that waits is taken, and what comes after is said by another close', async () => {
  const { clock, said, quota } = start({ eventsPerSecond: 1, burst: 1 })
  const taken: number[] = []
  for (let number = 0; number < 3; number++) void quota.turn(async () => void taken.push(number))
  quota.close()
  quota.admit()
  quota.close()
  await clock.advance(60_000)
  expect(taken).toEqual([0])
  expect(said).toEqual([
    ['paced', 2],
    ['dropped', 1],
  ])
})
