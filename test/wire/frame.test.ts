import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cobsDecode, crc16, createDeframer, encodeFrame, encodePacket, frameBytes } from '../../src/wire/index.js'
import { contents, deframe, drops, plain } from './deframing.js'
import { check, createRandom, randomBytes, SEED } from './random.js'
import { concat, fromHex, readVectors, toHex } from './vectors.js'

const { send, receive } = readVectors('frames')
const GOOD = Uint8Array.of(0xff, 9, 0xc3)
const GOOD_FRAME = encodeFrame(GOOD)

describe('the vectors', () => {
  test.each(send)('are sent byte for byte: $name', ({ content, wire }) => {
    expect(toHex(encodeFrame(fromHex(content)))).toBe(wire)
    expect(wire.length / 2).toBeLessThanOrEqual(frameBytes(content.length / 2))
  })

  test.each(receive)('are received whole: $name', ({ wire, maxContentBytes, events }) => {
    expect(deframe(fromHex(wire), { maxContentBytes })).toEqual(events)
  })

  test.each(receive)('are received byte by byte: $name', ({ wire, maxContentBytes, events }) => {
    expect(deframe(fromHex(wire), { maxContentBytes, chunkBytes: 1 })).toEqual(events)
  })

  test.each(receive)('are received before a good frame: $name', ({ wire, maxContentBytes, events }) => {
    const stream = concat(fromHex(wire), GOOD_FRAME)
    expect(deframe(stream, { maxContentBytes })).toEqual([...events, { content: toHex(GOOD) }])
  })

  test.each(send)('complete nothing while a byte is missing: $name', ({ wire }) => {
    const bytes = fromHex(wire)
    for (let length = 0; length < bytes.length; length++) {
      const deframer = createDeframer({ maxContentBytes: 600 })
      expect(deframer.push(bytes.subarray(0, length))).toEqual([])
      expect(deframer.inRun).toBe(length > 1)
    }
  })
})

test('F1: inside a frame for a board is the packet with a prefix of 2, and its CRC', () => {
  for (const length of [2, 56, 254, 255, 256, 257, 65_534, 65_535]) {
    const content = randomBytes(createRandom(), length)
    const packet = encodePacket(content, 2)
    const crc = crc16(packet)
    const inside = cobsDecode(encodeFrame(content).subarray(1, -1))
    expect(inside, `${length} bytes`).toEqual(concat(packet, Uint8Array.of(crc & 0xff, crc >> 8)))
  }
})

describe('frameBytes', () => {
  test('is the length of content without a zero, and never less than any content needs', () => {
    for (const contentBytes of [0, 1, 2, 56, 248, 249, 250, 251, 503, 504, 505, 506, 65_535]) {
      // 0x01 everywhere keeps zeros out of the content; the length field and the CRC may still hold some.
      const wire = encodeFrame(new Uint8Array(contentBytes).fill(1))
      expect(wire.length).toBeLessThanOrEqual(frameBytes(contentBytes))
      expect(encodeFrame(new Uint8Array(contentBytes)).length).toBeLessThanOrEqual(frameBytes(contentBytes))
    }
    expect(frameBytes(56)).toBe(63)
    expect(frameBytes(249)).toBe(256)
    expect(frameBytes(250)).toBe(257)
    expect(frameBytes(251)).toBe(259)
  })

  test('is reached', () => {
    // 504 bytes and the five around them are 508 without a zero, which is two full groups.
    const row = receive.find(({ name }) => name.startsWith('two full groups'))!
    expect(row.wire.length / 2).toBe(frameBytes(504))
  })
})

test('the longest content, 65,535 bytes, makes the way; one byte more is refused before anything is sent', () => {
  const content = randomBytes(createRandom(), 65_535)
  const wire = encodeFrame(content)
  expect(contents(deframe(wire, { maxContentBytes: 65_535 }))).toEqual([toHex(content)])
  expect(contents(deframe(wire, { maxContentBytes: 65_535, chunkBytes: 64 }))).toEqual([toHex(content)])
  expect(drops(deframe(wire, { maxContentBytes: 65_534 }))).toEqual(['oversize'])
  expect(() => encodeFrame(new Uint8Array(65_536))).toThrow(RangeError)
})

