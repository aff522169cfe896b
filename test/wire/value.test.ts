import { Decoder, Encoder } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createValueCodec, type DecodedValue } from '../../src/wire/index.js'
import { check, createRandom, SEED } from './random.js'
import { fromHex, fromTagged, readVectors, toHex } from './vectors.js'

const { good, alsoAccepted, bad } = readVectors('values')
const codec = createValueCodec()

describe('the vectors', () => {
  test.each(good)('are encoded in the shortest form: $name', ({ hex, value }) => {
    expect(toHex(codec.encode(fromTagged(value)))).toBe(hex)
  })

  test.each([...good, ...alsoAccepted])('are decoded: $name', ({ hex, value }) => {
    expect(codec.decode(fromHex(hex))).toEqual({ ok: true, value: fromTagged(value) })
  })

  test.each(alsoAccepted)('have a shorter form: $name', ({ hex, value }) => {
    const shortest = toHex(codec.encode(fromTagged(value)))
    expect(shortest.length).toBeLessThanOrEqual(hex.length)
    expect(shortest).not.toBe(hex)
  })

  test.each(bad)('are refused: $name', ({ hex, reason }) => {
    expect(codec.decode(fromHex(hex))).toEqual({ ok: false, reason })
  })

  test.each([...good, ...alsoAccepted])('are refused while a byte is missing: $name', ({ hex }) => {
    const bytes = fromHex(hex)
    for (let length = 0; length < bytes.length; length++) {
      expect(codec.decode(bytes.subarray(0, length))).toEqual({ ok: false, reason: 'truncated' })
    }
  })

  test.each([...good, ...alsoAccepted])('are refused with a byte more: $name', ({ hex }) => {
    expect(codec.decode(fromHex(`${hex}c0`))).toEqual({ ok: false, reason: 'trailing_bytes' })
  })

  test.each([...good, ...alsoAccepted])('are found behind an offset: $name', ({ hex, value }) => {
    expect(codec.decode(fromHex(`c1c1${hex}`), 2)).toEqual({ ok: true, value: fromTagged(value) })
  })
})

function roundTrip(value: unknown): unknown {
  const decoded = codec.decode(codec.encode(value))
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.value
}

describe('integers', () => {
  test('are numbers as long as a number says them exactly, and bigints beyond', () => {
    expect(roundTrip(2 ** 53 - 1)).toBe(2 ** 53 - 1)
    expect(roundTrip(2n ** 53n - 1n)).toBe(2 ** 53 - 1)
    expect(roundTrip(2n ** 53n + 1n)).toBe(2n ** 53n + 1n)
    expect(roundTrip(2n ** 64n - 1n)).toBe(2n ** 64n - 1n)
    expect(roundTrip(-(2n ** 63n))).toBe(-(2n ** 63n))
    expect(roundTrip([1n, { a: 2n ** 40n }])).toEqual([1, { a: 2 ** 40 }])
  })

  test('are as short from a bigint as from a number', () => {
    for (const value of [0, 127, 128, -32, -33, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53 - 1]) {
      expect(toHex(codec.encode([BigInt(value)]))).toBe(toHex(codec.encode([value])))
    }
  })

  test('beyond 64 bits are refused', () => {
    expect(() => codec.encode(2n ** 64n)).toThrow(RangeError)
    expect(() => codec.encode([-(2n ** 63n) - 1n])).toThrow(RangeError)
  })

  test('do not change what they are taken from', () => {
    const value = { list: [2 ** 40, 1n], other: 'same' }
    codec.encode(value)
    expect(value).toEqual({ list: [2 ** 40, 1n], other: 'same' })
  })
})

