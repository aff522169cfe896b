import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMark,
  decodeNumber,
  decodeRecord,
  encodeMark,
  encodeNumber,
  encodeRecord,
  type OutboxRecord,
  publicationOf,
  recordBytes,
} from '../../../src/gateway/outbox/record.js'
import { eventOf } from './support.js'

const required = fc.record<OutboxRecord>({
  device: fc.stringMatching(/^[A-Za-z0-9_-]{0,64}$/),
  atMs: fc.integer({ min: 0, max: 2 ** 45 }),
  topic: fc.string({ maxLength: 100, unit: 'grapheme' }),
  id: fc.string({ maxLength: 100 }),
  payload: fc.oneof(fc.string({ maxLength: 500, unit: 'grapheme' }), fc.uint8Array({ maxLength: 500 })),
  historicalMember: fc.constantFrom('historical', 'event_historical'),
})
const idMember = fc.constantFrom({}, { idMember: 'id' as const }, { idMember: 'event_id' as const })
const record = fc.tuple(required, idMember).map(([event, member]): OutboxRecord => ({ ...event, ...member }))
const position = fc.maxSafeNat()

describe('a record of the outbox, event of a board or a program', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(position, record, (at, event) => {
        const bytes = encodeRecord(at, event)
        expect(bytes.length).toBe(recordBytes(event))
        expect(decodeRecord(at, bytes)).toEqual(event)
      }),
    )
  })

  it('R9: is refused with any one bit changed, any byte cut off, or at another position', () => {
    fc.assert(
      fc.property(position, record, fc.nat(), fc.nat(7), (at, event, where, bit) => {
        const bytes = encodeRecord(at, event)
        expect(decodeRecord(at === 0 ? 1 : at - 1, bytes)).toBeUndefined()
        expect(decodeRecord(at, bytes.subarray(0, where % bytes.length))).toBeUndefined()
        bytes[where % bytes.length]! ^= 1 << bit
        expect(decodeRecord(at, bytes)).toBeUndefined()
      }),
    )
  })

  it('R9: marks and numbers are refused with any one bit changed', () => {
    const mark = encodeMark({ head: 3, end: 2 ** 40 })
    const number = encodeNumber('a', { epoch: 0xffffffff, number: 2 ** 40 })
    expect(decodeMark(mark)).toEqual({ head: 3, end: 2 ** 40 })
    expect(decodeNumber('a', number)).toEqual({ epoch: 0xffffffff, number: 2 ** 40 })
    expect(decodeNumber('b', number)).toBeUndefined()
    for (let bit = 0; bit < mark.length * 8; bit++) {
      const changed = Buffer.from(mark)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeMark(changed)).toBeUndefined()
    }
    for (let bit = 0; bit < number.length * 8; bit++) {
      const changed = Buffer.from(number)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeNumber('a', changed)).toBeUndefined()
    }
  })

  it('is marked as historical in a member that the event does not have', () => {
    expect(publicationOf(eventOf('a', 1), true).payload).toBe('{"n":1,"id":"a:00000001:1","historical":true}')
    const own = eventOf('a', 1, { payload: '{"historical":3}', historicalMember: 'event_historical' })
    expect(publicationOf(own, true).payload).toBe('{"historical":3,"event_historical":true}')
    expect(publicationOf(own, false)).toMatchObject({
      payload: '{"historical":3}',
      userProperties: { id: 'a:00000001:1' },
    })
  })
})
