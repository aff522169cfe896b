import { expect, test } from 'vitest'
import { printable, printableJson } from '../../src/gateway/printable.js'

test.each([
  ['plain text, åäö 温室 🌱', 'plain text, åäö 温室 🌱'],
  ['\u001b[2J\u0007', '\\x1b[2J\\x07'],
  ['a\nb\r\tc\0', 'a\\nb\\r\\tc\\x00'],
  ['\u007f\u009b31m', '\\x7f\\x9b31m'],
  ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
  ['\u2028\u200f', '\\u2028\\u200f'],
])('%j is printed as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('it is cut at 1,024 characters, or where it is told to be', () => {
  expect(printable('x'.repeat(2_000))).toBe(`${'x'.repeat(1_024)}…`)
  expect(printable('x'.repeat(5), 4)).toBe('xxxx…')
})

test('JSON text stays JSON and means the same', () => {
  const value = { text: '\u001b\u009b\u202e\n' }
  const shown = printableJson(JSON.stringify(value))
  expect(shown).toBe('{"text":"\\u001b\\u009b\\u202e\\n"}')
  expect(JSON.parse(shown)).toEqual(value)
})
