/** A device with `qos: 0` at a real Mosquitto: its plain events go out at once, or are lost and counted. */

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../../src/gateway/index.js'
import { LIMITS } from '../../../src/gateway/limits.js'
import { createFakePort } from '../fake-port.js'
import { startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { startProxy } from '../proxy.js'
import { clientOf, configWith } from '../support.js'
import { until } from '../until.js'

/** What comes here in one turn is no flood. */
const NO_QUOTA = { eventsPerSecond: LIMITS.maxEventsPerSecond, burst: LIMITS.maxEventsPerSecond }

/** All filters granted with QoS 1, of a SUBSCRIBE of less than 16,384 bytes. */
function subackOf(subscribe: Buffer): Buffer {
  const id = (subscribe[1]! & 0x80) === 0 ? 2 : 3
  const granted: number[] = []
  for (let at = id + 2; at < subscribe.length; at += 2 + subscribe.readUInt16BE(at) + 1) granted.push(0x01)
  return Buffer.of(0x90, 2 + granted.length, subscribe[id]!, subscribe[id + 1]!, ...granted)
}

async function start() {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const proxy = await startProxy(mosquitto.port)
  return { mosquitto, proxy, ...(await startAt(proxy.url, 5)) }
}

async function startAt(url: string, version: 4 | 5) {
  const port = createFakePort()
  const { devices, ...config } = configWith({ server: { kind: 'external', url }, version })
  const gateway = await startGateway(
    { ...config, devices: devices.map((device) => ({ ...device, qos: 0 as const, eventQuota: NO_QUOTA })) },
    { openPort: () => port },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { port, gateway }
}

/** Speaks enough of 3.1.1 for a gateway of one device to be connected, and then reads nothing until it is told to. */
async function startBrokerThatPauses() {
  const CONNACK = Buffer.of(0x20, 0x02, 0x00, 0x00)
  let link: Socket | undefined
  let readings = 0
  let tail = ''
  const server = createServer((socket) => {
    link = socket
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(CONNACK)
      socket.once('data', (subscribe) => {
        socket.pause()
        socket.write(subackOf(subscribe))
        socket.on('data', (chunk) => {
          // Packets are cut anywhere.
          const text = tail + chunk.toString('latin1')
          readings += text.split(TOPIC).length - 1
          tail = text.slice(text.lastIndexOf(TOPIC) + 1).slice(1 - TOPIC.length)
        })
        socket.pause()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    link?.destroy()
    server.close()
  })
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, resume: () => link?.resume(), readings: () => readings }
}

const TOPIC = 'greenhouse/event/reading'
const BROKER = { protocolVersion: 5 } as const
const reading = (n: number) => ({ celsius: n, humidity: 50 })

test('plain events come with QoS 0, whole and in order, each with its id', async () => {
  const { port, gateway } = await start()
  const client = await clientOf(gateway, ['portwire/greenhouse/event/#'], BROKER)
  for (let n = 0; n < 500; n++) void port.emit('reading', reading(n))
  await client.heard(500)
  expect(client.messages.map(({ json }) => json['celsius'])).toEqual(Array.from({ length: 500 }, (_, n) => n))
  expect(new Set(client.messages.map(({ packet }) => packet.qos))).toEqual(new Set([0]))
  expect(new Set(client.messages.map(({ json }) => json['id'])).size).toBe(500)
  for (const { json, packet } of client.messages) expect(packet.properties?.userProperties?.['id']).toBe(json['id'])
  expect(gateway.mqtt().waiting.messages).toBe(0)
})

test('the state merged from them keeps to QoS 1, is said at a bounded pace, and ends at the last event', async () => {
  const { port, gateway } = await start()
  const client = await clientOf(gateway, ['portwire/greenhouse'], BROKER)
  for (let n = 0; n < 500; n++) void port.emit('reading', reading(n))
  const last = await client.next('portwire/greenhouse', ({ json }) => json['celsius'] === 499)
  expect(last.packet.qos).toBe(1)
  expect(client.messages.length).toBeLessThanOrEqual(2)
})

test('the last state is said before the gateway ends, though its time has not come', async () => {
  const { port, gateway } = await start()
  const client = await clientOf(gateway, ['portwire/greenhouse'], BROKER)
  void port.emit('reading', reading(1))
  void port.emit('reading', reading(2))
  await gateway.close()
  await client.next('portwire/greenhouse', ({ json }) => json['celsius'] === 2)
})

test('a reliable event keeps to QoS 1, and is acknowledged when the broker has it', async () => {
  const { port, gateway } = await start()
  const client = await clientOf(gateway, ['portwire/greenhouse/event/#'], BROKER)
  await port.emit('alarm', { celsius: 31, high: true }, { number: 7 })
  expect((await client.next('portwire/greenhouse/event/alarm')).packet.qos).toBe(1)
})

test('events that come while the broker is away are not sent later: they are counted, and said once it is back', async () => {
  const { mosquitto, port, gateway, proxy } = await start()
  const client = await connectClient(mosquitto.url, ['portwire/#'], BROKER)
  onTestFinished(() => client.end())
  proxy.cut()
  await until(() => !gateway.mqtt().connected, 8_000, 'the gateway has noticed')
  const before = gateway.mqtt().dropped.offline
  for (let n = 0; n < 30; n++) void port.emit('reading', reading(n))
  expect(gateway.mqtt().dropped.offline).toBe(before + 30)
  const said = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'messages_dropped')
  expect(said.json['data']).toEqual({ count: 30, reason: 'offline' })
  void port.emit('reading', reading(99))
  await client.next('portwire/greenhouse/event/reading', ({ json }) => json['celsius'] === 99)
  expect(client.messages.filter(({ topic }) => topic.endsWith('/event/reading')).length).toBe(1)
})

test('a broker that does not read holds up nobody: a bounded part waits, the rest is counted, and nothing is lost beside it', async () => {
  const broker = await startBrokerThatPauses()
  const { port, gateway } = await startAt(broker.url, 4)
  const SENT = 100_000
  let most = 0
  for (let n = 0; n < SENT; n++) {
    void port.emit('reading', reading(n))
    most = Math.max(most, gateway.mqtt().waiting.socketBytes)
    if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const { full } = gateway.mqtt().dropped
  expect(full).toBeGreaterThan(0)
  expect(most).toBeLessThan(LIMITS.socketBytes + 1_024)
  broker.resume()
  await until(() => broker.readings() + full >= SENT, 8_000, 'all that was not counted as dropped has come')
  expect(broker.readings() + full).toBe(SENT)
})