test('content handed out in one push stays valid until the next', () => {
  const frames = Array.from({ length: 50 }, (_, index) => Uint8Array.of(1, index, 0, index))
  const deframer = createDeframer({ maxContentBytes: 300 })
  const stream = concat(...frames.map(encodeFrame))
  deframer.push(stream.subarray(0, 5))
  const events = deframer.push(concat(stream.subarray(5), stream.subarray(0, 7)))
  expect(events.map(plain)).toEqual(frames.map((content) => ({ content: toHex(content) })))
})

test('a frame never looks like the beginning of console text unless its content is 2,304 bytes or longer', () => {
  for (const contentBytes of [2, 31, 255, 256, 2303]) {
    const content = new Uint8Array(contentBytes).fill(0x0a)
    expect(deframe(encodeFrame(content), { maxContentBytes: 3000, chunkBytes: 1 })).toEqual([
      { content: toHex(content) },
    ])
  }
})

test('reset forgets half a frame', () => {
  const deframer = createDeframer({ maxContentBytes: 300 })
  deframer.push(GOOD_FRAME.subarray(0, 4))
  deframer.reset()
  expect(deframer.inRun).toBe(false)
  expect(deframer.push(GOOD_FRAME).map(plain)).toEqual([{ content: toHex(GOOD) }])
})

/** Pieces of a stream as a line may carry them, each as bytes and ended by a delimiter. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ minLength: 2, maxLength: 40 }).map(encodeFrame) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 200, maxLength: 300 }).map(encodeFrame) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2304, max: 2700 }).map((bytes) => encodeFrame(new Uint8Array(bytes).fill(9))),
  },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => new TextEncoder().encode(`${text}\n\0`)),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 900, max: 2200 }).map((count) => new TextEncoder().encode('x°'.repeat(count))),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(3)) },
)

test(`any split of any stream gives the same events (seed ${SEED})`, () => {
  const chunkSizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })
  const maxima = fc.constantFrom(2, 56, 300, 3000)
  check(
    fc.property(fc.array(piece, { maxLength: 12 }), chunkSizes, maxima, (pieces, sizes, maxContentBytes) => {
      const stream = concat(...pieces)
      const whole = createDeframer({ maxContentBytes })
      const expected = whole.push(stream).map(copied)
      const split = createDeframer({ maxContentBytes })
      const events: unknown[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + sizes[turn % sizes.length]!
        events.push(...split.push(stream.subarray(at, end)).map(copied))
        at = end
      }
      expect(events).toEqual(expected)
      expect(split.inRun).toBe(whole.inRun)
      expect(split.idle()).toEqual(whole.idle())
    }),
    1000,
  )
})

function copied(event: ReturnType<ReturnType<typeof createDeframer>['push']>[number]): unknown {
  return event.kind === 'content' ? plain(event) : event
}

test(`among random bytes every good frame is accepted, nothing else is, and nothing throws (seed ${SEED})`, () => {
  const random = createRandom()
  const deframer = createDeframer({ maxContentBytes: 300 })
  for (let round = 0; round < 20_000; round++) {
    // Every other round without zeros, so that runs grow long.
    const noise = randomBytes(random, Math.floor(random() * 200))
    if (round % 2 === 0) for (let at = 0; at < noise.length; at++) noise[at] ||= 1
    expect(contents(deframer.push(noise).map(plain))).toEqual([])
    if (random() < 0.2) deframer.idle()
    const content = randomBytes(random, 2 + Math.floor(random() * 30))
    expect(contents(deframer.push(encodeFrame(content)).map(plain))).toEqual([toHex(content)])
  }
})
