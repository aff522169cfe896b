/** The pipe at brokers that leave something out. */

import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../../src/gateway/index.js'
import { createFakePort } from '../fake-port.js'
import { configWith, startTestGateway } from '../support.js'
import { until } from '../until.js'

interface Packet {
  readonly cmd: string
  readonly messageId?: number
  readonly topic?: string
  readonly subscriptions?: readonly unknown[]
}
const requireOfMqtt = createRequire(createRequire(import.meta.url).resolve('mqtt'))
const { generate, parser: mqttParser } = requireOfMqtt('mqtt-packet') as {
  generate(packet: object, options: object): Buffer
  parser(options: object): { on(event: 'packet', listener: (packet: Packet) => void): void; parse(chunk: Buffer): void }
}

const CONNACK = Buffer.of(0x20, 0x02, 0x00, 0x00)
const SUBSCRIBE = 0x82

/** Takes every connection, in 3.1.1, and grants no subscription. */
async function brokerThatGrantsNothing() {
  let asked!: (socket: Socket) => void
  const subscribed = new Promise<Socket>((resolve) => {
    asked = resolve
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(CONNACK))
    socket.on('data', (chunk) => {
      if (chunk[0] === SUBSCRIBE) asked(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, subscribed }
}

test('closing while subscriptions are not granted yet leaves no connection behind', async () => {
  const { url, subscribed } = await brokerThatGrantsNothing()
  const gateway = await startGateway(configWith({ server: { kind: 'external', url }, version: 4 }), {
    openPort: () => createFakePort(),
  })
  const socket = await subscribed
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const startMs = performance.now()
  await gateway.close()
  await closed
  expect(performance.now() - startMs).toBeLessThan(1_000)
})

/** Of MQTT 5: answers each PUBLISH of QoS 1 with the next of these reason codes, the last one again and again. */
async function brokerThatAnswers(...codes: number[]) {
  const events: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const parser = mqttParser({ protocolVersion: 5 })
    const send = (packet: object) => socket.write(generate(packet, { protocolVersion: 5 }))
    parser.on('packet', ({ cmd, messageId, topic, subscriptions }) => {
      if (cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false })
      if (cmd === 'subscribe') send({ cmd: 'suback', messageId, granted: subscriptions!.map(() => 1) })
      if (cmd !== 'publish' || messageId === undefined) return
      const isEvent = topic!.includes('/event/')
      const reasonCode = isEvent ? codes[Math.min(events.length, codes.length - 1)] : 0
      if (isEvent) events.push(`${topic} ${reasonCode}`)
      send({ cmd: 'puback', messageId, reasonCode })
    })
    socket.on('data', (chunk) => parser.parse(chunk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, events }
}

test('an event that the broker has no room for is sent again on the next connection, and is not lost', async () => {
  const broker = await brokerThatAnswers(0x97, 0x97, 0)
  const { gateway, port } = await startTestGateway({
    server: { kind: 'external', url: broker.url },
    reconnectMinMs: 10,
    reconnectMaxMs: 20,
  })
  await port.emit('alarm', { celsius: 30, high: true })
  await until(
    () => broker.events.length === 3,
    5_000,
    () => broker.events.join(', '),
  )
  await until(() => gateway.mqtt().waiting.messages === 0, 5_000, 'it is with the broker')
  expect(broker.events.map((line) => line.split(' ')[1])).toEqual(['151', '151', '0'])
  expect(gateway.mqtt()).toMatchObject({ reconnects: 2, dropped: { refused: 0 } })
})

test('an event that the broker refuses for what it is goes no other time, and is counted', async () => {
  const broker = await brokerThatAnswers(0x87)
  const { gateway, port } = await startTestGateway({ server: { kind: 'external', url: broker.url } })
  await port.emit('alarm', { celsius: 30, high: true })
  await until(() => gateway.mqtt().dropped.refused === 1, 5_000, 'it is counted')
  expect(broker.events).toHaveLength(1)
  expect(gateway.mqtt().reconnects).toBe(0)
})