describe('floats', () => {
  test('are 32 bits wide when that is exact for all of them', () => {
    expect(toHex(codec.encode([0.5, -2.25, 7]))).toBe('93ca3f000000cac010000007')
    expect(toHex(codec.encode([0.5, 0.1]))).toBe('92cb3fe0000000000000cb3fb999999999999a')
    expect(toHex(codec.encode({ a: [[0.1]], b: 0.5 })).match(/cb/g)).toHaveLength(2)
  })

  test('of one value do not decide on the next', () => {
    codec.encode(0.1)
    expect(toHex(codec.encode(0.5))).toBe('ca3f000000')
  })

  test('that are not finite are 32 bits wide and come back', () => {
    expect(toHex(codec.encode([Number.NaN, Infinity, -Infinity]))).toBe('93ca7fc00000ca7f800000caff800000')
    expect(roundTrip([Number.NaN, Infinity, -Infinity])).toEqual([Number.NaN, Infinity, -Infinity])
  })

  test('beyond the exact integers stay floats', () => {
    expect(roundTrip([2 ** 53, 1e20, -1e300])).toEqual([2 ** 53, 1e20, -1e300])
  })
})

test('undefined is nil, in arrays, in their holes and in maps', () => {
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
  expect(toHex(codec.encode([undefined, , null]))).toBe('93c0c0c0')
  expect(toHex(codec.encode({ a: undefined }))).toBe('81a161c0')
  expect(toHex(codec.encode(undefined))).toBe('c0')
})

test('bin is a copy: the bytes that it came from may be overwritten', () => {
  for (const bytes of [codec.encode([Uint8Array.of(1, 2, 3)]), Buffer.from(codec.encode([Uint8Array.of(1, 2, 3)]))]) {
    const decoded = codec.decode(bytes)
    bytes.fill(0xff)
    expect(decoded).toEqual({ ok: true, value: [Uint8Array.of(1, 2, 3)] })
  }
})

test('encoded bytes stay as they are when the next value is encoded, unless they were shared', () => {
  const kept = codec.encode([1, 2, 3])
  const shared = codec.encodeShared([1, 2, 3])
  expect(shared).toEqual(kept)
  codec.encode(['other'])
  expect(toHex(kept)).toBe('93010203')
})

test('a Buffer is bin like any Uint8Array, a part of a larger one too', () => {
  expect(toHex(codec.encode(Buffer.from('0102', 'hex')))).toBe('c4020102')
  expect(toHex(codec.encode(new Uint8Array([0, 1, 2, 3]).subarray(1, 3)))).toBe('c4020102')
})

describe('a map', () => {
  test('has no prototype, so that a name is what was sent or undefined', () => {
    const map = roundTrip({ a: 1, toString: 2 }) as Record<string, unknown>
    expect(Object.getPrototypeOf(map)).toBeNull()
    expect(map['toString']).toBe(2)
    expect(map['valueOf']).toBeUndefined()
  })

  test('reaches no other object', () => {
    for (const { hex, reason } of bad) if (reason === 'reserved_key') codec.decode(fromHex(hex))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

test(`keys that look alike are not taken for each other, however often they come (seed ${SEED})`, () => {
  const letters = ['a', 'b', 'c', '\u00e9', '\u{1f331}']
  const key = fc.array(fc.constantFrom(...letters), { maxLength: 18 }).map((parts) => parts.join(''))
  // One codec for all: what it has kept of earlier keys must not matter.
  check(
    fc.property(fc.dictionary(key, fc.nat()), (map) => {
      expect({ ...(roundTrip(map) as object) }).toEqual({ ...map })
    }),
  )
})

test('texts keep a byte order mark, however long they are', () => {
  for (const length of [0, 10, 24, 25, 200, 201, 5000]) {
    const text = `\ufeff${'a'.repeat(length)}`
    expect(roundTrip(text)).toBe(text)
    expect(roundTrip({ [text]: text })).toEqual({ [text]: text })
  }
})

describe('what has no form is refused before a byte is made', () => {
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a date', new Date(0)],
    ['a Map', new Map()],
    ['an object of a class', new (class Reading {})()],
    ['other typed arrays', new Float32Array(1)],
    ['half a character', 'a\ud800'],
    ['half a character in a key', { '\udc00': 1 }],
    ['the key __proto__', JSON.parse('{"__proto__":1}')],
    ['the key constructor', { constructor: 1 }],
    ['something within', [[{ a: () => 1 }]]],
  ])('%s', (_name, value) => {
    expect(() => codec.encode(value)).toThrow(TypeError)
  })

  test('a value that holds itself', () => {
    expect(() => codec.encode(cyclic)).toThrow(RangeError)
  })

  test('and the codec goes on', () => {
    expect(() => codec.encode([1, Symbol('x')])).toThrow()
    expect(toHex(codec.encode([1]))).toBe('9101')
  })
})

const text = fc.string({ unit: 'binary', maxLength: 300 })
const leaf = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.double(),
  fc.float(),
  fc.boolean(),
  fc.constant(null),
  text,
  fc.uint8Array({ maxLength: 300 }),
)
const key = text.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 8 },
    leaf,
    fc.array(tie('tree'), { maxLength: 20 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 20 }),
  ),
}))

