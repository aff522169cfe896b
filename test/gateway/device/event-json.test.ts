import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defineContract, type Event } from '../../../src/contract/index.js'
import { createEventJson } from '../../../src/gateway/device/event-json.js'
import { fieldsToJson } from '../../../src/gateway/payload.js'

const AT = '2026-11-20T10:15:02.120Z'
const ID = 'greenhouse:7f3a91c2:1042'

const contract = defineContract({
  name: 'all',
  version: '1',
  actions: {},
  events: {
    everything: {
      fields: {
        flag: 'bool',
        small: 'i32',
        big: 'u64',
        ratio: 'f32',
        exact: 'f64',
        text: 'str',
        raw: { type: 'bytes', maxBytes: 16 },
        list: { array: 'f32', maxItems: 4 },
      },
    },
    vent: { fields: { small: 'i32' } },
    nothing: { fields: {} },
    named: { fields: { id: 'u8', at: 'u8', historical: 'bool' } },
    flagged: { fields: { not_finite: 'f32', event_not_finite: 'u8', list: { array: 'f64', maxItems: 4 } } },
    twice: { fields: { id: 'u8', event_id: 'u8' } },
  },
})
const eventOf = (name: string) => contract.events.get(name) as Event

const f32 = fc.float({ noDefaultInfinity: false, noNaN: false })
const values = fc.record({
  flag: fc.boolean(),
  small: fc.integer(),
  big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ratio: f32,
  exact: fc.double(),
  text: fc.string({ unit: 'binary' }),
  raw: fc.uint8Array({ maxLength: 16 }),
  list: fc.array(f32, { maxLength: 4 }),
})

function hasNotFinite(value: number | number[]): boolean {
  return [value].flat().some((number) => !Number.isFinite(number))
}

test('whatever the values are, a payload is what JSON.stringify makes of the same fields, id and at', () => {
  fc.assert(
    fc.property(values, (value) => {
      const event = eventOf('everything')
      const fields = fieldsToJson(event.fields, value)
      const json = createEventJson()
      const names = ['ratio', 'exact', 'list'].filter((name) => hasNotFinite(value[name as 'ratio' | 'exact' | 'list']))
      const flag = names.length > 0 && { not_finite: names }
      expect(json.take(event, value, ID, AT)).toBe(JSON.stringify({ ...fields, ...flag, id: ID, at: AT }))
      expect(json.merged).toBe(JSON.stringify({ ...fields, ...flag }))
    }),
  )
})

test('the merged state has the latest of each field of all events', () => {
  const json = createEventJson()
  expect(json.merged).toBe('{}')
  json.take(eventOf('named'), { id: 1, at: 2, historical: true }, ID, AT)
  json.take(eventOf('vent'), { small: 1 }, ID, AT)
  json.take(eventOf('vent'), { small: 2 }, ID, AT)
  expect(JSON.parse(json.merged)).toEqual({ id: 1, at: 2, historical: true, small: 2 })
})

test('a null that is NaN or an infinity is told from one that nobody knows, in the state too, until it is a number again', () => {
  const json = createEventJson()
  const everything = eventOf('everything')
  const said = JSON.parse(
    json.take(everything, { ratio: Number.NaN, exact: 1, list: [1, Number.NEGATIVE_INFINITY] }, ID, AT),
  )
  expect(said).toMatchObject({ ratio: null, small: null, list: [1, null], not_finite: ['ratio', 'list'] })
  expect(JSON.parse(json.merged)).toMatchObject({ ratio: null, not_finite: ['ratio', 'list'] })
  json.set({ list: null })
  expect(JSON.parse(json.merged)['not_finite']).toEqual(['ratio'])
  json.set({ exact: null }, ['exact'])
  expect(JSON.parse(json.merged)['not_finite']).toEqual(['ratio', 'exact'])
  json.merge(everything, { ratio: 1, exact: 1, list: [] })
  expect(JSON.parse(json.merged)).not.toHaveProperty('not_finite')
})

test('the flag gives way to a field of its name, and takes the next', () => {
  const json = createEventJson()
  const values = { not_finite: Number.NaN, event_not_finite: 1, list: [1] }
  expect(json.take(eventOf('flagged'), values, ID, AT)).toBe(
    JSON.stringify({ not_finite: null, list: [1], event_not_finite: ['not_finite'], id: ID, at: AT }),
  )
  expect(json.merged).toBe(JSON.stringify({ not_finite: null, list: [1], event_not_finite: ['not_finite'] }))
})

test.each<[string, object, object]>([
  ['nothing', {}, { id: ID, at: AT }],
  ['named', { id: 1, at: 2, historical: true }, { id: 1, at: 2, historical: true, event_id: ID, event_at: AT }],
  ['twice', { id: 1, event_id: 2 }, { id: 1, event_id: ID, at: AT }],
])('%s: the members of the gateway stand beside those of the contract, each once', (name, value, payload) => {
  const json = createEventJson()
  expect(json.take(eventOf(name), value, ID, AT)).toBe(JSON.stringify(payload))
  expect(json.historicalMember(eventOf(name))).toBe(name === 'named' ? 'event_historical' : 'historical')
})
