import { expect, test } from 'vitest'
import { parseIntelHex } from '../../src/testing/avr/intel-hex.js'

const END = ':00000001FF'

test('data records land at their addresses, and the rest is erased flash', () => {
  const flash = parseIntelHex(`:02000000AABB99\r\n:0100100055 9A\n${END}\n`.replace(' ', ''), 32)
  expect([...flash.subarray(0, 3)]).toEqual([0xaa, 0xbb, 0xff])
  expect(flash[0x10]).toBe(0x55)
  expect(flash).toHaveLength(32)
})

test('segment and linear base addresses are added', () => {
  expect(parseIntelHex(`:020000020001FB\n:0100000042BD\n${END}`)[0x10]).toBe(0x42)
  expect(parseIntelHex(`:020000040000FA\n:0100000042BD\n${END}`)[0]).toBe(0x42)
})

test.each([
  ['a wrong checksum', `:02000000AABB98\n${END}`, 'line 1: the checksum is 0x98, but the record adds up to 0x99'],
  ['a record that is too short', `:03000000AABB98\n${END}`, 'line 1: the record says 8 bytes, but has 7'],
  ['text that is no record', `\nhello\n${END}`, 'line 2: a record is ":" and pairs of hex digits, this is "hello"'],
  ['an unknown record type', `:00000009F7\n${END}`, 'line 1: record type 9 is not known'],
  ['data past the flash', `:01800000AAD5\n${END}`, 'line 1: data at 0x8000 lies outside the 32768 bytes of flash'],
  ['a missing end record', ':02000000AABB99\n', 'there is no end record'],
  ['an ELF file', '\u007fELF', 'line 1'],
])('%s is refused with its line', (_name, text, message) => {
  expect(() => parseIntelHex(text)).toThrow(message)
})
