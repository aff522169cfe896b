/** msgpack as the payload of events and calls. */

import { expect, onTestFinished, test } from 'vitest'
import { type Contract, defineContract } from '../../src/contract/index.js'
import { decodeMsgpack, encodePayload, isMsgpack } from '../../src/gateway/encoding.js'
import { parseConfig, startGateway } from '../../src/gateway/index.js'
import { createFakePort } from './fake-port.js'
import { clientOf, configWith, EMBEDDED } from './support.js'

const contract = defineContract({
  name: 'all',
  version: '1',
  actions: {
    take: { args: { big: 'i64', raw: { type: 'bytes', maxBytes: 8 }, ratio: 'f64' }, result: 'u64' },
    bare: {},
  },
  events: {
    made: { fields: { big: 'u64', small: 'i64', raw: { type: 'bytes', maxBytes: 8 }, ratio: 'f32', text: 'str' } },
    sure: { acknowledged: true, fields: { big: 'u64' } },
  },
}) as unknown as Contract

async function startWith(payload: 'json' | 'msgpack') {
  const port = createFakePort()
  const config = configWith({ server: EMBEDDED })
  const devices = [{ ...config.devices[0]!, name: 'box', contract, payload }]
  const gateway = await startGateway({ ...config, devices }, { openPort: () => port })
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { port, client: await clientOf(gateway) }
}

const msgpackOf = (payload: Buffer | string) => {
  const decoded = decodeMsgpack(Buffer.from(payload as Buffer))
  return 'value' in decoded ? (decoded.value as Record<string, unknown>) : decoded
}
const MADE = {
  big: 2n ** 64n - 1n,
  small: -(2n ** 63n),
  raw: new Uint8Array([0, 255, 7]),
  ratio: Number.NaN,
  text: 'é\0👾',
}

test('an event in msgpack has its 64-bit integers, bytes and NaN as they are; the merged state stays JSON', async () => {
  const { port, client } = await startWith('msgpack')
  await port.emit('made', MADE, { number: 3 })
  const { packet } = await client.next('portwire/box/event/made')
  const { at, ...fields } = msgpackOf(packet.payload as Buffer) as Record<string, unknown>
  expect(fields).toEqual({ ...MADE, raw: expect.any(Uint8Array), id: 'greenhouse:7f3a91c2:3' })
  expect([...(fields['raw'] as Uint8Array)]).toEqual([0, 255, 7])
  expect(at).toMatch(/^\d{4}-/)
  const state = await client.next('portwire/box')
  expect(state.json).toEqual({
    big: '18446744073709551615',
    small: '-9223372036854775808',
    raw: 'AP8H',
    ratio: null,
    text: 'é\0👾',
    not_finite: ['ratio'],
  })
})

test('a reliable event in msgpack is acknowledged after the broker has it', async () => {
  const { port, client } = await startWith('msgpack')
  await port.emit('sure', { big: 5n }, { number: 1 })
  await client.next('portwire/box/event/sure')
})

test('a call in msgpack gets its values as they are, and its answer in msgpack, the transaction unchanged', async () => {
  for (const payload of ['json', 'msgpack'] as const) {
    const { port, client } = await startWith(payload)
    port.answer = async () => 2n ** 63n
    const args = { big: -(2n ** 62n), raw: new Uint8Array([1, 2]), ratio: Number.POSITIVE_INFINITY }
    const command = encodePayload('msgpack', { ...args, transaction: { n: [2n ** 60n, 'x'] } })
    await client.publish('portwire/box/call/take', Buffer.from(command as Uint8Array))
    const { packet } = await client.next('portwire/box/response')
    expect(msgpackOf(packet.payload as Buffer)).toEqual({
      data: 2n ** 63n,
      status: 'ok',
      transaction: { n: [2n ** 60n, 'x'] },
    })
    expect(port.calls[0]?.args).toEqual({ ...args, raw: expect.any(Uint8Array) })
  }
})

test('a call in msgpack whose answer msgpack cannot say is told so, and that it ran', async () => {
  const { port, client } = await startWith('msgpack')
  port.answer = async () => Array.from({ length: 40_000 }, () => 1)
  await client.publish(
    'portwire/box/call/bare',
    Buffer.from(encodePayload('msgpack', { transaction: 1 }) as Uint8Array),
  )
  const { packet } = await client.next('portwire/box/response')
  expect(msgpackOf(packet.payload as Buffer)).toEqual({
    data: {},
    error: expect.stringMatching(/^the answer cannot be sent: /),
    status: 'error',
    result: 'nak',
    outcome: 'yes',
    transaction: 1,
  })
})

test('a call in JSON is answered in JSON, also by a device whose events are msgpack', async () => {
  const { port, client } = await startWith('msgpack')
  port.answer = async () => 2n ** 63n
  await client.publish('portwire/box/call/take', { big: '5', raw: 'AQI=', ratio: 0.5, transaction: 1 })
  const { json } = await client.next('portwire/box/response')
  expect(json).toEqual({ data: '9223372036854775808', status: 'ok', transaction: 1 })
  expect(port.calls[0]?.args).toEqual({ big: 5n, raw: expect.any(Uint8Array), ratio: 0.5 })
})

test('a call without payload is answered as the device is set', async () => {
  const { port, client } = await startWith('msgpack')
  port.answer = async () => undefined
  await client.publish('portwire/box/call/bare', '')
  const { packet } = await client.next('portwire/box/response')
  expect(msgpackOf(packet.payload as Buffer)).toEqual({ data: null, status: 'ok' })
})

test.each([
  ['81', 'truncated'],
  ['80c0', 'trailing bytes'],
  ['81a95f5f70726f746f5f5f01', 'reserved key'],
])('a call of bytes %s is refused: %s', async (hex, problem) => {
  const { port, client } = await startWith('json')
  await client.publish('portwire/box/call/bare', Buffer.from(hex, 'hex'))
  const { packet } = await client.next('portwire/box/response')
  expect(msgpackOf(packet.payload as Buffer)).toMatchObject({
    error: `the payload is not msgpack: ${problem}`,
    result: 'nak',
  })
  expect(port.calls).toEqual([])
})

test('what begins JSON never begins a map of msgpack', () => {
  for (const text of ['{}', ' {', '\n', '[', '"', '\ufeff', '1', 'é'])
    expect(isMsgpack(Buffer.from(text)), text).toBe(false)
  for (const first of [0x80, 0x8f, 0xde, 0xdf]) expect(isMsgpack(Buffer.from([first]))).toBe(true)
})

test('the payload of a device is that of the gateway, unless it says otherwise', () => {
  const device = { serial: '/dev/a', contract: 'docs/examples/greenhouse.yaml' }
  const devices = { one: device, two: { ...device, serial: '/dev/b', payload: 'json' } }
  const config = parseConfig('portwire.yaml', JSON.stringify({ version: 1, mqtt: { payload: 'msgpack' }, devices }))
  expect(config.devices.map(({ payload }) => payload)).toEqual(['msgpack', 'json'])
})
