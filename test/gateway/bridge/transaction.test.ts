/** A transaction is the caller's: it comes back as it was written, whatever JSON it is, and whatever becomes of the command. */

import { describe, expect, it, onTestFinished, test } from 'vitest'
import { parseCommand } from '../../../src/gateway/bridge/command.js'
import { refused, replyPayload } from '../../../src/gateway/bridge/reply.js'
import { decodeMsgpack } from '../../../src/gateway/encoding.js'
import { LIMITS, startGateway } from '../../../src/gateway/index.js'
import { createValueCodec } from '../../../src/wire/index.js'
import { createFakePort } from '../fake-port.js'
import { clientOf, configWith, EMBEDDED, startTestGateway } from '../support.js'

const WRITTEN = [
  '9007199254740993',
  '9223372036854775807',
  '18446744073709551615',
  '-9223372036854775808',
  '123456789012345678901234567890',
  '1e400',
  '-0',
  '1.0',
  '0.1000000000000000055511151231257827',
  'null',
  'true',
  '""',
  '"} ,\\"transaction\\":1 \\\\"',
  '"\\ud800"',
  '[]',
  '[1,{"a":[2.50]}]',
  '{"__proto__":{"a":1},"transaction":7}',
]

function answered(payload: string): string {
  const parsed = parseCommand(Buffer.from(payload))
  if (!parsed.ok) throw new Error(parsed.problem)
  return replyPayload({ result: 'ok', data: null }, parsed.command.transaction) as string
}

describe('a transaction in JSON', () => {
  it.each(WRITTEN)('%s comes back as it was written, first, last or alone', (text) => {
    const wanted = `{"data":null,"status":"ok","transaction":${text}}`
    expect(answered(`{"transaction":${text}}`)).toBe(wanted)
    expect(answered(` { "transaction" :\n${text} , "open" : {"transaction":[1]} } `)).toBe(wanted)
    expect(answered(`{"open":"\\"transaction\\":5","list":[{"transaction":6}],"transaction":${text}}`)).toBe(wanted)
  })

  it('is the last of several, and may be spelt with escapes', () => {
    expect(answered('{"transaction":1.0,"transaction":2.0}')).toContain('"transaction":2.0}')
    expect(answered('{"tr\\u0061nsaction":3.0}')).toContain('"transaction":3.0}')
  })

  it('comes back with requests to the gateway, and with what is refused, too', async () => {
    const { gateway } = await startTestGateway({ server: EMBEDDED })
    const client = await clientOf(gateway, ['portwire/#'])
    for (const [topic, payload] of [
      ['bridge/request/devices', '{"transaction":9007199254740993}'],
      ['bridge/request/nothing', '{"transaction":9007199254740993}'],
      ['greenhouse/call/setVent', '{"open":1e999,"transaction":9007199254740993}'],
    ] as const) {
      await client.publish(`portwire/${topic}`, payload)
    }
    const isAnswer = ({ text }: { text: string }) => text.endsWith('"transaction":9007199254740993}')
    await client.next('portwire/bridge/response/devices', isAnswer)
    await client.next('portwire/bridge/response/nothing', isAnswer)
    await client.next('portwire/greenhouse/response', isAnswer)
  })
})

test('a transaction in msgpack of as many values as a command may have comes back, with a refusal as well', () => {
  const codec = createValueCodec({ maxNodes: LIMITS.msgpackNodes, maxArrayLength: LIMITS.msgpackNodes })
  const value = Array.from({ length: LIMITS.msgpackNodes - 3 }, (_, at) => at % 100)
  const parsed = parseCommand(Buffer.from(codec.encode({ transaction: value })))
  if (!parsed.ok) throw new Error(parsed.problem)
  const answer = replyPayload(refused('no'), parsed.command.transaction, 'msgpack') as Uint8Array
  const wide = createValueCodec({ maxNodes: 100_000, maxArrayLength: 100_000 }).decode(answer)
  expect(wide).toMatchObject({ ok: true, value: { error: 'no', transaction: value } })
  expect(decodeMsgpack(codec.encode({ a: 1 }))).toEqual({ value: { a: 1 } })
})

test('a number that is beyond 64-bit floats is refused: an infinity would be sent in its place', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway, ['portwire/greenhouse/response'])
  for (const celsius of ['1e400', '-1e400', '[[1e400]]', '{"a":1e400}']) {
    await client.publish('portwire/greenhouse/call/setAlarmLimit', `{"celsius":${celsius}}`)
  }
  await client.heard(4)
  for (const { json } of client.messages) expect(json).toMatchObject({ result: 'nak', outcome: 'no' })
  expect(client.messages[0]!.json['error']).toBe('celsius: a number is beyond those of 64-bit floats')
  expect(port.calls).toEqual([])
})

test('a command of a device that could not be started is answered: refused, nothing was sent', async () => {
  const config = configWith({ server: EMBEDDED })
  const gateway = await startGateway({ ...config, devices: [] }, { openPort: () => createFakePort() })
  onTestFinished(() => gateway.close())
  await gateway.connected
  const failing = { ...config, devices: config.devices.map((device) => ({ ...device, name: 'shed' })) }
  const broken = { ...failing, devices: failing.devices.map((device) => ({ ...device, contract: undefined as never })) }
  await gateway.reload(() => broken)
  const client = await clientOf(gateway, ['portwire/shed/response'])
  await client.publish('portwire/shed/call/setVent', { open: 1, transaction: 1 })
  expect((await client.next('portwire/shed/response')).json).toMatchObject({
    result: 'nak',
    outcome: 'no',
    transaction: 1,
  })
})