/** What a value is after it has travelled: bigints that a number says exactly are numbers, minus zero is zero. */
function travelled(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(travelled)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, travelled(member)]))
}

test(`generated values come back (seed ${SEED})`, () => {
  check(
    fc.property(tree, (value) => {
      expect(roundTrip(value)).toEqual(travelled(value))
    }),
    3000,
  )
})

describe('compared with @msgpack/msgpack', () => {
  const decoder = new Decoder({ useBigInt64: true })
  const encoder = new Encoder({ useBigInt64: true })

  function theirs(bytes: Uint8Array): DecodedValue | undefined {
    try {
      return { ok: true, value: decoder.decode(bytes) }
    } catch {
      return undefined
    }
  }

  test(`what it encodes is decoded to the same value (seed ${SEED})`, () => {
    check(
      fc.property(tree, (value) => {
        const bytes = encoder.encode(value)
        const { value: expected } = theirs(bytes) as { value: unknown }
        expect(codec.decode(bytes)).toEqual({ ok: true, value: numbers(expected) })
      }),
      3000,
    )
  })

  test(`what we encode it decodes to the same value (seed ${SEED})`, () => {
    check(
      fc.property(tree, (value) => {
        expect(numbers((theirs(codec.encode(value)) as { value: unknown }).value)).toEqual(travelled(value))
      }),
      3000,
    )
  })

  /** Rules of ours that the library does not have. */
  const STRICTER: readonly string[] = [
    'too_deep',
    'too_many_nodes',
    'array_too_long',
    'map_too_long',
    'string_too_long',
    'binary_too_long',
    'bad_utf8',
    'duplicate_key',
    'reserved_key',
    'key_type',
    'ext',
  ]

  test(`damaged values are accepted by both, or refused by us for a rule that is ours (seed ${SEED})`, () => {
    const random = createRandom()
    const seeds = [...good, ...alsoAccepted].map(({ hex }) => fromHex(hex)).filter(({ length }) => length > 1)
    let accepted = 0
    for (let round = 0; round < 50_000; round++) {
      const bytes = seeds[round % seeds.length]!.slice()
      for (let faults = Math.floor(random() * 4); faults >= 0; faults--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      }
      const ours = codec.decode(bytes)
      if (!ours.ok && STRICTER.includes(ours.reason)) continue
      const other = theirs(bytes)
      if (!ours.ok) {
        if (other !== undefined) throw new Error(`only we refuse ${toHex(bytes)}: ${ours.reason}`)
        continue
      }
      accepted++
      if (!other?.ok) throw new Error(`only we accept ${toHex(bytes)}`)
      if (!same(ours.value, numbers(other.value))) throw new Error(`not the same: ${toHex(bytes)}`)
    }
    expect(accepted).toBeGreaterThan(5000)
  })

  /** The library's values with integers as ours are. */
  function numbers(value: unknown): unknown {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
    if (Array.isArray(value)) return value.map(numbers)
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, numbers(member)]))
  }

  function same(one: unknown, other: unknown): boolean {
    if (Object.is(one, other)) return true
    if (one instanceof Uint8Array && other instanceof Uint8Array) return toHex(one) === toHex(other)
    // A long text loses its byte order mark there.
    if (typeof one === 'string' && typeof other === 'string') return one === `\ufeff${other}`
    if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false
    const names = Object.keys(one)
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => same((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]))
    )
  }
})

test(`random bytes never throw (seed ${SEED})`, () => {
  const random = createRandom()
  for (let round = 0; round < 200_000; round++) {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 24) }, () => Math.floor(random() * 256))
    codec.decode(bytes)
  }
})
