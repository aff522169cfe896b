/** Answers that are longer than a broker takes. */

import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../../src/gateway/log.js'
import { createDrops } from '../../../src/gateway/mqtt/drops.js'
import type { Publication } from '../../../src/gateway/mqtt/publication.js'
import { startMosquitto } from '../mosquitto.js'
import { clientOf, startTestGateway } from '../support.js'

async function brokerOf4000() {
  const mosquitto = await startMosquitto(['max_packet_size 4000'])
  onTestFinished(() => mosquitto.remove())
  return { kind: 'external', url: mosquitto.url } as const
}

test('who asked gets an error in place of an answer longer than the broker takes, there where he wants it', async () => {
  const { gateway, port } = await startTestGateway({ server: await brokerOf4000() })
  const client = await clientOf(gateway, ['portwire/#', 'client/#'], { protocolVersion: 5 })
  port.answer = async () => 'x'.repeat(4_000)
  const properties = { responseTopic: 'client/7/answers', correlationData: Buffer.from([1, 2, 3]) }
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 }, { properties })
  const { json, packet } = await client.next('client/7/answers')
  expect(json).toEqual({
    data: {},
    error: expect.stringMatching(/^the answer is longer than the broker takes: 40\d\d bytes$/),
    status: 'error',
    result: 'nak',
    outcome: 'yes',
    transaction: 1,
  })
  expect(packet.properties?.correlationData).toEqual(Buffer.from([1, 2, 3]))
  await client.publish('portwire/bridge/request/info', { transaction: 2 })
  expect((await client.next('portwire/bridge/response/info')).json).toEqual({
    data: {},
    error: expect.stringMatching(/^the answer is longer than the broker takes: \d+ bytes$/),
    status: 'error',
    transaction: 2,
  })
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0 })
})

test('a broker of MQTT 3.1.1 cannot say what it takes: the config does, and nothing longer costs the connection', async () => {
  const { gateway, port } = await startTestGateway({
    server: await brokerOf4000(),
    version: 4,
    maxPacketBytes: 4_000,
  })
  const client = await clientOf(gateway, ['portwire/#'])
  port.answer = async () => 'x'.repeat(4_000)
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 })
  const { json } = await client.next('portwire/greenhouse/response')
  expect(json).toMatchObject({ error: expect.stringMatching(/^the answer is longer than the broker takes/) })
  // bridge/info has the schema of the config in it.
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0, dropped: { tooLong: 2 } })
})

const LONG: Publication = { topic: 'a', payload: 'x'.repeat(200), qos: 1, retain: false }

test('what is sent in the place of one that is too long is counted once, though it is sent again after a reconnect', () => {
  const said: unknown[] = []
  const drops = createDrops(silentLog, (reason) => said.push(reason))
  const answer = { ...LONG, ifTooLong: 'too long' }
  const short = { ...LONG, payload: 'too long' }
  expect([drops.fitting(answer, 100), drops.fitting(answer, 100)]).toEqual([short, short])
  expect(drops.counts.too_long).toBe(1)
  expect(said).toEqual(['too_long'])
})

test('where that is too long as well, or there is nothing, the message is dropped and counted', () => {
  const drops = createDrops(silentLog, () => {})
  expect(drops.fitting({ ...LONG, ifTooLong: 'y'.repeat(150) }, 100)).toBeUndefined()
  expect(drops.fitting(LONG, 100)).toBeUndefined()
  expect(drops.fitting(LONG, 300)).toBe(LONG)
  expect(drops.counts.too_long).toBe(2)
})
