import { expect, test } from 'vitest'
import { cutLine, printable, printableJson } from '../../src/gateway/printable.js'

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

test.each([
  ['plain', 'x'.repeat(5_000)],
  ['controls', '\u001b'.repeat(5_000)],
  ['bidi', '\u202e'.repeat(5_000)],
  ['quotes and backslashes', '"\\'.repeat(5_000)],
  ['three bytes', '温'.repeat(5_000)],
  ['four bytes', '🌱'.repeat(5_000)],
  ['halves of characters', '\ud83c'.repeat(5_000)],
])('R27: a line of %s, cut, has at most 800 bytes, printed and in JSON', (_name, text) => {
  const cut = cutLine(text, 800)
  expect(cut.endsWith('…')).toBe(true)
  expect(Buffer.byteLength(printable(cut))).toBeLessThanOrEqual(800)
  expect(Buffer.byteLength(JSON.stringify(printable(cut)))).toBeLessThanOrEqual(800 + 2)
  expect(Buffer.byteLength(printableJson(JSON.stringify(cut)))).toBeLessThanOrEqual(800 + 2)
})

test('a line that fits is not cut, to the byte', () => {
  expect(cutLine('x'.repeat(800), 800)).toBe('x'.repeat(800))
  expect(cutLine('x'.repeat(801), 800)).toBe(`${'x'.repeat(797)}…`)
  expect(cutLine('温'.repeat(266), 800)).toBe('温'.repeat(266))
})
