/** Where consumers find the id of an event, which they need as delivery is at least once. */

import { expect, onTestFinished, test } from 'vitest'
import { decodeMsgpack } from '../../../src/gateway/encoding.js'
import { startGateway } from '../../../src/gateway/index.js'
import { createFakePort } from '../fake-port.js'
import { startMosquitto } from '../mosquitto.js'
import { clientOf, configWith } from '../support.js'

const V5 = { protocolVersion: 5 } as const
const META = { epoch: 1, number: 7, id: 'greenhouse:00000001:7' }

/** A gateway at Mosquitto whose device has its ids as a property, and a client that hears MQTT 5. */
async function start(version: 4 | 5, more: { payload?: 'msgpack'; qos?: 0 } = {}) {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const port = createFakePort()
  const { devices, ...config } = configWith({ server: { kind: 'external', url: mosquitto.url }, version })
  const gateway = await startGateway(
    { ...config, devices: devices.map((device) => ({ ...device, id: 'property' as const, ...more })) },
    { openPort: () => port },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { port, client: await clientOf(gateway, ['portwire/greenhouse/event/#'], V5) }
}

test('with id: property it is the user property, and the payload has none', async () => {
  const { port, client } = await start(5)
  await port.emit('alarm', { celsius: 31, high: true }, META)
  const { json, packet } = await client.next('portwire/greenhouse/event/alarm')
  expect(json).toEqual({ celsius: 31, high: true, at: expect.any(String) })
  expect(packet.properties?.userProperties).toEqual({ id: META.id })
})

test('a broker of MQTT 3.1.1 is given it in the payload all the same: without it a duplicate would not be known', async () => {
  const { port, client } = await start(4)
  await port.emit('alarm', { celsius: 31, high: true }, META)
  const { json } = await client.next('portwire/greenhouse/event/alarm')
  expect(json).toEqual({ celsius: 31, high: true, at: expect.any(String), id: META.id })
})

test.each([
  [5, false],
  [4, true],
] as const)('so it is with msgpack and QoS 0, at MQTT version %i', async (version, isInPayload) => {
  const { port, client } = await start(version, { payload: 'msgpack', qos: 0 })
  await port.emit('reading', { celsius: 20, humidity: 40 })
  const { packet } = await client.next('portwire/greenhouse/event/reading')
  const decoded = decodeMsgpack(packet.payload as Buffer)
  const id = isInPayload && { id: expect.stringMatching(/^greenhouse:[0-9a-f]{8}:/) }
  expect(decoded).toEqual({ value: { celsius: 20, humidity: 40, at: expect.any(String), ...id } })
  expect(packet.properties?.userProperties?.['id'] !== undefined).toBe(!isInPayload)
})
