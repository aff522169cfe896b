import { describe, expect, test } from 'vitest'
import { createValueCodec, DEFAULT_VALUE_LIMITS } from '../../src/wire/index.js'
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

describe('D2: bombs of a program', () => {
  const repeated = (hex: string, count: number) => fromHex(hex.repeat(count))
  const BOMBS: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ['arrays in arrays', repeated('91', 65_535)],
    ['maps in maps', repeated('81a0', 32_767)],
    ['arrays of fifteen arrays', repeated('9f', 65_535)],
    ['array 32 in array 32', repeated('dd00000001', 13_107)],
    ['array 16 of everything', repeated('dcffff', 21_845)],
    ['an array that declares 4 Gi members', concat(fromHex('ddffffffff'), repeated('c0', 65_530))],
    ['an array that declares as many members as there are bytes', concat(fromHex('dcfffc'), repeated('c0', 65_532))],
    ['a map that declares 4 Gi members', concat(fromHex('dfffffffff'), repeated('a0', 65_530))],
    ['text that declares 4 GiB', concat(fromHex('dbffffffff'), repeated('61', 65_530))],
    ['bin that declares 4 GiB', concat(fromHex('c6ffffffff'), repeated('61', 65_530))],
    ['an ext that declares 4 GiB', concat(fromHex('c9ffffffff01'), repeated('61', 65_529))],
    ['empty arrays without end', concat(fromHex('dc0400'), repeated('90', 65_532))],
    [
      'arrays of 1,024 in each other',
      concat(...Array.from({ length: 60 }, () => concat(fromHex('dc0400'), repeated('90', 1023)))),
    ],
    ['the same key without end', concat(fromHex('de0100'), repeated('a161c0', 256))],
    ['256 maps of 256 keys', concat(fromHex('dc0100'), ...Array.from({ length: 256 }, () => keys(256)))],
    ['8 maps of 256 keys', concat(fromHex('98'), ...Array.from({ length: 8 }, () => keys(256)))],
    ['256 long keys that differ in the last byte', longKeys(255, 250)],
    ['text of nothing but cut characters', concat(fromHex('daffff'), repeated('c2', 65_535))],
    ['text of 3-byte characters', concat(fromHex('daffff'), repeated('e29c93', 21_845))],
    ['nil without end', repeated('c0', 65_535)],
  ]

  function keys(count: number): Uint8Array {
    const names = Array.from({ length: count }, (_, index) =>
      fromHex(`a2${hexByte(97 + (index >> 4))}${hexByte(97 + (index & 15))}c0`),
    )
    return concat(fromHex(`de${hexByte(count >> 8)}${hexByte(count & 255)}`), ...names)
  }

  function longKeys(count: number, bytes: number): Uint8Array {
    const name = (index: number) =>
      `d9${hexByte(bytes)}${'61'.repeat(bytes - 2)}${hexByte(97 + (index >> 4))}${hexByte(97 + (index & 15))}c0`
    return concat(
      fromHex(`de00${hexByte(count)}`),
      ...Array.from({ length: count }, (_, index) => fromHex(name(index))),
    )
  }

  function hexByte(byte: number): string {
    return byte.toString(16).padStart(2, '0')
  }

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
    const kinds = [
      (size: number) => repeated('91', size),
      (size: number) => concat(fromHex('dc'), Uint8Array.of(size >> 8, size & 255), new Uint8Array(size).fill(0xc0)),
      (size: number) => concat(fromHex('da'), Uint8Array.of(size >> 8, size & 255), new Uint8Array(size).fill(0x61)),
    ]
    for (const kind of kinds) {
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
