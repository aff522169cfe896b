import { expect, test } from 'vitest'
import { createRedelivery } from '../../../src/gateway/bridge/redelivery.js'

const message = (packetId: number, text: string, isAgain = false) => ({
  topic: 'portwire/greenhouse/call/setVent',
  payload: Buffer.from(text),
  retain: false,
  packetId,
  isAgain,
})

test('what comes again over the same session, marked as such, was answered', () => {
  const redelivery = createRedelivery(10)
  redelivery.connected(false)
  expect(redelivery.take(message(1, 'a'))).toBe('new')
  redelivery.connected(true)
  expect(redelivery.take(message(1, 'a', true))).toBe('answered')
})

test('the same command sent twice on purpose is two commands', () => {
  const redelivery = createRedelivery(10)
  redelivery.connected(false)
  expect(redelivery.take(message(1, 'a'))).toBe('new')
  expect(redelivery.take(message(2, 'a'))).toBe('new')
  expect(redelivery.take(message(1, 'a'))).toBe('new')
})

test('a message that never arrived is new, though it comes again under an id that was used before', () => {
  const redelivery = createRedelivery(10)
  redelivery.connected(false)
  redelivery.take(message(1, 'a'))
  redelivery.connected(true)
  expect(redelivery.take(message(1, 'b', true))).toBe('new')
  expect(redelivery.take(message(2, 'a', true))).toBe('new')
})

test('a session that the broker has forgotten begins anew', () => {
  const redelivery = createRedelivery(10)
  redelivery.connected(false)
  redelivery.take(message(1, 'a'))
  redelivery.connected(false)
  expect(redelivery.take(message(1, 'a', true))).toBe('new')
})

test('of a session that an earlier run left behind nobody knows what was run, until the first message that is new', () => {
  const redelivery = createRedelivery(10)
  redelivery.connected(true)
  expect(redelivery.take(message(1, 'a', true))).toBe('unknown')
  expect(redelivery.take(message(2, 'b', true))).toBe('unknown')
  redelivery.connected(true)
  expect(redelivery.take(message(1, 'a', true))).toBe('answered')
  expect(redelivery.take(message(3, 'c'))).toBe('new')
  redelivery.connected(true)
  expect(redelivery.take(message(4, 'd', true))).toBe('new')
})

test('a message of QoS 0 is always new; ids are remembered up to a bound', () => {
  const redelivery = createRedelivery(2)
  redelivery.connected(false)
  const { packetId: _id, ...plain } = message(1, 'a', true)
  expect(redelivery.take(plain)).toBe('new')
  for (const id of [1, 2, 3]) redelivery.take(message(id, 'a'))
  redelivery.connected(true)
  expect(redelivery.take(message(3, 'a', true))).toBe('answered')
  expect(redelivery.take(message(1, 'a', true))).toBe('new')
})
