/** The gateway at a real Mosquitto, in MQTT 5. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../src/gateway/index.js'
import { type Mosquitto, startMosquitto } from './mosquitto.js'
import { connectClient } from './mqtt-client.js'
import { startProxy } from './proxy.js'
import { clientOf, configWith, startTestGateway } from './support.js'
import { until } from './until.js'

async function broker(lines?: readonly string[]): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(lines)
  onTestFinished(() => mosquitto.remove())
  return mosquitto
}

const external = (mosquitto: Mosquitto) => ({ server: { kind: 'external', url: mosquitto.url } as const })
const V5 = { protocolVersion: 5 } as const

test('it connects in MQTT 5', async () => {
  const { gateway } = await startTestGateway(external(await broker()))
  expect(gateway.mqtt()).toMatchObject({ connected: true, version: 5, reconnects: 0 })
})

test('a call with a response topic is answered there, with its correlation data', async () => {
  const { gateway, port } = await startTestGateway(external(await broker()))
  const client = await clientOf(gateway, ['#'], V5)
  port.answer = async () => 0.4
  await client.publish(
    'portwire/greenhouse/call/setVent',
    { open: 0.4 },
    { properties: { responseTopic: 'client/7/answers', correlationData: Buffer.from([1, 2, 3]) } },
  )
  const reply = await client.next('client/7/answers')
  expect(reply.json).toEqual({ data: 0.4, status: 'ok' })
  expect(reply.packet.properties?.correlationData).toEqual(Buffer.from([1, 2, 3]))
  expect(client.messages.some(({ topic }) => topic === 'portwire/greenhouse/response')).toBe(false)
})

test('a response topic that would speak for the gateway is not used', async () => {
  const { gateway, port, log } = await startTestGateway(external(await broker()))
  const client = await clientOf(gateway, ['#'], V5)
  port.answer = async () => 0.4
  const properties = { responseTopic: 'portwire/greenhouse/call/identify' }
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.4 }, { properties })
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({ data: 0.4, status: 'ok' })
  expect(port.calls).toHaveLength(1)
  expect(log.join('\n')).toContain('the response topic was not used')
})

test('an event carries its id as a user property too', async () => {
  const { gateway, port } = await startTestGateway(external(await broker()))
  const client = await clientOf(gateway, ['portwire/#'], V5)
  await port.emit('alarm', { celsius: 31, high: true }, { number: 7 })
  const alarm = await client.next('portwire/greenhouse/event/alarm')
  expect(alarm.packet.properties?.userProperties).toEqual({ id: 'greenhouse:7f3a91c2:7' })
})

test('a command is given no longer than its message was good for', async () => {
  const { gateway, port } = await startTestGateway(external(await broker()))
  const client = await clientOf(gateway, ['#'], V5)
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.4 }, { properties: { messageExpiryInterval: 2 } })
  await client.next('portwire/greenhouse/response')
  expect(port.calls[0]?.timeoutMs).toBeGreaterThan(0)
  expect(port.calls[0]?.timeoutMs).toBeLessThanOrEqual(2_000)
})

test('a retained command is ignored, found at the start or new', async () => {
  const mosquitto = await broker()
  const early = await connectClient(mosquitto.url, [])
  onTestFinished(() => early.end())
  await early.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 'old' }, { retain: true })
  const { gateway, port, log } = await startTestGateway(external(mosquitto))
  const client = await clientOf(gateway, ['#'], V5)
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 'new' }, { retain: true })
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.2, transaction: 'live' })
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 'live')
  expect(port.calls.map((call) => call.args)).toEqual([{ open: 0.2 }])
  expect(log.filter((line) => line.includes('a retained command is ignored'))).toHaveLength(2)
})

test('after the broker was killed everything retained is said again', async () => {
  const mosquitto = await broker()
  const { gateway, port } = await startTestGateway(external(mosquitto))
  port.state('running')
  await port.emit('reading', { celsius: 20, humidity: 40 })
  const before = await clientOf(gateway, ['portwire/#'])
  await before.next('portwire/greenhouse')
  await mosquitto.kill()
  await until(() => !gateway.mqtt().connected, 5_000, 'the gateway sees that the broker is gone')
  // A device that drops meanwhile: its availability at the new broker must be that of now.
  port.state('backoff', { exit: { kind: 'silent' } })
  await mosquitto.start()
  await until(() => gateway.mqtt().connected, 5_000, 'the gateway is back')
  const after = await clientOf(gateway, ['portwire/#'])
  expect((await after.next('portwire/bridge/state')).json).toEqual({ state: 'online' })
  expect((await after.next('portwire/greenhouse')).json).toEqual({ celsius: 20, humidity: 40 })
  expect((await after.next('portwire/greenhouse/availability')).json).toEqual({ state: 'offline' })
  await after.next('portwire/bridge/info')
  await after.next('portwire/bridge/devices')
})

test('events of an outage arrive afterwards, in order; a reliable one is acknowledged only then', async () => {
  const mosquitto = await broker()
  const { gateway, port } = await startTestGateway(external(mosquitto))
  await mosquitto.kill()
  await until(() => !gateway.mqtt().connected, 5_000, 'the gateway sees that the broker is gone')
  for (let i = 0; i < 500; i++) await port.emit('vent', { open: i })
  let isAcknowledged = false
  const acknowledged = port.emit('alarm', { celsius: 31, high: true }, { number: 1 }).then(() => {
    isAcknowledged = true
  })
  await mosquitto.start()
  expect(isAcknowledged).toBe(false)
  await acknowledged
  await until(() => gateway.mqtt().waiting.messages === 0, 5_000, 'everything is with the broker')
  expect(gateway.mqtt().dropped.full).toBe(0)
})

test('nothing is lost, and nothing overtaken, over twenty links that broke in the middle', async () => {
  // Mosquitto drops what a subscriber has queued beyond 1,000 messages: that is not what is asked here.
  const mosquitto = await broker(['max_queued_messages 0'])
  const proxy = await startProxy(mosquitto.port)
  const { gateway, port } = await startTestGateway({ server: { kind: 'external', url: proxy.url } })
  const topic = 'portwire/greenhouse/event/vent'
  const client = await connectClient(mosquitto.url, [topic])
  onTestFinished(() => client.end())
  const events = 10_000
  const firstSeen: number[] = []
  const seen = new Set<number>()
  let looked = 0
  const look = () => {
    for (const { json } of client.messages.slice(looked)) {
      const number = json['open'] as number
      if (!seen.has(number)) firstSeen.push(number)
      seen.add(number)
    }
    looked = client.messages.length
    return seen.size
  }
  for (let i = 0; i < events; i++) await port.emit('vent', { open: i })
  for (let cut = 1; cut <= 20; cut++) {
    await until(
      () => look() >= (events / 21) * cut,
      10_000,
      () => `${seen.size} of ${events} events`,
    )
    proxy.cut()
  }
  await until(
    () => look() === events,
    10_000,
    () => `${seen.size} of ${events} events`,
  )
  expect(firstSeen).toEqual(Array.from({ length: events }, (_, i) => i))
  await until(() => gateway.mqtt().waiting.messages === 0, 5_000, 'everything is acknowledged')
  expect(gateway.mqtt()).toMatchObject({ dropped: { full: 0 } })
  expect(gateway.mqtt().reconnects).toBeGreaterThanOrEqual(10)
})

test('a gateway whose broker is away ends within a second, though a reliable event still waits', async () => {
  const mosquitto = await broker()
  const { gateway, port } = await startTestGateway(external(mosquitto))
  await mosquitto.kill()
  await until(() => !gateway.mqtt().connected, 5_000, 'the gateway sees that the broker is gone')
  void port.emit('alarm', { celsius: 31, high: true }, { number: 1 })
  const startMs = performance.now()
  await gateway.close()
  expect(performance.now() - startMs).toBeLessThan(1_000)
})

test('a queue that is full drops the oldest, counts exactly, and says so', async () => {
  const mosquitto = await broker()
  const { gateway, port, log } = await startTestGateway(external(mosquitto), { outboxMessages: 100 })
  await mosquitto.kill()
  await until(() => !gateway.mqtt().connected, 5_000, 'the gateway sees that the broker is gone')
  const held = gateway.mqtt().waiting.messages
  for (let i = 0; i < 250; i++) await port.emit('vent', { open: i })
  expect(gateway.mqtt().waiting.messages).toBe(100)
  expect(gateway.mqtt().dropped.full).toBe(150 + held)
  await mosquitto.start()
  await until(() => gateway.mqtt().waiting.messages === 0, 5_000, 'everything is with the broker')
  expect(log.filter((line) => line.includes(`${150 + held} messages were dropped`))).toHaveLength(1)
})

test('a broker that is not there is said once, and tried again until it is', async () => {
  const mosquitto = await broker()
  await mosquitto.kill()
  const started = startTestGateway(external(mosquitto))
  await mosquitto.start()
  const { log } = await started
  const warnings = log.filter((line) => line.startsWith('warn portwire:mqtt'))
  expect(warnings.length).toBeLessThanOrEqual(1)
  expect(log.some((line) => line.includes(`connected to 127.0.0.1:${mosquitto.port} (MQTT 5)`))).toBe(true)
})

test('a broker that wants a password gets it, and a wrong one is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-passwd-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'passwd')
  execFileSync('mosquitto_passwd', ['-c', '-b', file, 'attic', 'right'])
  const mosquitto = await broker(['allow_anonymous false', `password_file ${file}`])
  const { gateway } = await startTestGateway({ ...external(mosquitto), user: 'attic', password: 'right' })
  expect(gateway.mqtt().connected).toBe(true)
  const log: string[] = []
  const wrong = { ...external(mosquitto), user: 'attic', password: 'wrong', clientId: 'second' }
  const refused = await startGateway(
    { ...configWith(wrong), devices: [] },
    { log: (_level, _namespace, message) => log.push(message) },
  )
  onTestFinished(() => refused.close())
  await until(() => log.length > 0, 5_000, 'the refusal is said')
  expect(log[0]).toMatch(/^no MQTT broker at 127\.0\.0\.1:\d+: Connection refused: Not authorized; trying again/)
})
