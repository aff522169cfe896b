import { describe, expect, test } from 'vitest'
import { createValueCodec, DEFAULT_VALUE_LIMITS } from '../../src/wire/index.js'
import { BOMB_KINDS, BOMBS, collidingKeys } from './bombs.js'
import { concat, fromHex, readVectors } from './vectors.js'

const codec = createValueCodec()
const limits = DEFAULT_VALUE_LIMITS

function nested(depth: number): unknown {
  let value: unknown = []
  for (let level = 1; level < depth; level++) value = [value]
  return value
}

function map(length: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length }, (_, index) => [`key ${index}`, index]))
}

/** So many values in all: arrays of 1,000 and one of the rest. */
function nodes(count: number): unknown[] {
  const outer: unknown[] = []
  for (let left = count - 1; left > 0; ) {
    const length = Math.min(left - 1, 1000)
    outer.push(new Array(length).fill(null))
    left -= length + 1
  }
  return outer
}

/** Each limit with a value of a size, and the reason for one that is too large. */
const LIMITS = [
  { name: 'depth', limit: limits.maxDepth, value: nested, reason: 'too_deep', wide: { maxDepth: 1000 } },
  { name: 'nodes', limit: limits.maxNodes, value: nodes, reason: 'too_many_nodes', wide: { maxNodes: 1e6 } },
  {
    name: 'array length',
    limit: limits.maxArrayLength,
    value: (length: number) => new Array(length).fill(0),
    reason: 'array_too_long',
    wide: { maxArrayLength: 1e6 },
  },
  { name: 'map length', limit: limits.maxMapLength, value: map, reason: 'map_too_long', wide: { maxMapLength: 1e6 } },
  {
    name: 'bytes of text',
    limit: limits.maxStringBytes,
    value: (length: number) => `${'°'.repeat(100)}${'a'.repeat(length - 200)}`,
    reason: 'string_too_long',
    wide: { maxStringBytes: 1e6 },
  },
  {
    name: 'bytes of bin',
    limit: limits.maxBinaryBytes,
    value: (length: number) => new Uint8Array(length),
    reason: 'binary_too_long',
    wide: { maxBinaryBytes: 1e6 },
  },
] as const

test('the limits are those that are written down', () => {
  expect(limits).toEqual({
    maxDepth: 16,
    maxNodes: 4096,
    maxArrayLength: 1024,
    maxMapLength: 256,
    maxStringBytes: 65_535,
    maxBinaryBytes: 65_535,
  })
})

describe.each(LIMITS)('D1: of a value of a program, the limit of $name: $limit', ({ limit, value, reason, wide }) => {
  const wider = createValueCodec(wide)

  test.each([limit - 1, limit])('%i is encoded and decoded', (size) => {
    const decoded = codec.decode(codec.encode(value(size)))
    expect(decoded).toEqual({ ok: true, value: value(size) })
  })

  test('one more is refused, coming and going, unless the limit is set wider', () => {
    const tooLarge = value(limit + 1)
    expect(() => codec.encode(tooLarge)).toThrow(RangeError)
    const bytes = wider.encode(tooLarge)
    expect(codec.decode(bytes)).toEqual({ ok: false, reason })
    expect(wider.decode(bytes)).toEqual({ ok: true, value: tooLarge })
  })
})

test('the bytes of a text are counted in UTF-8, surrogate pairs as four', () => {
  const longest = `${'🌱'.repeat(16_383)}abc`
  expect(codec.decode(codec.encode(longest))).toEqual({ ok: true, value: longest })
  expect(() => codec.encode(`${longest}d`)).toThrow(RangeError)
  expect(() => codec.encode('✓'.repeat(21_846))).toThrow(RangeError)
})

test('a key that occurs twice is found however many stand between, and in the last of many maps', () => {
  const key = (index: number) => fromHex(`a2${(0x6161 + (index >> 4) * 256 + (index & 15)).toString(16)}c0`)
  const keys = (count: number) => concat(...Array.from({ length: count }, (_, index) => key(index)))
  const full = concat(fromHex('de0100'), keys(256))
  for (const twice of [0, 1, 100, 254]) {
    const map = concat(fromHex('de0100'), keys(255), key(twice))
    const reason = 'duplicate_key'
    expect(codec.decode(map)).toEqual({ ok: false, reason })
    expect(codec.decode(concat(fromHex('97'), full, full, full, full, full, full, map))).toEqual({ ok: false, reason })
  }
  expect(codec.decode(concat(fromHex('97'), full, full, full, full, full, full, full)).ok).toBe(true)
})

test('a megabyte of bin or text passes where the limit is set for it', () => {
  const wide = createValueCodec({ maxStringBytes: 2 ** 20, maxBinaryBytes: 2 ** 20 })
  const text = 'x'.repeat(2 ** 20)
  const bin = new Uint8Array(2 ** 20).fill(7)
  const decoded = wide.decode(wide.encode([text, bin]))
  const [textBack, binBack] = (decoded as { value: [string, Uint8Array] }).value
  expect(textBack === text).toBe(true)
  expect(Buffer.compare(binBack, bin)).toBe(0)
})

