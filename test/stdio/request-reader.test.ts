import { describe, expect, it } from 'vitest'
import { createRequestReader } from '../../src/stdio/request-reader.js'
import { encodePacket } from '../../src/wire/index.js'

const MAX = 1_000

/** What comes of these chunks, with the content copied, as it belongs to the reader. */
function read(prefixBytes: 1 | 2 | 4, chunks: readonly Uint8Array[]) {
  const reader = createRequestReader(prefixBytes, MAX)
  const requests = chunks.flatMap((chunk) =>
    reader
      .push(chunk)
      .map((request) => (request.kind === 'request' ? [...request.content] : `too long: ${request.declaredBytes}`)),
  )
  return { requests, inRequest: reader.inRequest }
}

describe.each([1, 2, 4] as const)('requests behind a length of %i bytes', (prefixBytes) => {
  const contents = [[7], [], [1, 2, 3], Array(200).fill(9)]
  const bytes = Buffer.concat(contents.map((content) => encodePacket(Uint8Array.from(content), prefixBytes)))

  it('are the same whole, byte by byte, and at every cut in two', () => {
    const expected = { requests: contents, inRequest: false }
    expect(read(prefixBytes, [bytes])).toEqual(expected)
    expect(
      read(
        prefixBytes,
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected)
    for (let at = 0; at <= bytes.length; at++) {
      expect(read(prefixBytes, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected)
    }
  })

  it('are held while they are not whole, the length included', () => {
    for (let end = 1; end < prefixBytes + 1; end++) {
      expect(read(prefixBytes, [bytes.subarray(0, end)])).toEqual({ requests: [], inRequest: true })
    }
  })
})

it('a request of the most that is taken passes; one byte more is told by its length and skipped, the next one is whole', () => {
  const packet = (bytes: number) => encodePacket(new Uint8Array(bytes), 2)
  const next = encodePacket(Uint8Array.of(5), 2)
  const stream = Buffer.concat([packet(MAX), packet(MAX + 1), next])
  const expected = [Array(MAX).fill(0), `too long: ${MAX + 1}`, [5]]
  expect(read(2, [stream]).requests).toEqual(expected)
  expect(
    read(
      2,
      [...stream].map((byte) => Uint8Array.of(byte)),
    ).requests,
  ).toEqual(expected)
})

it('a length that lies costs no memory: nothing is held of what is skipped', () => {
  const reader = createRequestReader(4, MAX)
  expect(reader.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))).toEqual([
    { kind: 'too_long', declaredBytes: 0xffff_ffff },
  ])
  expect(reader.push(new Uint8Array(100))).toEqual([])
  expect(reader.inRequest).toBe(true)
})
