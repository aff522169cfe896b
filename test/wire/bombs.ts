/** msgpack made to harm whoever decodes it: by depth, by counts and sizes that are declared and not there, by work. */

import { concat, fromHex } from './vectors.js'

const repeated = (hex: string, count: number): Uint8Array => {
  const unit = fromHex(hex)
  const bytes = new Uint8Array(unit.length * count)
  for (let at = 0; at < bytes.length; at += unit.length) bytes.set(unit, at)
  return bytes
}
const u16 = (number: number) => Uint8Array.of(number >> 8, number & 255)
const ascii = (text: string) => new TextEncoder().encode(text)
const shortText = (text: string) => concat(Uint8Array.of(0xd9, text.length), ascii(text))

function mapOf(keys: readonly string[]): Uint8Array {
  const entries = keys.flatMap((key) => [shortText(key), Uint8Array.of(0xc0)])
  return concat(fromHex('de'), u16(keys.length), ...entries)
}

const names = (count: number, tail = '') => Array.from({ length: count }, (_, index) => `${1_000 + index}${tail}`)

/** FNV-1a, 32 bits: what the scan compares keys by before it compares their bytes. */
function fnv1a(bytes: Uint8Array, hash: number): number {
  let state = hash
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193)
  return state
}

/** 2 ** `rounds` different keys of one length and one hash, behind a prefix that all of them share. Each round finds, by the
 * birthday paradox, two blocks that lead from one state to the same next one (Joux's multicollision). */
export function collidingKeys(rounds: number, prefix: string): readonly string[] {
  let state = fnv1a(ascii(prefix), 0x811c9dc5)
  let keys: readonly string[] = [prefix]
  for (let round = 0; round < rounds; round++) {
    const seen = new Map<number, string>()
    for (let number = 0; ; number++) {
      // Scattered, as FNV keeps blocks apart that are much alike.
      const block = (Math.imul(number, 0x9e3779b1) >>> 0).toString(36).padStart(7, '0')
      const next = fnv1a(ascii(block), state)
      const other = seen.get(next)
      if (other !== undefined) {
        keys = keys.flatMap((key) => [key + other, key + block])
        state = next
        break
      }
      seen.set(next, block)
    }
  }
  return keys
}

export type Bomb = readonly [name: string, bytes: Uint8Array]

export const BOMBS: readonly Bomb[] = [
  ['arrays in arrays', repeated('91', 65_535)],
  ['maps in maps', repeated('81a0', 32_767)],
  ['maps in maps, each under a long key', repeated(`81bf${'61'.repeat(31)}`, 1_985)],
  ['arrays and maps in turn', repeated('9181a0', 21_845)],
  ['arrays of fifteen arrays', repeated('9f', 65_535)],
  ['array 16 in array 16', repeated('dc0001', 21_845)],
  ['array 32 in array 32', repeated('dd00000001', 13_107)],
  ['map 32 in map 32', repeated('df00000001a0', 10_922)],
  ['array 16 of everything', repeated('dcffff', 21_845)],
  ['seventeen arrays, one too deep', concat(repeated('91', 16), fromHex('90'))],
  ['an array that declares 4 Gi members', concat(fromHex('ddffffffff'), repeated('c0', 65_530))],
  ['six bytes that declare 4 Gi members', fromHex('ddffffffff00')],
  ['an array that declares as many members as there are bytes', concat(fromHex('dcfffc'), repeated('c0', 65_532))],
  ['an array of 1,025', concat(fromHex('dc0401'), repeated('c0', 1_025))],
  ['a map that declares 4 Gi members', concat(fromHex('dfffffffff'), repeated('a0', 65_530))],
  ['a map that declares half as many members as there are bytes', concat(fromHex('de7ffe'), repeated('a0c0', 32_766))],
  ['a map of 257', mapOf(names(257))],
  ['text that declares 4 GiB', concat(fromHex('dbffffffff'), repeated('61', 65_530))],
  ['bin that declares 4 GiB', concat(fromHex('c6ffffffff'), repeated('61', 65_530))],
  ['an ext that declares 4 GiB', concat(fromHex('c9ffffffff01'), repeated('61', 65_529))],
  ['ext in ext', repeated('d401', 32_767)],
  ['a timestamp of twelve bytes', concat(fromHex('c70cff'), repeated('ff', 12))],
  ['empty arrays without end', concat(fromHex('dc0400'), repeated('90', 65_532))],
  ['arrays of 1,024 in each other', repeated(`dc0400${'90'.repeat(1_023)}`, 60)],
  [
    '4,097 values in rows',
    concat(fromHex('95'), ...Array.from({ length: 5 }, () => repeated(`dc0400${'c0'.repeat(1_024)}`, 1))),
  ],
  ['the same key without end', concat(fromHex('de0100'), repeated('a161c0', 256))],
  ['256 maps of 256 keys', concat(fromHex('dc0100'), ...Array.from({ length: 256 }, () => mapOf(names(256))))],
  ['8 maps of 256 keys', concat(fromHex('98'), ...Array.from({ length: 8 }, () => mapOf(names(255))))],
  ['255 long keys that differ in the last bytes', mapOf(names(255).map((name) => `${'a'.repeat(240)}${name}`))],
  ['256 long keys of one hash, alike in front', mapOf(collidingKeys(8, 'a'.repeat(176)))],
  ['text of nothing but cut characters', concat(fromHex('daffff'), repeated('c2', 65_535))],
  ['text of 3-byte characters', concat(fromHex('daffff'), repeated('e29c93', 21_845))],
  ['integers of 64 bits without end', concat(fromHex('dc0400'), repeated('cfffffffffffffffff', 1_024))],
  ['nil without end', repeated('c0', 65_535)],
]

const row = repeated(`dc0400${'c0'.repeat(1_024)}`, 64)
const rows = (size: number) => row.subarray(0, size)

/** By what a size can grow. */
export const BOMB_KINDS: readonly (readonly [name: string, bytesOf: (size: number) => Uint8Array])[] = [
  ['depth', (size) => new Uint8Array(size).fill(0x91)],
  ['width', (size) => concat(fromHex('dc'), u16(size), new Uint8Array(size).fill(0xc0))],
  ['width of width', (size) => concat(fromHex('dc'), u16(Math.ceil(size / 1_027)), rows(size))],
  ['length', (size) => concat(fromHex('da'), u16(size), new Uint8Array(size).fill(0x61))],
]
