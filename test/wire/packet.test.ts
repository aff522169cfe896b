import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPacketDecoder, encodePacket, type PacketEvent, type PrefixBytes } from '../../src/wire/index.js'
import { check, createRandom, randomBytes, SEED } from './random.js'
import { concat, fromHex, type PacketVectorEvent, readVectors, toHex } from './vectors.js'

const { send, receive } = readVectors('packets')
const PREFIXES: readonly PrefixBytes[] = [1, 2, 4]

function plain(event: PacketEvent): PacketVectorEvent {
  return event.kind === 'content' ? { content: toHex(event.bytes) } : { oversize: event.declaredBytes }
}

function decode(
  wire: Uint8Array,
  options: { prefixBytes: PrefixBytes; maxContentBytes: number; chunkBytes?: number },
): PacketVectorEvent[] {
  const decoder = createPacketDecoder(options)
  const { chunkBytes = wire.length } = options
  const events: PacketVectorEvent[] = []
  for (let at = 0; at < wire.length; at += chunkBytes) {
    events.push(...decoder.push(wire.subarray(at, at + chunkBytes)).map(plain))
  }
  return events
}

describe('the vectors', () => {
  test.each(send)('are sent byte for byte: $name', ({ prefixBytes, content, wire }) => {
    expect(toHex(encodePacket(fromHex(content), prefixBytes))).toBe(wire)
  })

  test.each(receive)('are received whole: $name', ({ wire, events, ...options }) => {
    expect(decode(fromHex(wire), options)).toEqual(events)
  })

  test.each(receive)('are received byte by byte: $name', ({ wire, events, ...options }) => {
    expect(decode(fromHex(wire), { ...options, chunkBytes: 1 })).toEqual(events)
  })

  test.each(send)('complete nothing while a byte is missing: $name', ({ prefixBytes, wire }) => {
    const bytes = fromHex(wire)
    for (let length = 0; length < bytes.length; length++) {
      const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 300 })
      expect(decoder.push(bytes.subarray(0, length))).toEqual([])
      expect(decoder.inPacket).toBe(length > 0)
    }
  })
})

test.each([
  { prefixBytes: 1, lengths: [0, 1, 254, 255] },
  { prefixBytes: 2, lengths: [0, 1, 2, 254, 255, 256, 257, 65_534, 65_535] },
  { prefixBytes: 4, lengths: [0, 1, 255, 256, 65_535, 65_536, 65_537, 2 ** 20] },
] as const)(
  'content of every length that matters makes the way with a prefix of $prefixBytes',
  ({ prefixBytes, lengths }) => {
    const random = createRandom()
    for (const length of lengths) {
      const content = randomBytes(random, length)
      const wire = encodePacket(content, prefixBytes)
      expect(wire.length).toBe(prefixBytes + length)
      for (const chunkBytes of [wire.length, 4096, 61]) {
        expect(decode(wire, { prefixBytes, maxContentBytes: 2 ** 20, chunkBytes })).toEqual([
          { content: toHex(content) },
        ])
      }
    }
  },
)

test.each([
  { prefixBytes: 1, tooMany: 256 },
  { prefixBytes: 2, tooMany: 65_536 },
] as const)('$tooMany bytes do not fit a prefix of $prefixBytes', ({ prefixBytes, tooMany }) => {
  expect(() => encodePacket(new Uint8Array(tooMany), prefixBytes)).toThrow(RangeError)
})

test('after a length that is not allowed the decoder is deaf until reset', () => {
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 56 })
  const good = encodePacket(Uint8Array.of(1, 2, 3), 2)
  expect(decoder.push(Uint8Array.of(0xff, 0xff)).map(plain)).toEqual([{ oversize: 65_535 }])
  expect(decoder.push(good)).toEqual([])
  decoder.reset()
  expect(decoder.inPacket).toBe(false)
  expect(decoder.push(good).map(plain)).toEqual([{ content: '010203' }])
})

test('reset forgets half a packet', () => {
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 300 })
  decoder.push(Uint8Array.of(0, 9, 1, 2))
  expect(decoder.inPacket).toBe(true)
  decoder.reset()
  expect(decoder.push(encodePacket(Uint8Array.of(7), 2)).map(plain)).toEqual([{ content: '07' }])
})

test('a prefix that promises much costs no memory until the bytes come', () => {
  const decoders = Array.from({ length: 64 }, () => createPacketDecoder({ prefixBytes: 4, maxContentBytes: 2 ** 30 }))
  const before = process.memoryUsage().arrayBuffers
  for (const decoder of decoders) decoder.push(Uint8Array.of(0x3f, 0xff, 0xff, 0xff, 1, 2, 3))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
})

test('packets that came in pieces stay valid until the next push', () => {
  const contents = [Uint8Array.of(1, 1, 1), Uint8Array.of(2, 2), Uint8Array.of(3, 3, 3, 3)]
  const stream = concat(...contents.map((content) => encodePacket(content, 2)))
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 300 })
  for (let cut = 1; cut < stream.length; cut++) {
    decoder.reset()
    const first = decoder.push(stream.subarray(0, cut))
    expect(first.map(plain)).toEqual(contents.slice(0, first.length).map((content) => ({ content: toHex(content) })))
    // The last byte is held back, so that a new piece is being held while the event is looked at.
    const second = decoder.push(stream.subarray(cut, -1))
    expect(second.map(plain)).toEqual(
      contents.slice(first.length, first.length + second.length).map((content) => ({ content: toHex(content) })),
    )
  }
})

test(`any split of any stream of packets gives the same events (seed ${SEED})`, () => {
  const content = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 200, maxLength: 255 }))
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })
  check(
    fc.property(
      fc.array(content, { maxLength: 12 }),
      sizes,
      fc.constantFrom(...PREFIXES),
      (all, steps, prefixBytes) => {
        const stream = concat(...all.map((bytes) => encodePacket(bytes, prefixBytes)))
        const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 255 })
        const events: PacketVectorEvent[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + steps[turn % steps.length]!
          events.push(...decoder.push(stream.subarray(at, end)).map(plain))
          at = end
        }
        expect(events).toEqual(all.map((bytes) => ({ content: toHex(bytes) })))
        expect(decoder.inPacket).toBe(false)
      },
    ),
  )
})

test(`random bytes never throw (seed ${SEED})`, () => {
  const random = createRandom()
  for (const prefixBytes of PREFIXES) {
    const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 1000 })
    for (let round = 0; round < 5000; round++) {
      const events = decoder.push(randomBytes(random, Math.floor(random() * 60)))
      if (events.some(({ kind }) => kind === 'oversize')) decoder.reset()
    }
  }
})
