/** docs/protocol.md and the code say the same numbers. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  Action,
  createValueCodec,
  DEFAULT_VALUE_LIMITS,
  ErrorNumber,
  encodeDeviceHello,
  encodeFrame,
  encodeMessage,
  Feature,
  FIRST_PROTOCOL_ACTION,
} from '../../src/wire/index.js'
import { toHex } from './vectors.js'

const PAGE = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

/** The cells of the tables of one section, without their heads. */
function tableOf(section: string): string[][] {
  const text = PAGE.split('\n## ').find((part) => part.startsWith(section)) ?? ''
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('the actions of the page are those of the code', () => {
  const page = tableOf('6. Message').flatMap(([number = '', name = '']) =>
    /^0x[0-9A-F]{2}$/.test(number) ? [[name, Number(number)]] : [],
  )
  expect(Object.fromEntries(page)).toEqual({ ...Action })
  expect(PAGE).toContain(`| 0x00-0x${(FIRST_PROTOCOL_ACTION - 1).toString(16).toUpperCase()} | of the contract |`)
})

test('the errors of the page are those of the code', () => {
  const page = tableOf('18. Errors').flatMap(([code = '']) => code.match(/^\d+/)?.map(Number) ?? [])
  expect(page).toEqual(Object.values(ErrorNumber))
})

test('the feature bits of the page are those of the code', () => {
  const bits = tableOf('7. Hello').flatMap((cells) =>
    cells.length === 4 ? [cells[0], cells[2]].map((bit) => Number(bit?.replace(',', ''))).filter((bit) => bit > 0) : [],
  )
  expect(bits.toSorted((one, other) => one - other)).toEqual(Object.values(Feature))
})

test("the fields of the device's hello stand in the order in which they travel", () => {
  const fields = tableOf('7. Hello').flatMap((cells) =>
    cells.length === 5 && /^\d+$/.test(cells[0]!) ? [cells[1]!] : [],
  )
  const hello = Object.fromEntries(fields.map((name, index) => [name, index])) as never
  expect(fields).toHaveLength(16)
  expect(encodeDeviceHello(hello)).toEqual(fields.map((_name, index) => index))
})

test('the limits of values on the page are those of the code', () => {
  const section = PAGE.split('\n## ')
    .find((part) => part.startsWith('5. Value'))!
    .replaceAll('\n', ' ')
  for (const limit of Object.values(DEFAULT_VALUE_LIMITS)) expect(section).toContain(limit.toLocaleString('en'))
})

test('the worked example is what the code sends', () => {
  const wire = encodeFrame(encodeMessage(createValueCodec(), 3, 7, [21.5]))
  const spaced = toHex(wire).match(/../g)!.join(' ')
  expect(PAGE).toContain(`| on the wire, ${wire.length} bytes | \`${spaced}\` |`)
})
