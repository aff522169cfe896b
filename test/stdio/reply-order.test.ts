import { expect, it } from 'vitest'
import { createReplyOrder } from '../../src/stdio/reply-order.js'

function start() {
  const sent: number[] = []
  const order = createReplyOrder((reply) => void sent.push(reply[0]!))
  const reply = (n: number) => Uint8Array.of(n)
  return { sent, order, reply }
}

it('answers leave in the order of the places, whatever the order in which they are filled', () => {
  const { sent, order, reply } = start()
  const fills = [order.place(), order.place(), order.place()]
  fills[2]!(reply(2))
  fills[1]!(reply(1))
  expect(sent).toEqual([])
  expect(order.waiting).toBe(3)
  fills[0]!(reply(0))
  expect(sent).toEqual([0, 1, 2])
  expect(order.waiting).toBe(0)
})

it('a place is filled once', () => {
  const { sent, order, reply } = start()
  const [first, second] = [order.place(), order.place()]
  second(reply(1))
  second(reply(9))
  first(reply(0))
  first(reply(8))
  expect(sent).toEqual([0, 1])
})

it('what follows an answer happens when it has left, before the next one does', () => {
  const { sent, order, reply } = start()
  const [first, second] = [order.place(), order.place()]
  second(reply(1), () => sent.push(11))
  expect(sent).toEqual([])
  first(reply(0), () => sent.push(10))
  expect(sent).toEqual([0, 10, 1, 11])
})
