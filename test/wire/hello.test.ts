import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createValueCodec,
  type DeviceHello,
  decodeDeviceHello,
  decodeHostHello,
  encodeDeviceHello,
  encodeHostHello,
  Feature,
  type HostHello,
} from '../../src/wire/index.js'
import { check } from './random.js'

const HOST: HostHello = { version: 1, session: 0xffffffff, windowBytes: 4096, heartbeatMs: 1000, baudRate: null }
const DEVICE: DeviceHello = {
  version: 1,
  session: 0x5eed1234,
  epoch: 0xc0ffee01,
  resetCause: 4,
  receiveBytes: 63,
  maxContent: 56,
  window: 1,
  contractHash: 0x9a0b1c2d,
  eventSeq: 70_000,
  deadManMs: 3000,
  features: Feature.BIND | Feature.LOG | Feature.DEAD_MAN,
  uptimeMs: 123_456,
  firmwareVersion: '1.4.0',
  contractName: 'greenhouse',
  contractVersion: '2.1',
  baudRates: null,
}

test('both hellos come back as they were, also through msgpack', () => {
  const codec = createValueCodec()
  const travelled = (value: unknown) => {
    const decoded = codec.decode(codec.encode(value))
    return decoded.ok ? decoded.value : decoded
  }
  expect(decodeHostHello(travelled(encodeHostHello(HOST)))).toEqual(HOST)
  expect(decodeDeviceHello(travelled(encodeDeviceHello(DEVICE)))).toEqual(DEVICE)
  const announcement = { ...DEVICE, session: null, firmwareVersion: null, contractName: null, contractVersion: null }
  expect(decodeDeviceHello(travelled(encodeDeviceHello(announcement)))).toEqual(announcement)
})

test('the fields travel in the order of the protocol', () => {
  expect(encodeHostHello(HOST)).toEqual([1, 0xffffffff, 4096, 1000])
  expect(encodeDeviceHello(DEVICE)).toEqual([
    1,
    0x5eed1234,
    0xc0ffee01,
    4,
    63,
    56,
    1,
    0x9a0b1c2d,
    70_000,
    3000,
    1 + 64 + 1024,
    123_456,
    '1.4.0',
    'greenhouse',
    '2.1',
  ])
})

test('fields that are missing or nil have the value that asks for the least', () => {
  const least = {
    version: 1,
    session: null,
    epoch: 7,
    resetCause: 0,
    receiveBytes: 0,
    maxContent: 65_535,
    window: 1,
    contractHash: 0,
    eventSeq: 0,
    deadManMs: 0,
    features: 0,
    uptimeMs: 0,
    firmwareVersion: null,
    contractName: null,
    contractVersion: null,
    baudRates: null,
  }
  expect(decodeDeviceHello([1, null, 7])).toEqual(least)
  expect(decodeDeviceHello([1, null, 7, ...new Array(13).fill(null)])).toEqual(least)
  expect(decodeHostHello([1, 7])).toEqual({ version: 1, session: 7, windowBytes: 0, heartbeatMs: 0, baudRate: null })
})

test('baud rates are the last fields, and are sent only where there are any', () => {
  const device = { ...DEVICE, baudRates: [1_000_000, 250_000] }
  expect(encodeDeviceHello(device)).toEqual([...encodeDeviceHello(DEVICE), [1_000_000, 250_000]])
  expect(decodeDeviceHello(encodeDeviceHello(device))).toEqual(device)
  const host = { ...HOST, baudRate: 1_000_000 }
  expect(encodeHostHello(host)).toEqual([...encodeHostHello(HOST), 1_000_000])
  expect(decodeHostHello(encodeHostHello(host))).toEqual(host)
})

test('what is no baud rate is none, and no reason to refuse the hello', () => {
  for (const rate of [null, 0, -1, 2 ** 32, 1.5, 'abc', [], true]) {
    expect(decodeHostHello([...encodeHostHello(HOST), rate])).toEqual(HOST)
  }
  for (const rates of [null, 'new', 7, {}, [], [0], [9600, 'x'], [2 ** 32], new Array(17).fill(9600)]) {
    expect(decodeDeviceHello([...encodeDeviceHello(DEVICE), rates])).toEqual(DEVICE)
  }
  const most = new Array(16).fill(9600)
  expect(decodeDeviceHello([...encodeDeviceHello(DEVICE), most])).toEqual({ ...DEVICE, baudRates: most })
})

test('fields of a later version are ignored', () => {
  expect(decodeDeviceHello([...encodeDeviceHello({ ...DEVICE, version: 2 }), 'new', [1]])).toEqual({
    ...DEVICE,
    version: 2,
  })
  expect(decodeHostHello([...encodeHostHello({ ...HOST, version: 2 }), 'new'])).toEqual({ ...HOST, version: 2 })
})

describe('a wrong type or range is no hello', () => {
  const device = encodeDeviceHello(DEVICE)
  const wrong: readonly (readonly [field: string, index: number, values: readonly unknown[]])[] = [
    ['version', 0, [null, 0, 256, -1, 1.5, '1', true]],
    ['session', 1, [-1, 2 ** 32, 2n ** 60n, 'x', [], 0.5]],
    ['epoch', 2, [null, -1, 2 ** 32, 'x']],
    ['resetCause', 3, [-1, 256, 'watchdog']],
    ['receiveBytes', 4, [-1, 2 ** 32, '63']],
    ['maxContent', 5, [-1, 65_536, 'x']],
    ['window', 6, [0, 65, -1, 'x']],
    ['contractHash', 7, [-1, 2 ** 32, 'x']],
    ['eventSeq', 8, [-1, 2 ** 32, 'x']],
    ['deadManMs', 9, [-1, 2 ** 32, 'x']],
    ['features', 10, [-1, 2 ** 32, 'x']],
    ['uptimeMs', 11, [-1, 2 ** 32, 'x']],
    ['firmwareVersion', 12, [1, true, []]],
    ['contractName', 13, [1, true, []]],
    ['contractVersion', 14, [1, true, []]],
  ]
  test.each(wrong)('%s of the device', (_field, index, values) => {
    for (const value of values) expect(decodeDeviceHello(device.with(index, value))).toBeUndefined()
  })

  test.each([
    ['version', 0, [null, 0, 256, '1']],
    ['session', 1, [null, -1, 2 ** 32, 'x']],
    ['windowBytes', 2, [-1, 2 ** 32, 'x']],
    ['heartbeatMs', 3, [-1, 2 ** 32, 'x']],
  ] as const)('%s of the host', (_field, index, values) => {
    for (const value of values) expect(decodeHostHello(encodeHostHello(HOST).with(index, value))).toBeUndefined()
  })

  test('and neither is anything that is not an array', () => {
    for (const value of [undefined, null, 1, 'hello', {}, [], new Uint8Array(20)]) {
      expect(decodeDeviceHello(value)).toBeUndefined()
      expect(decodeHostHello(value)).toBeUndefined()
    }
  })
})

test('any value at all is read without throwing', () => {
  check(
    fc.property(fc.anything(), fc.array(fc.anything()), (value, fields) => {
      decodeDeviceHello(value)
      decodeHostHello(value)
      decodeDeviceHello([1, null, 7, ...fields])
      decodeHostHello([1, 7, ...fields])
    }),
  )
})
