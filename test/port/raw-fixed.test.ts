import { describe, expect, it } from 'vitest'
import { createFixedDecoder } from '../../src/port/host/raw-fixed.js'

describe('records of a fixed size', () => {
  const stream = Uint8Array.from({ length: 31 }, (_, i) => i)

  it.each([1, 2, 3, 9, 10, 11, 31])('come whole from chunks of %i bytes, and what is left is told', (chunkBytes) => {
    const decoder = createFixedDecoder(10)
    const records: number[][] = []
    for (let at = 0; at < stream.length; at += chunkBytes) {
      records.push(...decoder.push(stream.subarray(at, at + chunkBytes)).map((r) => [...(r as Uint8Array)]))
    }
    expect(records).toEqual([0, 10, 20].map((from) => [...stream.subarray(from, from + 10)]))
    expect(decoder.end()).toEqual({ packets: [], partialBytes: 1 })
  })

  it('come at once, thousands of them in one chunk', () => {
    const decoder = createFixedDecoder(4)
    expect(decoder.push(new Uint8Array(400_000))).toHaveLength(100_000)
    expect(decoder.push(new Uint8Array(4))).toHaveLength(1)
    expect(decoder.end().partialBytes).toBe(0)
  })
})
