/** What a broker retains has an end. */

import { expect, test } from 'vitest'
import { createRetained } from '../../../src/gateway/broker/retained-bound.js'

test('topics are counted, and one that is cleared makes room', () => {
  const retained = createRetained({ topics: 2, bytes: 1_000 })
  expect([retained.take('a', 1), retained.take('b', 1), retained.take('c', 1)]).toEqual([true, true, false])
  expect(retained.take('a', 5)).toBe(true)
  expect(retained.take('b', 0)).toBe(true)
  expect(retained.take('c', 1)).toBe(true)
})

test('bytes are counted, topic included; a shorter message is always taken', () => {
  const retained = createRetained({ topics: 10, bytes: 20 })
  expect(retained.take('a', 19)).toBe(true)
  expect(retained.take('b', 1)).toBe(false)
  expect(retained.take('a', 20)).toBe(false)
  expect(retained.take('a', 9)).toBe(true)
  expect(retained.take('b', 9)).toBe(true)
})

test('what is exempt is taken beyond the bounds, and is counted', () => {
  const retained = createRetained({ topics: 1, bytes: 10 })
  expect(retained.take('a', 9)).toBe(true)
  expect(retained.take('own', 90, true)).toBe(true)
  expect(retained.take('own', 95, true)).toBe(true)
  expect(retained.take('a', 0)).toBe(true)
  expect(retained.take('b', 1)).toBe(false)
  expect(retained.take('own', 0, true)).toBe(true)
  expect(retained.take('b', 1)).toBe(true)
})

test('clearing what is not there counts nothing', () => {
  const retained = createRetained({ topics: 1, bytes: 10 })
  for (let i = 0; i < 5; i++) expect(retained.take(`never ${i}`, 0)).toBe(true)
  expect(retained.take('a', 9)).toBe(true)
})
