import { expect, test } from 'vitest'
import { createMemoryOutbox } from '../../../src/gateway/outbox/memory.js'

const message = (text: string) => ({ topic: 't', payload: text, qos: 1 as const, retain: false })

test('the head moves over what was acknowledged, in whatever order', () => {
  const outbox = createMemoryOutbox({ messages: 10, bytes: 1_000 })
  for (const text of ['a', 'b', 'c']) outbox.append(message(text))
  outbox.acknowledge(1)
  expect(outbox.head).toBe(0)
  outbox.acknowledge(0)
  expect(outbox.head).toBe(2)
  expect(outbox.at(2)?.payload).toBe('c')
  expect(outbox.size).toBe(1)
})

test('when it is full the oldest goes, and is counted', () => {
  const outbox = createMemoryOutbox({ messages: 3, bytes: 1_000 })
  for (let i = 0; i < 10; i++) outbox.append(message(String(i)))
  expect(outbox.dropped).toBe(7)
  expect(outbox.size).toBe(3)
  expect([7, 8, 9].map((at) => outbox.at(at)?.payload)).toEqual(['7', '8', '9'])
  expect(outbox.head).toBe(7)
})

test('bytes are bounded as well', () => {
  const outbox = createMemoryOutbox({ messages: 100, bytes: 100 })
  for (let i = 0; i < 10; i++) outbox.append(message('x'.repeat(40)))
  expect(outbox.bytes).toBeLessThanOrEqual(100)
  expect(outbox.dropped + outbox.size).toBe(10)
})

test('what is on the wire, and what somebody waits for, is never dropped', () => {
  const outbox = createMemoryOutbox({ messages: 3, bytes: 1_000 })
  outbox.append(message('on the wire'))
  outbox.protectBefore(1)
  let delivered = 0
  outbox.append(message('waited for'), () => {
    delivered += 1
  })
  for (let i = 0; i < 5; i++) outbox.append(message(String(i)))
  expect(outbox.at(0)?.payload).toBe('on the wire')
  expect(outbox.at(1)?.payload).toBe('waited for')
  expect(outbox.size).toBe(3)
  expect(outbox.dropped).toBe(4)
  outbox.acknowledge(1)
  outbox.acknowledge(1)
  expect(delivered).toBe(1)
})
