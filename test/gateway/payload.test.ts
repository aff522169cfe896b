import { expect, test } from 'vitest'
import { defineContract, fieldsOf } from '../../src/contract/index.js'
import { argsFromJson, fieldsToJson, hasNotFinite, notFiniteOf, resultToJson } from '../../src/gateway/payload.js'

const contract = defineContract({
  name: 'all',
  version: '1',
  actions: {
    take: {
      args: {
        flag: 'bool',
        small: 'u8',
        big: 'u64',
        low: 'i64',
        ratio: 'f32',
        exact: 'f64',
        text: 'str',
        raw: { type: 'bytes', maxBytes: 16 },
        list: { array: 'u64', maxItems: 4 },
      },
      result: 'u64',
    },
  },
})
const { args: normalArgs, result } = contract.actions.get('take')!
const args = fieldsOf(normalArgs)

const values = {
  flag: true,
  small: 7,
  big: 2n ** 64n - 1n,
  low: -5n,
  ratio: Math.fround(21.6),
  exact: 0.1,
  text: 'åäö',
  raw: new Uint8Array([0, 255]),
  list: [1n, 2n ** 53n],
}
const json = {
  flag: true,
  small: 7,
  big: '18446744073709551615',
  low: -5,
  ratio: 21.6,
  exact: 0.1,
  text: 'åäö',
  raw: 'AP8=',
  list: [1, '9007199254740992'],
}

test('integers beyond 2^53 become strings, bytes base64, 32-bit floats their shortest decimal', () => {
  expect(fieldsToJson(args, values)).toEqual(json)
  expect(resultToJson(result, 2n ** 60n)).toBe('1152921504606846976')
})

test('what was written as JSON comes back as the types of the contract', () => {
  const back = argsFromJson(args, JSON.parse(JSON.stringify(json)) as Record<string, unknown>)
  expect({ ...back, ratio: Math.fround(back['ratio'] as number) }).toEqual(values)
})

test('NaN and the infinities become null', () => {
  expect(fieldsToJson(args, { ...values, ratio: Number.NaN, exact: Infinity })).toMatchObject({
    ratio: null,
    exact: null,
  })
})

test('an integer that JSON has rounded already is left for the contract to refuse', () => {
  expect(argsFromJson(args, { big: 2 ** 60 })).toEqual({ big: 2 ** 60 })
})

test('null is no number, which the contract says: a NaN that nobody meant must not reach a valve', () => {
  expect(argsFromJson(args, { ratio: null })).toEqual({ ratio: null })
})

test('what is not base64 is left for the contract to refuse', () => {
  expect(argsFromJson(args, { raw: 'not base64!' })).toEqual({ raw: 'not base64!' })
})

test('an action without a result gives null', () => {
  expect(resultToJson({ kind: 'void' }, undefined)).toBeNull()
})

test.each([
  [Number.NaN, true],
  [[1, [Number.NEGATIVE_INFINITY]], true],
  [{ a: { b: Number.NaN } }, true],
  [null, false],
  ['NaN', false],
  [2n ** 64n, false],
  [[1, null, new Uint8Array(2), Number.MAX_VALUE], false],
])('%o has NaN or an infinity in it: %s', (value, expected) => {
  expect(hasNotFinite(value)).toBe(expected)
  expect(notFiniteOf({ kind: 'any' }, value)).toEqual(expected ? ['data'] : [])
})
