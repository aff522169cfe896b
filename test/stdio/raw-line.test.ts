/** Bare packets towards a board that answers in order, in virtual time. */

import { expect, it } from 'vitest'
import { createRawLine } from '../../src/stdio/raw-line.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { encodePacket } from '../../src/wire/index.js'

const TIMEOUT_MS = 300

function start() {
  const clock = createVirtualClock()
  const written: number[][] = []
  const outOfStep: string[] = []
  const line = createRawLine({
    prefixBytes: 2,
    callTimeoutMs: TIMEOUT_MS,
    clock,
    outOfStep: (detail) => void outOfStep.push(detail),
  })
  const connect = () => line.connect((bytes) => void written.push([...bytes]))
  const answer = (...content: number[]) => line.receive(encodePacket(Uint8Array.from(content), 2))
  const call = (...content: number[]) => {
    const call = { answer: undefined as unknown }
    void line.call(Uint8Array.from(content)).then((given) => {
      call.answer = given instanceof Uint8Array ? [...given] : given
    })
    return call
  }
  return { clock, line, written, outOfStep, connect, answer, call }
}

it('an answer after the deadline never answers a later call, and is counted', async () => {
  const { clock, line, connect, answer, call } = start()
  connect()
  const late = call(5, 6)
  await clock.advance(TIMEOUT_MS)
  expect(late.answer).toEqual({ error: 'timeout' })
  const [first, second] = [call(4, 41), call(4, 42)]
  answer(6)
  answer(41)
  answer(42)
  await clock.settle()
  expect([first.answer, second.answer]).toEqual([[41], [42]])
  expect(line.counters).toEqual({ lateReplies: 1, refused: 0 })
})

it('two calls given up are two answers owed', async () => {
  const { clock, line, connect, answer, call } = start()
  connect()
  call(5, 1)
  call(5, 2)
  await clock.advance(TIMEOUT_MS + 1)
  const next = call(4, 42)
  for (const n of [1, 2, 42]) answer(n)
  await clock.settle()
  expect(next.answer).toEqual([42])
  expect(line.counters.lateReplies).toBe(2)
})

it('an answer that stays owed for a second deadline puts the line out of step, and not a moment earlier', async () => {
  const { clock, outOfStep, connect, answer, call } = start()
  connect()
  call(5, 6)
  await clock.advance(2 * TIMEOUT_MS - 1)
  expect(outOfStep).toEqual([])
  await clock.advance(1)
  expect(outOfStep).toEqual(['an answer is owed since 300 ms'])
  // A debt that was paid has no second deadline.
  const paid = start()
  paid.connect()
  paid.call(5, 6)
  await paid.clock.advance(TIMEOUT_MS)
  paid.answer(6)
  await paid.clock.advance(10 * TIMEOUT_MS)
  expect(paid.outOfStep).toEqual([])
  answer(6)
})

it('an answer that nobody waits for is refused and counted; an impossible length puts the line out of step', () => {
  const { line, outOfStep, connect, answer } = start()
  connect()
  answer(1)
  expect(line.counters).toEqual({ lateReplies: 0, refused: 1 })
  const wide = createRawLine({
    prefixBytes: 4,
    callTimeoutMs: 1,
    clock: createVirtualClock(),
    outOfStep: (detail) => void outOfStep.push(detail),
  })
  wide.receive(Uint8Array.of(0, 1, 0, 0))
  expect(outOfStep).toEqual(['a packet of 65536 bytes is announced'])
})

it('calls made while the line is away go out when it is there; those that were written when it broke are answered', async () => {
  const { clock, line, written, connect, answer, call } = start()
  const early = call(4, 1)
  expect(written).toEqual([])
  connect()
  expect(written).toEqual([[0, 2, 4, 1]])
  line.drop()
  const later = call(4, 2)
  await clock.settle()
  expect(early.answer).toEqual({ error: 'disconnected' })
  connect()
  expect(written).toEqual([
    [0, 2, 4, 1],
    [0, 2, 4, 2],
  ])
  answer(2)
  await clock.settle()
  expect(later.answer).toEqual([2])
})

it('half an answer does not cross a drop, nor does a debt', async () => {
  const { clock, line, connect, answer, call, outOfStep } = start()
  connect()
  call(5, 6)
  await clock.advance(TIMEOUT_MS)
  line.receive(Uint8Array.of(0, 9, 1, 2))
  line.drop()
  connect()
  const next = call(4, 42)
  answer(42)
  await clock.settle()
  expect(next.answer).toEqual([42])
  await clock.advance(10 * TIMEOUT_MS)
  expect(outOfStep).toEqual([])
})

it('a call that was never written is given up without a debt', async () => {
  const { clock, connect, answer, call } = start()
  const unwritten = call(4, 1)
  await clock.advance(TIMEOUT_MS)
  expect(unwritten.answer).toEqual({ error: 'timeout' })
  connect()
  const next = call(4, 2)
  answer(2)
  await clock.settle()
  expect(next.answer).toEqual([2])
})
