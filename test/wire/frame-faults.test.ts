/** One fault at every position of a stream of ten frames: what was not touched arrives, and nothing arrives changed. */

import { describe, expect, test } from 'vitest'
import { createDeframer, encodeFrame } from '../../src/wire/index.js'
import { createRandom, randomBytes } from './random.js'
import { concat, toHex } from './vectors.js'

const FRAMES = tenFrames()
const WIRES = FRAMES.map(encodeFrame)
const STREAM = concat(...WIRES)

/** Different lengths, zeros and none, each content once. */
function tenFrames(): Uint8Array[] {
  const random = createRandom()
  return [2, 3, 5, 8, 13, 21, 34, 56, 7, 4].map((bytes, index) => {
    const content = randomBytes(random, bytes)
    if (index % 3 === 0) content.fill(0, bytes >> 1)
    content[0] = index
    return content
  })
}

/** Which frame a position of the stream belongs to. */
function frameAt(position: number): number {
  let end = 0
  return WIRES.findIndex((wire) => {
    end += wire.length
    return position < end
  })
}

/** Frames that came and were not sent, and frames that are missing though nothing happened to them. */
function faultsOf(stream: Uint8Array, touched: readonly number[], chunkBytes = stream.length): string[] {
  const deframer = createDeframer({ maxContentBytes: 300 })
  const faults: string[] = []
  const came = new Uint8Array(FRAMES.length)
  for (let at = 0; at < stream.length; at += chunkBytes) {
    for (const event of deframer.push(stream.subarray(at, at + chunkBytes))) {
      if (event.kind !== 'content') continue
      // The first byte of each content is its index.
      const index = event.bytes[0]!
      const sent = FRAMES[index]
      if (sent !== undefined && Buffer.compare(sent, event.bytes) === 0) came[index] = 1
      else faults.push(`wrong: ${toHex(event.bytes)}`)
    }
  }
  for (let index = 0; index < FRAMES.length; index++) {
    if (came[index] === 0 && !touched.includes(index)) faults.push(`lost: ${index}`)
  }
  return faults
}

function withoutBytes(position: number, count: number): Uint8Array {
  return concat(STREAM.subarray(0, position), STREAM.subarray(position + count))
}

function withBytes(position: number, bytes: Uint8Array): Uint8Array {
  return concat(STREAM.subarray(0, position), bytes, STREAM.subarray(position))
}

describe('F10: at every position of ten frames of a board', () => {
  test('a lost byte costs at most its own frame', () => {
    for (let at = 0; at < STREAM.length; at++) expect(faultsOf(withoutBytes(at, 1), [frameAt(at)])).toEqual([])
  })

  test('a doubled byte costs at most its own frame', () => {
    for (let at = 0; at < STREAM.length; at++) {
      expect(faultsOf(withBytes(at, STREAM.subarray(at, at + 1)), [frameAt(at)])).toEqual([])
    }
  })

  test('a flipped bit costs at most its own frame', () => {
    for (let at = 0; at < STREAM.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const stream = STREAM.slice()
        stream[at]! ^= 1 << bit
        expect(faultsOf(stream, [frameAt(at)])).toEqual([])
      }
    }
  })

  test('any other byte in the place of one costs at most its own frame', () => {
    for (let at = 0; at < STREAM.length; at++) {
      for (let other = 0; other < 256; other++) {
        const stream = STREAM.slice()
        stream[at] = other
        const faults = faultsOf(stream, [frameAt(at)])
        if (faults.length > 0) expect({ at, other, faults }).toEqual({ at, other, faults: [] })
      }
    }
  })

  test('any inserted byte costs at most the frame that it falls into', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      // Between two frames it falls into neither.
      const touched = at < STREAM.length && frameAt(at) === frameAt(Math.max(at - 1, 0)) ? [frameAt(at)] : []
      for (let byte = 0; byte < 256; byte++) {
        const faults = faultsOf(withBytes(at, Uint8Array.of(byte)), touched)
        if (faults.length > 0) expect({ at, byte, faults }).toEqual({ at, byte, faults: [] })
      }
    }
  })

  test('two to 48 bytes lost in a row cost only the frames that they come from', () => {
    for (let at = 0; at < STREAM.length; at++) {
      for (let count = 2; count <= 48 && at + count <= STREAM.length; count++) {
        const touched = Array.from({ length: count }, (_, index) => frameAt(at + index))
        const faults = faultsOf(withoutBytes(at, count), touched)
        if (faults.length > 0) expect({ at, count, faults }).toEqual({ at, count, faults: [] })
      }
    }
  })

  test('a line of text costs at most the frame that it falls into', () => {
    const text = new TextEncoder().encode('stray Serial.print\r\n')
    for (let at = 0; at <= STREAM.length; at++) {
      const touched = at < STREAM.length && frameAt(at) === frameAt(Math.max(at - 1, 0)) ? [frameAt(at)] : []
      expect(faultsOf(withBytes(at, text), touched, 3)).toEqual([])
    }
  })
})
