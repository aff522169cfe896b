import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  breakingChanges,
  type Contract,
  type ContractDefinition,
  contractConflicts,
  decodeFields,
  defineContract,
  encodeFields,
} from '../../src/contract/index.js'
import { contractDefinition } from './arbitrary.js'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const contract = (definition: Partial<ContractDefinition>): Contract =>
  defineContract({ name: 'pump', version: '1', ...definition }) as Contract

const start = (args: object, more: object = {}): Partial<ContractDefinition> =>
  ({ actions: { start: { args, ...more } } }) as never
const answer = (result: unknown): Partial<ContractDefinition> => ({ actions: { read: { result } } }) as never
const event = (fields: object, more: object = {}): Partial<ContractDefinition> =>
  ({ events: { leak: { fields, ...more } } }) as never
const request = (args: object, result?: unknown): Partial<ContractDefinition> =>
  ({ requests: { limit: { args, ...(result !== undefined && { result }) } } }) as never

const NEW_HOST = '(new host, old device)'
const OLD_HOST = '(old host, new device)'

describe('what may change', () => {
  it.each<[string, Partial<ContractDefinition>, Partial<ContractDefinition>]>([
    ['nothing', start({ x: 'u8' }), start({ x: 'u8' })],
    [
      'docs, and a unit that was not there',
      start({ x: 'u8' }),
      start({ x: { type: 'u8', doc: 'speed', unit: 'rpm' } }, { doc: 'Go.' }),
    ],
    ['an action at the end', start({}), { actions: { start: {}, stop: {} } }],
    [
      'an event and a request at the end',
      start({}),
      { actions: { start: {} }, events: { leak: {} }, requests: { limit: {} } },
    ],
    ['a stream where there was none', start({}), start({}, { stream: 'u8' })],
    ['an index that says what the order said', start({}), { actions: { start: { index: 0 } } }],
    ['a range that was that of the type', start({ x: 'u8' }), start({ x: { type: 'u8', min: 0, max: 255 } })],
    [
      'a limit that no whole number reaches',
      start({ x: { type: 'u8', max: 9 } }),
      start({ x: { type: 'u8', max: 9.7 } }),
    ],
    ['the version', { version: '1' }, { version: '2' }],
  ])('%s', (_what, was, becomes) => {
    expect(breakingChanges({ was: contract(was), becomes: contract(becomes) })).toEqual([])
  })

  it.each<[string, Partial<ContractDefinition>, Partial<ContractDefinition>, 'host' | 'device']>([
    ['an argument gets wider, the device first', start({ x: 'u8' }), start({ x: 'u16' }), 'device'],
    [
      'an argument gets a wider range, the device first',
      start({ x: { type: 'u8', max: 9 } }),
      start({ x: { type: 'u8', max: 10 } }),
      'device',
    ],
    ['an argument becomes a float, the device first', start({ x: 'i16' }), start({ x: 'f32' }), 'device'],
    ['an argument gets narrower, the host first', start({ x: 'u16' }), start({ x: 'u8' }), 'host'],
    ['a result gets wider, the host first', answer('u8'), answer('i16'), 'host'],
    ['a record of a result gets wider, the host first', answer({ a: 'u8' }), answer({ a: 'u32' }), 'host'],
    [
      'the field of an event gets longer, the host first',
      event({ x: { type: 'str', maxBytes: 4 } }),
      event({ x: { type: 'str', maxBytes: 8 } }),
      'host',
    ],
    [
      'an array of an event gets longer, the host first',
      event({ x: { array: 'u8', maxItems: 4 } }),
      event({ x: { array: 'u8', maxItems: 5 } }),
      'host',
    ],
    ['an argument of a request gets wider, the host first', request({ x: 'u8' }), request({ x: 'u64' }), 'host'],
    ['an answer to a request gets wider, the device first', request({}, 'u8'), request({}, 'u16'), 'device'],
    ['an action that becomes idempotent, the device first', start({}), start({}, { idempotent: true }), 'device'],
  ])('%s, and not the other way around', (_what, was, becomes, first) => {
    const change = { was: contract(was), becomes: contract(becomes) }
    const other = first === 'host' ? 'device' : 'host'
    expect(breakingChanges({ ...change, first })).toEqual([])
    expect(breakingChanges({ ...change, first: other })).toHaveLength(1)
    expect(breakingChanges(change)).toHaveLength(1)
  })

  it.each<[string, Partial<ContractDefinition>, Partial<ContractDefinition>, string[]]>([
    [
      'a member that is gone',
      { actions: { a: {}, b: {} } },
      { actions: { a: {} } },
      ['action b was removed: what uses it has nothing left'],
    ],
    [
      'a member in front of the others',
      { actions: { a: {} } },
      { actions: { b: {}, a: {} } },
      [
        `index 0 is action b at the host and action a at the device ${NEW_HOST}`,
        `action a: index 1 at the host, 0 at the device ${NEW_HOST}`,
        `action a: index 0 at the host, 1 at the device ${OLD_HOST}`,
      ],
    ],
    [
      'another name',
      start({}),
      { actions: { begin: {} } },
      [
        'action start was removed: what uses it has nothing left',
        `index 0 is action begin at the host and action start at the device ${NEW_HOST}`,
        `index 0 is action start at the host and action begin at the device ${OLD_HOST}`,
      ],
    ],
    [
      'arguments that change places',
      start({ a: 'u8', b: 'u8' }),
      start({ b: 'u8', a: 'u8' }),
      [
        `action start: value 1 is sent as b and taken for a ${NEW_HOST}`,
        `action start: value 2 is sent as a and taken for b ${NEW_HOST}`,
        `action start: value 1 is sent as a and taken for b ${OLD_HOST}`,
        `action start: value 2 is sent as b and taken for a ${OLD_HOST}`,
      ],
    ],
    [
      'one argument more',
      start({ a: 'u8' }),
      start({ a: 'u8', b: 'u8' }),
      [
        `action start: 2 values are sent, 1 are expected ${NEW_HOST}`,
        `action start: 1 values are sent, 2 are expected ${OLD_HOST}`,
      ],
    ],
    [
      'another unit',
      start({ a: { type: 'f32', unit: '°C' } }),
      start({ a: { type: 'f32', unit: '°F' } }),
      [
        `action start, a: °F is sent, °C is expected ${NEW_HOST}`,
        `action start, a: °C is sent, °F is expected ${OLD_HOST}`,
      ],
    ],
    [
      'a result where there was none: its 0 would be taken for a number',
      answer(undefined),
      answer('u8'),
      [
        `action read, result: nothing is sent, one value is expected ${NEW_HOST}`,
        `action read, result: one value is sent, nothing is expected ${OLD_HOST}`,
      ],
    ],
    [
      'u32 to f32, which has 24 bits',
      start({ a: 'u32' }),
      start({ a: 'f32' }),
      [
        `action start, a: f32 is sent, u32 is taken ${NEW_HOST}`,
        `action start, a: u32 is sent, f32 is taken ${OLD_HOST}`,
      ],
    ],
    [
      'a plain event that becomes reliable',
      event({}),
      event({}, { acknowledged: true }),
      [
        `event leak: acknowledged at the host, plain at the device ${NEW_HOST}`,
        `event leak: plain at the host, acknowledged at the device ${OLD_HOST}`,
      ],
    ],
    [
      'another protocol, which is not in the hash',
      start({}),
      { ...start({}), protocol: 'action' },
      [
        `the protocol is action at the host and portwire at the device ${NEW_HOST}`,
        `the protocol is portwire at the host and action at the device ${OLD_HOST}`,
      ],
    ],
    [
      'another name of the contract',
      {},
      { name: 'valve' },
      [
        `the name is valve at the host and pump at the device ${NEW_HOST}`,
        `the name is pump at the host and valve at the device ${OLD_HOST}`,
      ],
    ],
  ])('not %s', (_what, was, becomes, lines) => {
    expect(breakingChanges({ was: contract(was), becomes: contract(becomes) })).toEqual(lines)
  })
})

