import { expect, test } from 'vitest'
import { createPacketGuard } from '../../../src/gateway/broker/packet-guard.js'

const limits = { connectBytes: 100, packetBytes: 1_000 }
/** A packet of this type: fixed header, remaining length in groups of seven bits (MQTT 3.1.1, section 2.2), body. */
function packet(type: number, body: Uint8Array): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.concat([Uint8Array.of(type << 4, ...length), body])
}

const connect = packet(1, Buffer.from('\0\x04MQTT\x04\x02\0\0\0\x01x', 'latin1'))
const publish = (bytes: number) => packet(3, Buffer.concat([Buffer.from('\0\x01t', 'latin1'), Buffer.alloc(bytes)]))
const ping = packet(12, new Uint8Array())

test('packets within the limits pass, whole or byte by byte', () => {
  const stream = Buffer.concat([connect, publish(10), publish(900), ping, publish(200)])
  expect(createPacketGuard(limits)(stream)).toBeUndefined()
  const check = createPacketGuard(limits)
  for (const byte of stream) expect(check(Uint8Array.of(byte))).toBeUndefined()
})

test('a packet above the limit is refused by its header alone, before its body has come', () => {
  const check = createPacketGuard(limits)
  expect(check(connect)).toBeUndefined()
  expect(check(publish(5_000).subarray(0, 3))).toBe('a packet of 5003 bytes, at most 1000 are taken')
})

test('the first packet must be a short CONNECT', () => {
  expect(createPacketGuard(limits)(publish(1))).toBe('the first packet is no CONNECT')
  expect(createPacketGuard(limits)(Uint8Array.of(0x10, 0xff, 0xff, 0x03))).toMatch(/a packet of 65535 bytes/)
})

test('a length of five bytes is not MQTT', () => {
  expect(createPacketGuard(limits)(Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x80))).toBe(
    'the length of a packet is not MQTT',
  )
})
