import { describe, expect, it } from 'vitest'
import { createValueCodec } from '../../src/wire/index.js'
import { SUITE } from './msgpack-suite.js'

const codec = createValueCodec()
const values = SUITE.filter(({ value }) => value !== undefined)

describe('the 85 values of msgpack-test-suite in 233 encodings', () => {
  it('are all there', () => {
    expect(SUITE).toHaveLength(85)
    expect(SUITE.flatMap(({ encodings }) => encodings)).toHaveLength(233)
  })

  it.each(values)('$name is read from every encoding', ({ value, encodings }) => {
    for (const bytes of encodings) {
      const decoded = codec.decode(bytes)
      expect(decoded.ok && asPlain(decoded.value)).toEqual(value)
    }
  })

  it.each(values)('$name is sent in the shortest of its encodings', ({ value, encodings }) => {
    const sent = codec.encode(value)
    expect(encodings).toContainEqual(sent)
    expect(sent.length).toBe(Math.min(...encodings.filter(keepsType(value)).map(({ length }) => length)))
  })

  it('are refused as ext, and as nothing else, where they are ext or timestamps', () => {
    const refused = SUITE.filter(({ value }) => value === undefined)
    expect(refused).toHaveLength(26)
    for (const { encodings } of refused) {
      for (const bytes of encodings) expect(codec.decode(bytes)).toEqual({ ok: false, reason: 'ext' })
    }
  })
})

/** 2^32 is 5 bytes as a float and 9 as an integer; an integer is not sent as a float, which would be another type. */
function keepsType(value: unknown): (bytes: Uint8Array) => boolean {
  const isInteger = typeof value === 'bigint' || Number.isInteger(value)
  return ([format]) => !isInteger || (format !== 0xca && format !== 0xcb)
}

/** Maps come without a prototype, which is no difference here. */
function asPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asPlain)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asPlain(inner)]))
}
