import { describe, expect, it, test } from 'vitest'
import { createPacketGuard } from '../../../src/gateway/broker/packet-guard.js'

const limits = { connectBytes: 100, packetBytes: 1_000, subscribeBytes: 200, subscribeFilters: 10, filtersAtOnce: 25 }
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
/** Packet id, then each filter with its length and, in a SUBSCRIBE, its QoS (sections 3.8.3 and 3.10.3). */
const asking = (type: number, filters: readonly string[]) => {
  const each = filters.flatMap((filter) => [
    Uint8Array.of(0, filter.length),
    Buffer.from(filter),
    new Uint8Array(type === SUBSCRIBE ? 1 : 0),
  ])
  return packet(type, Buffer.concat([Uint8Array.of(0, 7), ...each]))
}
const SUBSCRIBE = 8
const UNSUBSCRIBE = 10
const filters = (count: number) => Array.from({ length: count }, (_, at) => 'x'.repeat(at % 10))

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

describe.each([
  ['SUBSCRIBE', SUBSCRIBE],
  ['UNSUBSCRIBE', UNSUBSCRIBE],
])('%s', (_name, type) => {
  it('R23: with as many filters as are taken passes, time after time, whole or byte by byte', () => {
    const stream = Buffer.concat([connect, asking(type, filters(10)), publish(300), asking(type, filters(10)), ping])
    expect(createPacketGuard(limits)(stream)).toBeUndefined()
    const check = createPacketGuard(limits)
    for (const byte of stream) expect(check(Uint8Array.of(byte))).toBeUndefined()
  })

  it('R23: with one more is refused when that begins, whole or byte by byte', () => {
    const problem = 'more than 10 topic filters in one packet'
    const last = asking(type, [...filters(10), 'the last one'])
    expect(createPacketGuard(limits)(Buffer.concat([connect, last]))).toBe(problem)
    const check = createPacketGuard(limits)
    expect(check(connect)).toBeUndefined()
    const said = [...last].map((byte) => check(Uint8Array.of(byte)))
    // Its length is known, nothing of it has come.
    const bytesLeft = 'the last one'.length + (type === SUBSCRIBE ? 1 : 0)
    expect(said.findIndex((line) => line !== undefined)).toBe(last.length - bytesLeft - 1)
  })

  it('R23: of empty filters, the shortest there are, no more are taken', () => {
    const check = createPacketGuard(limits)
    expect(check(Buffer.concat([connect, asking(type, Array(11).fill(''))]))).toMatch(/more than 10 topic filters/)
  })

  it('R23: a longer one than is taken is refused by its header alone', () => {
    const check = createPacketGuard(limits)
    expect(check(connect)).toBeUndefined()
    expect(check(asking(type, ['x'.repeat(250)]).subarray(0, 3))).toMatch(
      /^a packet of 25\d bytes, at most 200 are taken$/,
    )
  })
})

it('R23: subscriptions that come at once have a bound over their packets too, those that come one after the other have none', () => {
  const packets = Array.from({ length: 3 }, () => asking(SUBSCRIBE, filters(10)))
  expect(createPacketGuard(limits)(Buffer.concat([connect, ...packets]))).toBe('more than 25 subscriptions at once')
  const check = createPacketGuard(limits)
  for (const each of [connect, ...packets]) expect(check(each)).toBeUndefined()
  const gone = Array.from({ length: 3 }, () => asking(UNSUBSCRIBE, filters(10)))
  expect(createPacketGuard(limits)(Buffer.concat([connect, ...gone]))).toBeUndefined()
})
