/** What a device may put into a value, from its bytes to the JSON on MQTT: refused, or said exactly, and never the end of anything. */

import { describe, expect, it } from 'vitest'
import type { NormalResult } from '../../src/contract/index.js'
import { resultToJson } from '../../src/gateway/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createValueCodec } from '../../src/wire/index.js'
import { figures } from '../figures.js'
import { BOMB_KINDS, BOMBS } from '../wire/bombs.js'
import { concat, fromHex } from '../wire/vectors.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const codec = createValueCodec()
const ANY: NormalResult = { kind: 'any' } as NormalResult
const hexOf = (text: string) => Buffer.from(text).toString('hex')
const key = (text: string) => `${(0xa0 + text.length).toString(16)}${hexOf(text)}`

/** The JSON that comes of bytes; undefined when they are refused. */
function jsonOf(bytes: Uint8Array): string | undefined {
  const decoded = codec.decode(bytes)
  return decoded.ok ? JSON.stringify(resultToJson(ANY, decoded.value)) : undefined
}

describe('values of a hostile program', () => {
  it.each([
    ['the key __proto__', `81${key('__proto__')}81${key('x')}01`, 'reserved_key'],
    ['the key constructor', `81${key('constructor')}81${key('prototype')}80`, 'reserved_key'],
    ['the key prototype', `81${key('prototype')}81${key('x')}01`, 'reserved_key'],
    ['a reserved key deep inside', `919181${key('a')}81${key('__proto__')}01`, 'reserved_key'],
    ['a reserved key in the long form', `81d909${hexOf('__proto__')}01`, 'reserved_key'],
    ['a key twice', `82${key('a')}01${key('a')}02`, 'duplicate_key'],
    ['a key twice in two forms', `82${key('a')}01d90161 02`.replace(' ', ''), 'duplicate_key'],
    ['bytes behind the value', '01c0', 'trailing_bytes'],
    ['the byte 0xC1', 'c1', 'reserved_byte'],
    ['the byte 0xC1 as a key', '81c101', 'reserved_byte'],
    ['UTF-8 that is cut', 'a2c328', 'bad_utf8'],
    ['half a surrogate pair', 'a3eda080', 'bad_utf8'],
    ['an overlong slash', 'a2c0af', 'bad_utf8'],
    ['a key of bytes', '81c4016101', 'key_type'],
    ['an integer as a key', '810101', 'key_type'],
    ['nil as a key', '81c001', 'key_type'],
    ['an array as a key', '819001', 'key_type'],
    ['an extension', 'd40000', 'ext'],
    ['a timestamp', 'd6ff00000000', 'ext'],
  ])('R17: %s is refused', (_name, hex, reason) => {
    expect(codec.decode(fromHex(hex))).toEqual({ ok: false, reason })
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    figures({ refused: 1 })
  })

  it.each([
    ['2^53', 'cf0020000000000000', '"9007199254740992"'],
    ['2^53 + 1', 'cf0020000000000001', '"9007199254740993"'],
    ['2^53 - 1', 'cf001fffffffffffff', '9007199254740991'],
    ['2^64 - 1', 'cfffffffffffffffff', '"18446744073709551615"'],
    ['-2^63', 'd38000000000000000', '"-9223372036854775808"'],
    ['NaN', 'cb7ff8000000000000', 'null'],
    ['an infinity', 'ca7f800000', 'null'],
    ['bytes', 'c403010203', '"AQID"'],
    ['the key toString', `81${key('toString')}01`, '{"toString":1}'],
    ['the key toJSON', `81${key('toJSON')}01`, '{"toJSON":1}'],
    ['the key valueOf', `81${key('valueOf')}c0`, '{"valueOf":null}'],
    ['a NUL in a text', 'a3610062', '"a\\u0000b"'],
  ])('R17: %s comes to JSON exactly', (_name, hex, json) => {
    const bytes = fromHex(hex)
    expect(jsonOf(bytes)).toBe(json)
    const decoded = codec.decode(bytes)
    if (decoded.ok && !Number.isNaN(decoded.value)) {
      expect(codec.decode(codec.encode(decoded.value))).toEqual(decoded)
    }
    figures({ exact: 1 })
  })

  it('R16: whatever of the bombs is accepted is said in JSON without throwing', () => {
    let accepted = 0
    for (const [, bytes] of BOMBS) if (jsonOf(bytes) !== undefined) accepted += 1
    for (const [, kind] of BOMB_KINDS) {
      for (let size = 1; size <= 65_535; size += size < 1_100 ? 1 : 997) if (jsonOf(kind(size))) accepted += 1
    }
    expect(accepted).toBeGreaterThan(1_000)
    // As deep as it gets.
    expect(jsonOf(concat(new Uint8Array(15).fill(0x91), fromHex('90')))).toBe(`${'['.repeat(16)}${']'.repeat(16)}`)
  })

  it(`R16: 20,000 random values are refused or said in JSON that can be parsed (seed ${SEED})`, () => {
    const random = seeded(SEED)
    const heads = [0x81, 0x82, 0x91, 0x93, 0xa1, 0xa3, 0xc0, 0xc1, 0xc4, 0xca, 0xcb, 0xcf, 0xd3, 0xd9, 0xdc, 0xde, 0xe0]
    let accepted = 0
    for (let round = 0; round < 20_000; round++) {
      const bytes = new Uint8Array(1 + Math.floor(random() * 24))
      for (let at = 0; at < bytes.length; at++) {
        bytes[at] = random() < 0.5 ? heads[Math.floor(random() * heads.length)]! : Math.floor(random() * 256)
      }
      const json = jsonOf(bytes)
      if (json === undefined) continue
      accepted += 1
      JSON.parse(json)
    }
    expect(accepted).toBeGreaterThan(20)
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})