describe(`the rules against the codec (seed ${seed})`, () => {
  it('no contract conflicts with itself', () => {
    fc.assert(
      fc.property(contractDefinition, (definition) => {
        const same = defineContract(definition) as Contract
        expect(contractConflicts({ host: same, device: same })).toEqual([])
      }),
      { seed },
    )
  })

  it('what is called compatible arrives as what was sent', () => {
    const types = ['bool', 'u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'str', 'bytes'] as const
    const valuesOf = (type: string): unknown[] => {
      if (type === 'bool') return [true, false]
      if (type === 'str') return ['', 'x']
      if (type === 'bytes') return [Uint8Array.of(1)]
      if (type === 'f32') return [0.5, -1, Math.fround(1.1)]
      if (type === 'f64') return [0.5, 1.1, 1e300]
      const bits = BigInt(type.slice(1))
      const ends = type[0] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
      return bits === 64n ? ends : ends.map(Number)
    }
    let allowed = 0
    for (const sent of types) {
      for (const taken of types) {
        const host = contract(start({ x: sent }))
        const device = contract(start({ x: taken }))
        const argsOf = ({ actions }: Contract) => (actions.get('start')!.args as unknown as { fields: never[] }).fields
        const isAllowed = contractConflicts({ host, device }).length === 0
        const arrivals = valuesOf(sent).map((x) => {
          const decoded = decodeFields('start', argsOf(device), encodeFields('start', argsOf(host), { x }))
          return decoded.ok && String((decoded.value as { x: unknown }).x) === String(x)
        })
        if (isAllowed) {
          allowed += 1
          expect(arrivals, `${sent} to ${taken}`).not.toContain(false)
        }
      }
    }
    // Each type to itself, 18 widenings of integers, 4 into f32, 7 into f64.
    expect(allowed).toBe(13 + 18 + 4 + 7)
  })
})
