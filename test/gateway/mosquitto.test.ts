/** The gateway at a real Mosquitto, in MQTT 5. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

test.each([
  ['of 231 levels', '/'.repeat(230), 'more than 20 levels'],
  ['of discovery', 'homeassistant/device/portwire_x/config', 'of Home Assistant'],
  ["of Home Assistant's birth", 'homeassistant/status', 'of Home Assistant'],
])('a response topic %s is not used, and costs nobody the connection', async (_what, responseTopic, why) => {
  const { gateway, port, log } = await startTestGateway(external(await broker()))
  const client = await clientOf(gateway, ['portwire/#'], V5)
  port.answer = async () => 0.4
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.4 }, { properties: { responseTopic } })
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({ data: 0.4, status: 'ok' })
  await until(() => gateway.mqtt().waiting.messages === 0, 5_000, 'the broker has the answer')
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0 })
  expect(log.join('\n')).toContain(why)
})

test("Home Assistant's birth is heard when it is published with retain as well, and not when it is found at the start", async () => {
  const mosquitto = await broker()
  const early = await connectClient(mosquitto.url, [])
  onTestFinished(() => early.end())
  await early.publish('homeassistant/status', 'online', { retain: true })
  const config = configWith(external(mosquitto))
  const homeassistant = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' }
  const log: string[] = []
  const gateway = await startGateway(
    { ...config, devices: [], homeassistant },
    { log: (_level, _namespace, message) => log.push(message) },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  const client = await clientOf(gateway, ['portwire/bridge/response/#'])
  await client.publish('portwire/bridge/request/devices', {})
  await client.next('portwire/bridge/response/devices')
  const births = () => log.filter((line) => line.includes('Home Assistant has started')).length
  expect(births()).toBe(0)
  await early.publish('homeassistant/status', 'online', { retain: true })
  await until(() => births() === 1, 5_000, 'the birth is heard')
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
  expect(log[0]).toMatch(
    /^the MQTT broker at 127\.0\.0\.1:\d+ refused the login \(Not authorized; with the user that was given\); set mqtt\.user and mqtt\.password; trying again/,
  )
})

test('messages that the access list refuses are counted and said, and leave their places to others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-acl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const acl = join(folder, 'acl')
  writeFileSync(acl, 'topic readwrite #\ntopic deny portwire/greenhouse/event/vent\n')
  const mosquitto = await broker(['max_inflight_messages 5', `acl_file ${acl}`])
  const { gateway, port, log } = await startTestGateway(external(mosquitto))
  const client = await clientOf(gateway, ['portwire/#'])
  for (let i = 0; i < 20; i++) await port.emit('vent', { open: i })
  await port.emit('reading', { celsius: 20, humidity: 40 })
  await client.next('portwire/greenhouse/event/reading')
  // The broker answers the gateway on another connection than it tells the client.
  await until(() => gateway.mqtt().dropped.refused === 20, 5_000, 'all are refused')
  expect(log.filter((line) => line.includes('the broker refused it: Not authorized'))).toHaveLength(1)
  const counts = () =>
    client.messages
      .filter(({ json }) => json['type'] === 'messages_dropped')
      .map(({ json }) => json['data'] as { count: number; reason: string })
  await until(() => counts().reduce((sum, { count }) => sum + count, 0) === 20, 5_000, 'all losses are said')
  expect(new Set(counts().map(({ reason }) => reason))).toEqual(new Set(['refused']))
})

test('a gateway that may not publish on bridge/event does not say for ever that it may not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-acl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const acl = join(folder, 'acl')
  writeFileSync(acl, 'topic readwrite #\ntopic deny portwire/bridge/event\n')
  const mosquitto = await broker([`acl_file ${acl}`])
  const { gateway, port } = await startTestGateway(external(mosquitto))
  port.notice({ kind: 'events_lost', count: 1 })
  await until(() => gateway.mqtt().dropped.refused === 1, 5_000, 'it is refused')
  const client = await clientOf(gateway, ['portwire/#'])
  await port.emit('reading', { celsius: 20, humidity: 40 })
  await client.next('portwire/greenhouse/event/reading')
  expect(gateway.mqtt().dropped.refused).toBe(1)
})

test('a message longer than the broker takes is dropped and said, and the connection stays', async () => {
  const mosquitto = await broker(['max_packet_size 4000'])
  const { gateway, port, log } = await startTestGateway(external(mosquitto))
  const client = await clientOf(gateway, ['portwire/#'])
  const before = gateway.mqtt().dropped.tooLong
  port.answer = async () => 'x'.repeat(4_000)
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 })
  await until(() => gateway.mqtt().dropped.tooLong === before + 1, 5_000, 'it is dropped')
  port.answer = async () => 'x'.repeat(3_800)
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 2 })
  await client.next('portwire/greenhouse/response', ({ json }) => json['data'] === 'x'.repeat(3_800))
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0 })
  expect(log.filter((line) => line.includes('portwire/greenhouse/response: dropped'))).toHaveLength(1)
})

test('a command of megabytes is refused over MQTT 3.1.1, and the connection stays', async () => {
  const { gateway, port } = await startTestGateway({ ...external(await broker()), version: 4 })
  const client = await clientOf(gateway, ['portwire/greenhouse/response'])
  await client.publish('portwire/greenhouse/call/setVent', `{"open":1,"x":"${'x'.repeat(5_000_000)}"}`)
  expect((await client.next('portwire/greenhouse/response')).json).toMatchObject({
    error: 'the payload is longer than 262144 bytes',
    result: 'nak',
  })
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 2 })
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 2)
  expect(port.calls).toHaveLength(1)
  expect(gateway.mqtt().reconnects).toBe(0)
})

test('a command whose PUBACK was lost with the link comes again and is not run again', async () => {
  const mosquitto = await broker()
  const proxy = await startProxy(mosquitto.port)
  const { port, log } = await startTestGateway({ server: { kind: 'external', url: proxy.url } })
  const client = await connectClient(mosquitto.url, ['portwire/greenhouse/response'])
  onTestFinished(() => client.end())
  // Cut while the command is being taken: its PUBACK cannot leave any more.
  port.answer = async () => 1
  const { call } = port
  port.call = (...args) => {
    proxy.cut()
    return call(...args)
  }
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 })
  await until(() => log.some((line) => line.includes('came again')), 8_000, 'the message comes again')
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 1)
  expect(port.calls).toHaveLength(1)
  expect(client.messages.filter(({ json }) => json['transaction'] === 1 && json['status'] !== 'ok')).toEqual([])
})
