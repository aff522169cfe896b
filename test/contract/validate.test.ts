import { describe, expect, it } from 'vitest'
import {
  decodeFields,
  decodeResult,
  defineContract,
  encodeFields,
  encodeResult,
  type Field,
} from '../../src/contract/index.js'

const fieldsOf = (args: Record<string, Field>) =>
  defineContract({ name: 'n', version: '1', events: { a: { fields: args } } }).events.get('a')!.fields

describe('values on their way to the wire', () => {
  it.each([
    ['u8', 0, 255, -1, 256],
    ['u16', 0, 65_535, -1, 65_536],
    ['u32', 0, 4_294_967_295, -1, 4_294_967_296],
    ['i8', -128, 127, -129, 128],
    ['i16', -32_768, 32_767, -32_769, 32_768],
    ['i32', -2_147_483_648, 2_147_483_647, -2_147_483_649, 2_147_483_648],
  ] as const)('%s takes exactly its range', (type, low, high, below, above) => {
    const fields = fieldsOf({ x: type })
    expect(encodeFields('a', fields, { x: low })).toEqual([low])
    expect(encodeFields('a', fields, { x: high })).toEqual([high])
    expect(() => encodeFields('a', fields, { x: below })).toThrow(`a.x: ${below} is not in ${low} to ${high} (${type})`)
    expect(() => encodeFields('a', fields, { x: above })).toThrow('a.x')
  })

  it('64-bit integers are bigint on both ways and exact at their ends', () => {
    const fields = fieldsOf({ x: 'u64', y: 'i64' })
    const ends = { x: 2n ** 64n - 1n, y: -(2n ** 63n) }
    expect(encodeFields('a', fields, ends)).toEqual([ends.x, ends.y])
    expect(() => encodeFields('a', fields, { ...ends, x: 2n ** 64n })).toThrow('a.x')
    expect(decodeFields('a', fields, [5, -5])).toEqual({ ok: true, value: { x: 5n, y: -5n } })
  })

  it.each([
    ['a string for a number', { x: 'u8' }, { x: '1' }, 'a.x: expected a whole number (u8), got "1"'],
    ['a fraction for an integer', { x: 'u8' }, { x: 1.5 }, 'a.x: expected a whole number (u8), got 1.5'],
    ['a number for a bool', { x: 'bool' }, { x: 1 }, 'a.x: expected a boolean, got 1'],
    ['nothing', { x: 'bool' }, {}, 'a.x: expected a boolean, got nothing'],
    ['an unknown name', { x: 'bool' }, { x: true, z: 1 }, 'a.z is not known; known: x'],
    ['text too long, in bytes', { x: { type: 'str', maxBytes: 3 } }, { x: 'äö' }, 'a.x: at most 3 bytes, got 4'],
    ['bytes too long', { x: { type: 'bytes', maxBytes: 1 } }, { x: new Uint8Array(2) }, 'a.x: at most 1 bytes, got 2'],
    ['too many items', { x: { array: 'u8', maxItems: 1 } }, { x: [1, 2] }, 'a.x: at most 1 items, got 2'],
    ['a bad item', { x: { array: 'u8', maxItems: 3 } }, { x: [1, 256] }, 'a.x[1]: 256 is not in 0 to 255 (u8)'],
    [
      'out of the range of the contract',
      { x: { type: 'f32', min: 0, max: 1, unit: 'm' } },
      { x: 2 },
      'a.x: 2 is not in 0 to 1 m',
    ],
  ] as [string, Record<string, Field>, unknown, string][])('refuses %s', (_, args, values, message) => {
    expect(() => encodeFields('a', fieldsOf(args), values)).toThrow(message)
  })

  it('rounds f32 to what the device computes with, so that five bytes carry it', () => {
    expect(encodeFields('a', fieldsOf({ x: 'f32' }), { x: 0.1 })).toEqual([Math.fround(0.1)])
  })

  const MAX_F32 = (2 - 2 ** -23) * 2 ** 127
  it.each([1e39, -1e39, Number.MAX_VALUE, 3.5e38])('refuses %d for an f32, which would be infinite', (beyond) => {
    const problem = `${beyond} is not in ${-MAX_F32} to ${MAX_F32} (f32)`
    expect(() => encodeFields('a', fieldsOf({ x: 'f32' }), { x: beyond })).toThrow(`ARGUMENT_INVALID: a.x: ${problem}`)
    const items = fieldsOf({ x: { array: 'f32', maxItems: 2 } })
    expect(() => encodeFields('a', items, { x: [0, beyond] })).toThrow(`a.x[1]: ${problem}`)
    const { result } = defineContract({ name: 'n', version: '1', actions: { a: { result: 'f32' } } }).actions.get('a')!
    expect(() => encodeResult('a', result, beyond)).toThrow(`ARGUMENT_INVALID: a`)
    expect(encodeFields('a', fieldsOf({ x: 'f64' }), { x: beyond })).toEqual([beyond])
  })

  it('takes what f32 holds to its ends, and infinities as such', () => {
    const sent = [MAX_F32, -MAX_F32, Infinity, -Infinity, Number.NaN]
    for (const x of sent) expect(encodeFields('a', fieldsOf({ x: 'f32' }), { x })).toEqual([x])
    // Nearer to the largest f32 than to the next power of two.
    expect(encodeFields('a', fieldsOf({ x: 'f32' }), { x: MAX_F32 + 2 ** 100 })).toEqual([MAX_F32])
  })

  it('sends no value for no arguments', () => {
    expect(encodeFields('a', [], {})).toBeUndefined()
    expect(encodeFields('a', [], undefined)).toBeUndefined()
  })
})

