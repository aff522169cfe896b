import { expect, test } from 'vitest'
import { createLatest } from '../../../src/gateway/mqtt/latest.js'

const value = (topic: string, payload: string, retain = true) => ({ topic, payload, qos: 1 as const, retain })

test('a value that was not sent yet is replaced by the next', () => {
  const latest = createLatest()
  latest.set(value('a', '1'))
  latest.set(value('a', '2'))
  expect(latest.take()?.payload).toBe('2')
  expect(latest.take()).toBeUndefined()
})

test('a newer value waits until the older one is acknowledged', () => {
  const latest = createLatest()
  latest.set(value('a', '1'))
  latest.take()
  latest.set(value('a', '2'))
  expect(latest.take()).toBeUndefined()
  expect(latest.settled).toBe(false)
  latest.acknowledge('a')
  expect(latest.take()?.payload).toBe('2')
})

test('after a restart every retained value is sent again, and no other', () => {
  const latest = createLatest()
  latest.set(value('a', '1'))
  latest.set(value('b', '1', false))
  for (const topic of ['a', 'b']) {
    latest.take()
    latest.acknowledge(topic)
  }
  expect(latest.settled).toBe(true)
  latest.restart()
  expect(latest.take()?.topic).toBe('a')
  expect(latest.take()).toBeUndefined()
})

test('for somebody new every value is sent again, those that are not retained too, one of a topic at a time', () => {
  const latest = createLatest()
  latest.set(value('a', '1'))
  latest.set(value('b', '1', false))
  latest.take()
  latest.take()
  latest.acknowledge('a')
  latest.again()
  expect(latest.take()?.topic).toBe('a')
  expect(latest.take()).toBeUndefined()
  latest.acknowledge('b')
  expect(latest.take()?.topic).toBe('b')
})

test('an empty value clears its topic: said until it is acknowledged, and then no more', () => {
  const latest = createLatest()
  latest.set(value('a', '1'))
  latest.take()
  latest.acknowledge('a')
  latest.set(value('a', ''))
  latest.take()
  latest.restart()
  expect(latest.take()?.payload).toBe('')
  latest.acknowledge('a')
  latest.restart()
  expect(latest.take()).toBeUndefined()
  expect(latest.settled).toBe(true)
})

test('a value that comes while the topic is being cleared is said', () => {
  const latest = createLatest()
  latest.set(value('a', ''))
  latest.take()
  latest.set(value('a', '2'))
  latest.acknowledge('a')
  expect(latest.take()?.payload).toBe('2')
})

test('a value that is not retained, and was on the wire when the link was lost, is sent again', () => {
  const latest = createLatest()
  latest.set(value('a', '1', false))
  latest.set(value('b', '1', false))
  latest.take()
  latest.take()
  latest.acknowledge('b')
  latest.restart()
  expect(latest.take()?.topic).toBe('a')
  expect(latest.take()).toBeUndefined()
  latest.acknowledge('a')
  latest.restart()
  expect(latest.take()).toBeUndefined()
})
