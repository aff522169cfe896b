/** What a broker retains has an end. */

import { expect, test } from 'vitest'
import { createRetained } from '../../../src/gateway/broker/retained-bound.js'

const bytes = (count: number) => new Uint8Array(count)

test('topics are counted, and one that is cleared makes room', () => {
  const retained = createRetained({ topics: 2, bytes: 1_000 })
  expect([retained.take('a', bytes(1)), retained.take('b', bytes(1)), retained.take('c', bytes(1))]).toEqual([
    true,
    true,
    false,
  ])
  expect(retained.take('a', bytes(5))).toBe(true)
  expect(retained.take('b', bytes(0))).toBe(true)
  expect(retained.take('c', bytes(1))).toBe(true)
})

test('bytes are counted, topic included; a shorter message is always taken', () => {
  const retained = createRetained({ topics: 10, bytes: 20 })
  expect(retained.take('a', bytes(19))).toBe(true)
  expect(retained.take('b', bytes(1))).toBe(false)
  expect(retained.take('a', bytes(20))).toBe(false)
  expect(retained.take('a', bytes(9))).toBe(true)
  expect(retained.take('b', bytes(9))).toBe(true)
})

test('what is exempt is taken beyond the bounds, and is counted', () => {
  const retained = createRetained({ topics: 1, bytes: 10 })
  expect(retained.take('a', bytes(9))).toBe(true)
  expect(retained.take('own', bytes(90), true)).toBe(true)
  expect(retained.take('own', bytes(95), true)).toBe(true)
  expect(retained.take('a', bytes(0))).toBe(true)
  expect(retained.take('b', bytes(1))).toBe(false)
  expect(retained.take('own', bytes(0), true)).toBe(true)
  expect(retained.take('b', bytes(1))).toBe(true)
})

test('clearing what is not there counts nothing', () => {
  const retained = createRetained({ topics: 1, bytes: 10 })
  for (let i = 0; i < 5; i++) expect(retained.take(`never ${i}`, bytes(0))).toBe(true)
  expect(retained.take('a', bytes(9))).toBe(true)
})

test('a value is current until another has taken its place, or it was cleared', () => {
  const retained = createRetained({ topics: 10, bytes: 1_000 })
  const [offline, online] = [Buffer.from('offline'), Buffer.from('online')]
  retained.take('a', offline)
  expect(retained.isCurrent('a', Buffer.from('offline'))).toBe(true)
  retained.take('a', online)
  expect([retained.isCurrent('a', offline), retained.isCurrent('a', online)]).toEqual([false, true])
  retained.take('a', bytes(0))
  expect(retained.isCurrent('a', online)).toBe(false)
})
