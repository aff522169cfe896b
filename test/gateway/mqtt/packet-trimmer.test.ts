import { expect, test } from 'vitest'
import { createPacketTrimmer } from '../../../src/gateway/mqtt/packet-trimmer.js'

const MAX_BYTES = 70_000
/** QoS 1 on the topic `t`, with packet id 7. */
const PUBLISH = 0x32
const PINGRESP = Buffer.of(0xd0, 0x00)

function packet(first: number, body: Uint8Array): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.concat([Uint8Array.of(first, ...length), body])
}

const publish = (bytes: number) =>
  packet(PUBLISH, Buffer.concat([Buffer.from('\0\x01t\0\x07', 'latin1'), Buffer.alloc(bytes - 5, 'x')]))

function trimmed(stream: Buffer, chunkBytes: number): Buffer | string {
  const trim = createPacketTrimmer(MAX_BYTES)
  const parts: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += chunkBytes) {
    const result = trim(stream.subarray(at, at + chunkBytes))
    if (!result.ok) return result.problem
    parts.push(result.bytes)
  }
  return Buffer.concat(parts)
}

test.each([1, 7, 65_536])('packets within the limit pass unchanged, in chunks of %d', (chunkBytes) => {
  const stream = Buffer.concat([publish(10), PINGRESP, publish(MAX_BYTES), publish(200)])
  expect(trimmed(stream, chunkBytes)).toEqual(stream)
})

test.each([1, 7, 65_536])(
  'a message that is too long is cut to the limit, what follows is whole, in chunks of %d',
  (chunkBytes) => {
    const stream = Buffer.concat([publish(300_000), PINGRESP, publish(10)])
    expect(trimmed(stream, chunkBytes)).toEqual(Buffer.concat([publish(MAX_BYTES), PINGRESP, publish(10)]))
  },
)

test('any other packet that is too long ends the connection, by its header alone', () => {
  expect(trimmed(packet(0x90, Buffer.alloc(300_000)).subarray(0, 4), 1)).toBe(
    'a packet of 300000 bytes, at most 70000 are taken',
  )
})

test('a length of five bytes is not MQTT', () => {
  expect(trimmed(Buffer.of(PUBLISH, 0x80, 0x80, 0x80, 0x80), 1)).toBe('the length of a packet is not MQTT')
})
