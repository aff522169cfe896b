import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMsgpack, encodePayload } from '../../../src/gateway/encoding.js'
import { markedHistorical } from '../../../src/gateway/outbox/historical.js'

const fields = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.string({ unit: 'grapheme' }), fc.constant(null)),
  { minKeys: 1, maxKeys: 40 },
)

describe('the mark of an event of a board or a program that is sent late', () => {
  it('is one more member of a JSON object, and everything else is as it was', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom('historical', 'event_historical'), (event, member) => {
        const marked = markedHistorical(JSON.stringify(event), member)
        expect(JSON.parse(marked as string)).toEqual({ ...event, [member]: true })
      }),
    )
  })

  it('is one more member of a map of msgpack, and everything else is as it was', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom('historical', 'event_historical'), (event, member) => {
        const marked = markedHistorical(encodePayload('msgpack', event), member)
        expect(decodeMsgpack(marked as Uint8Array)).toEqual({ value: { ...event, [member]: true } })
      }),
    )
  })

  it.each([1, 14, 15, 16, 17, 65_535, 65_536])('fits a map of msgpack with %i members', (count) => {
    const head = count < 16 ? [0x80 | count] : count < 65_536 ? [0xde, count >> 8, count & 255] : [0xdf, 0, 1, 0, 0]
    const members = new Uint8Array(count * 3)
    for (let at = 0; at < members.length; at += 3) members.set([0xa1, 0x61, 0xc0], at)
    const marked = markedHistorical(Uint8Array.from([...head, ...members]), 'historical') as Uint8Array
    const more = count + 1
    const expected =
      more < 16 ? [0x80 | more] : more < 65_536 ? [0xde, more >> 8, more & 255] : [0xdf, 0, 1, 0, more - 65_536]
    expect([...marked.subarray(0, expected.length)]).toEqual(expected)
    expect(Buffer.from(marked.subarray(-12)).toString('latin1')).toBe('\xaahistorical\xc3')
    expect(marked.length).toBe(expected.length + members.length + 12)
  })

  it('is refused for bytes that are no map', () => {
    expect(() => markedHistorical(Uint8Array.of(0x93, 1, 2, 3), 'historical')).toThrow('not a map of msgpack')
  })
})