test('R16: keys of one hash are told apart as long as there are no more of them than chance could bring', () => {
  const four = collidingKeys(2, 'key')
  const value = Object.fromEntries(four.map((key, index) => [key, index]))
  expect(codec.decode(codec.encode(value))).toEqual({ ok: true, value })
  const eight = Object.fromEntries(collidingKeys(3, 'key').map((key, index) => [key, index]))
  expect(codec.decode(codec.encode(eight))).toEqual({ ok: false, reason: 'key_collisions' })
  const twice = concat(fromHex('85'), ...[...four, four[0]!].map((key) => codec.encode({ [key]: 0 }).subarray(1)))
  expect(codec.decode(twice)).toEqual({ ok: false, reason: 'duplicate_key' })
})

test('R16: the same key in two maps, side by side or in each other, occurs twice in none', () => {
  for (const value of [[{ a: 1 }, { a: 1 }], { a: { a: { a: 1 } } }, { a: [{ b: 1, a: 2 }], b: { a: 1, b: 2 } }]) {
    expect(codec.decode(codec.encode(value))).toEqual({ ok: true, value })
  }
})

describe('D2, R16: bombs of a program', () => {
  /** The best of three: the machine that runs this has other things to do. */
  function decodeMs(bytes: Uint8Array): number {
    let best = Infinity
    for (let run = 0; run < 3; run++) {
      const startedMs = performance.now()
      codec.decode(bytes)
      best = Math.min(best, performance.now() - startedMs)
    }
    return best
  }

  test.each(BOMBS)('%s: refused or read within 5 ms', (_name, bytes) => {
    expect(decodeMs(bytes)).toBeLessThan(5)
  })

  test('of every size are refused or read within 1 ms, but for one in a hundred', () => {
    for (const [, kind] of BOMB_KINDS) {
      const durationsMs: number[] = []
      for (let size = 1; size <= 65_535; size += size < 2000 ? 1 : 97) durationsMs.push(decodeMs(kind(size)))
      durationsMs.sort((one, other) => one - other)
      expect(durationsMs[Math.floor(durationsMs.length * 0.99)]).toBeLessThan(1)
    }
  })

  test('that are refused allocate next to nothing', () => {
    // Sum over all: a decoder that believes one declared size would need gigabytes.
    const refused = BOMBS.filter(([, bytes]) => !codec.decode(bytes).ok)
    expect(refused.length).toBeGreaterThan(12)
    const before = process.memoryUsage()
    for (let round = 0; round < 20; round++) for (const [, bytes] of refused) codec.decode(bytes)
    const after = process.memoryUsage()
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(1_000_000)
  })
})

test('nothing that is accepted can make JSON.stringify throw, once bigints are texts', () => {
  const { good, alsoAccepted } = readVectors('values')
  for (const { hex } of [...good, ...alsoAccepted]) {
    const decoded = codec.decode(fromHex(hex))
    const json = JSON.stringify(decoded, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    expect(json.length).toBeGreaterThan(0)
  }
})

describe('values of the common kinds, which are encoded at once, keep limits that are set narrower', () => {
  test.each([
    ['maxNodes', 3, [1, 2], [1, 2, 3], 'too_many_nodes'],
    ['maxNodes', 3, { a: 1 }, { a: [], b: 1 }, 'too_many_nodes'],
    ['maxNodes', 3, [[1]], [[1, 2]], 'too_many_nodes'],
    ['maxNodes', 1, 'a', ['a'], 'too_many_nodes'],
    ['maxBinaryBytes', 3, new Uint8Array(3), new Uint8Array(4), 'binary_too_long'],
    ['maxStringBytes', 3, 'abc', 'abcd', 'string_too_long'],
    ['maxArrayLength', 2, [1, 2], [1, 2, 3], 'array_too_long'],
    ['maxMapLength', 1, { a: 1 }, { a: 1, b: 2 }, 'map_too_long'],
    ['maxDepth', 2, [[]], [[[]]], 'too_deep'],
  ] as const)('%s of %i: %j is taken, %j refused', (name, limit, most, tooLarge, reason) => {
    const narrow = createValueCodec({ [name]: limit })
    expect(narrow.decode(narrow.encode(most))).toEqual({ ok: true, value: most })
    expect(() => narrow.encode(tooLarge)).toThrow(RangeError)
    expect(narrow.decode(codec.encode(tooLarge))).toEqual({ ok: false, reason })
    const sentOnly = createValueCodec({}, { sentLimits: { [name]: limit } })
    expect(() => sentOnly.encode(tooLarge)).toThrow(RangeError)
  })
})