describe('values from the wire', () => {
  it('nil and 0 both are a void result, anything else is not', () => {
    expect(decodeResult('r', { kind: 'void' }, 0)).toEqual({ ok: true, value: undefined })
    expect(decodeResult('r', { kind: 'void' }, null)).toEqual({ ok: true, value: undefined })
    expect(decodeResult('r', { kind: 'void' }, 1)).toEqual({
      ok: false,
      problem: 'r: expected nothing (0 or nil), got 1',
    })
  })

  it('a wrong number of values or a wrong type is a sentence, not an exception', () => {
    const fields = fieldsOf({ x: 'u8', y: 'str' })
    expect(decodeFields('e', fields, [1])).toEqual({ ok: false, problem: 'e: expected 2 values, got 1' })
    expect(decodeFields('e', fields, [1, 2])).toEqual({ ok: false, problem: 'e.y: expected a string, got 2' })
    expect(decodeFields('e', fields, { x: 1 })).toEqual({
      ok: false,
      problem: 'e: expected an array of 2, got an object',
    })
  })

  it('takes what a device sends outside of the range that binds only the sender', () => {
    expect(decodeFields('e', fieldsOf({ x: { type: 'u8', max: 5 } }), [9])).toEqual({ ok: true, value: { x: 9 } })
  })

  it('a device takes the limit of an f32, which is a little more on the wire than in the contract', () => {
    const fields = [{ kind: 'scalar', name: 'open', type: 'f32', min: -0.1, max: 0.1 }] as const
    const taken = (open: number) => decodeFields('set', fields, encodeFields('set', fields, { open }), true)
    for (const open of [0.1, -0.1, Math.fround(0.1)])
      expect(taken(open)).toEqual({ ok: true, value: { open: Math.fround(open) } })
    expect(decodeFields('set', fields, [0.10000002], true).ok).toBe(false)
    expect(() => encodeFields('set', fields, { open: 0.10000002 })).toThrow(
      'set.open: 0.10000002 is not in -0.1 to 0.1',
    )
    const endless = [{ ...fields[0], max: 1e39 }]
    expect(() => encodeFields('set', endless, { open: Infinity })).toThrow('is not in')
  })
})
