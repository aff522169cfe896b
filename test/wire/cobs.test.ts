import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cobsBytes } from '../../src/wire/cobs.js'
import { cobsDecode, cobsEncode } from '../../src/wire/index.js'
import { check } from './random.js'
import { fromHex, toHex } from './vectors.js'

/** From the paper (Cheshire and Baker, 1999) and the examples that its readers use. */
const EXAMPLES = [
  ['', '01'],
  ['00', '0101'],
  ['0000', '010101'],
  ['001100', '01021101'],
  ['11220033', '0311220233'],
  ['11223344', '0511223344'],
  ['11000000', '0211010101'],
] as const

test.each(EXAMPLES)('%s is encoded as %s', (plain, encoded) => {
  expect(toHex(cobsEncode(fromHex(plain)))).toBe(encoded)
  expect(toHex(cobsDecode(fromHex(encoded))!)).toBe(plain)
})

test('full groups of 254 bytes have the code 0xFF and no zero after them', () => {
  const run = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ((from + index - 1) % 255) + 1)
  const cases = [
    { bytes: run(1, 253), encoded: [254, ...run(1, 253)] },
    { bytes: run(1, 254), encoded: [255, ...run(1, 254)] },
    { bytes: run(1, 255), encoded: [255, ...run(1, 254), 2, 255] },
    { bytes: [0, ...run(1, 254)], encoded: [1, 255, ...run(1, 254)] },
    { bytes: [...run(1, 254), 0], encoded: [255, ...run(1, 254), 1, 1] },
    { bytes: [...run(1, 253), 0], encoded: [254, ...run(1, 253), 1] },
    { bytes: run(1, 508), encoded: [255, ...run(1, 254), 255, ...run(255, 254)] },
  ]
  for (const { bytes, encoded } of cases) {
    expect([...cobsEncode(Uint8Array.from(bytes))]).toEqual(encoded)
    expect([...cobsDecode(Uint8Array.from(encoded))!]).toEqual(bytes)
  }
})

test('an empty group after a full last one is accepted', () => {
  const bytes = new Uint8Array(254).fill(7)
  expect(cobsDecode(Uint8Array.of(...cobsEncode(bytes), 1))).toEqual(bytes)
})

test.each([
  ['nothing', ''],
  ['a zero as code', '00'],
  ['a zero within a group', '03110022'],
  ['a chain that ends before its group does', '0311'],
  ['a chain that ends before its last group does', '0211ff'],
])('%s is refused', (_name, encoded) => {
  expect(cobsDecode(fromHex(encoded))).toBeUndefined()
})

test('any bytes come back, without a zero on the way and within the promised length', () => {
  const bytes = fc.uint8Array({ maxLength: 1100 })
  const mostlyZeros = fc
    .array(fc.oneof(fc.constant(0), fc.nat(255)), { maxLength: 600 })
    .map((all) => Uint8Array.from(all))
  const noZeros = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 1100 }).map((all) => Uint8Array.from(all))
  check(
    fc.property(fc.oneof(bytes, mostlyZeros, noZeros), (original) => {
      const encoded = cobsEncode(original)
      expect(encoded.includes(0)).toBe(false)
      expect(encoded.length).toBeLessThanOrEqual(cobsBytes(original.length))
      expect(cobsDecode(encoded)).toEqual(original)
    }),
  )
})
