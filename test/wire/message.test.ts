import { describe, expect, test } from 'vitest'
import { createDeframer, createValueCodec, decodeMessage, encodeFrame, encodeMessage } from '../../src/wire/index.js'
import { fromHex, fromTagged, readVectors, toHex } from './vectors.js'

const { good, bad } = readVectors('messages')
const codec = createValueCodec()

describe('the vectors', () => {
  test.each(good)('are encoded: $name', ({ content, action, token, value }) => {
    // Nil may be said or left out, and the content shows which one this row does.
    const sent = content.length === 4 ? undefined : fromTagged(value)
    expect(toHex(encodeMessage(codec, action, token, sent))).toBe(content)
  })

  test.each(good)('are decoded: $name', ({ content, action, token, value }) => {
    expect(decodeMessage(codec, fromHex(content))).toEqual({ ok: true, action, token, value: fromTagged(value) })
  })

  test.each(bad)('are refused: $name', ({ content, reason }) => {
    const bytes = fromHex(content)
    const header = bytes.length < 2 ? {} : { action: bytes[0], token: bytes[1] }
    expect(decodeMessage(codec, bytes)).toEqual({ ok: false, ...header, reason })
  })
})

test('no value is nil', () => {
  expect(toHex(encodeMessage(codec, 0xff, 7))).toBe('ff07')
  expect(toHex(encodeMessage(codec, 0xff, 7, null))).toBe('ff07c0')
  expect(decodeMessage(codec, fromHex('ff07'))).toEqual({ ok: true, action: 0xff, token: 7, value: null })
})

test('a message holds nothing of the buffer that it was read from', () => {
  const deframer = createDeframer({ maxContentBytes: 300 })
  const frames = [
    ['first', Uint8Array.of(1, 1)],
    ['second', Uint8Array.of(2, 2)],
  ].map((value, index) => encodeFrame(encodeMessage(codec, index, 1, value)))
  const messages = frames.map((frame) => {
    const [event] = deframer.push(frame)
    if (event?.kind !== 'content') throw new Error('no content')
    return decodeMessage(codec, event.bytes)
  })
  expect(messages.map((message) => message.ok && message.value)).toEqual([
    ['first', Uint8Array.of(1, 1)],
    ['second', Uint8Array.of(2, 2)],
  ])
})
