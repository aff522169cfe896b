/** The gateway over its embedded broker (aedes, MQTT 3.1.1). */

import { expect, test } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import { CallError } from '../../src/port/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { clientOf, EMBEDDED, startTestGateway } from './support.js'

test('it falls back to MQTT 3.1.1 where the broker refuses 5', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED, version: 5 })
  expect(gateway.mqtt()).toMatchObject({ connected: true, version: 4 })
})

test('the bridge says what it is, retained', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway, ['portwire/bridge/#'])
  expect(await client.next('portwire/bridge/state')).toMatchObject({ json: { state: 'online' }, retain: true })
  const info = await client.next('portwire/bridge/info')
  expect(info.json).toMatchObject({ version: '0.1.0', node: process.versions.node, config: { version: 1 } })
  expect(info.json['config_schema']).toMatchObject({ type: 'object' })
  const devices = await client.next('portwire/bridge/devices')
  expect(JSON.parse(devices.text)).toMatchObject([
    { name: 'greenhouse', path: '/dev/fake', state: 'opening', session: 0, contract: { name: 'greenhouse' } },
  ])
})

test('the contract of a device is retained on a topic of its own, and not in the list that changes all the time', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway, ['portwire/greenhouse/contract', 'portwire/bridge/devices'])
  expect(await client.next('portwire/greenhouse/contract')).toMatchObject({
    json: greenhouse.definition,
    retain: true,
  })
  expect((await client.next('portwire/bridge/devices')).text).not.toContain('setVent')
})

test('an event comes as it is, and merged into the state of its device', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.state('running')
  await port.emit('reading', { celsius: Math.fround(21.6), humidity: 43.5 })
  await port.emit('vent', { open: 0.5 })
  const reading = await client.next('portwire/greenhouse/event/reading')
  expect(reading.json).toMatchObject({ celsius: 21.6, humidity: 43.5 })
  expect(reading.json['id']).toMatch(/^greenhouse:7f3a91c2:[0-9a-f]{8}-0$/)
  expect(reading.json['at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const merged = await client.next('portwire/greenhouse', ({ json }) => 'open' in json)
  expect(merged.json).toEqual({ celsius: 21.6, humidity: 43.5, open: 0.5 })
  const late = await clientOf(gateway, ['portwire/greenhouse'])
  expect(await late.next('portwire/greenhouse')).toMatchObject({ json: merged.json, retain: true })
})

test('a reliable event keeps the id of its device, and is acknowledged only after the broker has it', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  const acknowledged = port.emit('alarm', { celsius: 31, high: true }, { number: 1042 })
  await acknowledged
  const alarm = await client.next('portwire/greenhouse/event/alarm')
  expect(alarm.json).toMatchObject({ celsius: 31, high: true, id: 'greenhouse:7f3a91c2:1042' })
})

test('availability follows the session', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  const topic = 'portwire/greenhouse/availability'
  await client.next(topic, ({ json }) => json['state'] === 'offline')
  port.state('handshake')
  port.state('running')
  await client.next(topic, ({ json }) => json['state'] === 'online')
  const seen = client.messages.length
  port.state('backoff', { exit: { kind: 'unplugged', detail: 'hang-up' }, restartInMs: 100 })
  await client.next(topic, ({ json }) => json['state'] === 'offline', seen)
  const exited = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'device_exited')
  expect(exited.json['data']).toEqual({ name: 'greenhouse', reason: 'unplugged', detail: 'unplugged (hang-up)' })
  port.state('running')
  await client.next(topic, ({ json }) => json['state'] === 'online', seen)
  const restarted = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'device_restarted')
  expect(restarted.json['data']).toMatchObject({ name: 'greenhouse', attempt: 1, reason: 'unplugged' })
})

test('a cable that is out is the reason of the restart, whatever the tries in between said, and is logged once', async () => {
  const { gateway, port, log } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.state('running')
  port.state('backoff', { exit: { kind: 'unplugged', detail: 'hang-up' } })
  const gone = new PortwireError('PORT_NOT_FOUND', 'there is no serial port /dev/fake')
  for (let i = 0; i < 5; i++) {
    port.state('opening')
    port.state('backoff', { exit: { kind: 'failed', error: gone } })
  }
  port.state('running')
  const restarted = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'device_restarted')
  expect(restarted.json['data']).toMatchObject({ name: 'greenhouse', reason: 'unplugged' })
  expect(log.filter((line) => line.includes('there is no serial port'))).toHaveLength(1)
})

test('what is tried with a silent device is logged, and tries that go on for a night are logged once', async () => {
  const { port, log } = await startTestGateway({ server: EMBEDDED })
  port.state('running')
  for (const rung of ['retransmit', 'hello', 'pulse', 'reopen'] as const) port.notice({ kind: 'recovery', rung })
  for (let minutes = 0; minutes < 5; minutes++) port.notice({ kind: 'recovery', rung: 'failed' })
  const said = () => log.filter((line) => line.includes('silent: ')).map((line) => line.replace(/^.*silent: /, ''))
  expect(said()).toEqual([
    'repeats in its session',
    'a new hello on the same link',
    'a pulse on DTR and RTS',
    'the port is opened anew',
    'tried too often, from now on once a minute',
  ])
  port.state('running')
  port.notice({ kind: 'recovery', rung: 'failed' })
  expect(said()).toHaveLength(6)
})

test('a device that ends too often is said to have failed, once, and what is tried from then on', async () => {
  const { port, log } = await startTestGateway({ server: EMBEDDED })
  const exit = { kind: 'status', status: 1 } as const
  const said = () => log.filter((line) => line.includes('failed: '))
  for (let restart = 0; restart < 5; restart++) port.state('backoff', { exit, restartInMs: 250 })
  expect(said()).toEqual([])
  for (let minute = 0; minute < 5; minute++) {
    port.state('failed', { exit, restartInMs: 60_000 })
    port.state('opening')
  }
  expect(said()).toEqual([
    expect.stringContaining('failed: more restarts than restart.max_restarts; tried every 60 s from now on'),
  ])
  port.state('running')
  port.state('failed', { exit, restartInMs: 60_000 })
  expect(said()).toHaveLength(2)
  // A board that is silent has been said to have failed by the last thing that was tried with it.
  port.state('running')
  port.notice({ kind: 'recovery', rung: 'failed' })
  port.state('failed', { exit: { kind: 'silent' }, restartInMs: 60_000 })
  expect(said()).toHaveLength(2)
})

test('a device that did not start at once was not restarted', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.state('backoff', { exit: { kind: 'failed', error: new PortwireError('PORT_NOT_FOUND', 'x') } })
  port.state('running')
  port.notice({ kind: 'events_lost', count: 1 })
  await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'events_lost')
  expect(client.messages.filter(({ json }) => json['type'] === 'device_restarted')).toEqual([])
})

test('log lines and losses are said', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.notice({ kind: 'log', severity: 'warning', text: 'probe 2 is dry' })
  expect((await client.next('portwire/greenhouse/log')).json).toMatchObject({
    severity: 'warning',
    message: 'probe 2 is dry',
  })
  port.notice({ kind: 'events_dropped', count: 12 })
  const dropped = await client.next('portwire/bridge/event')
  expect(dropped.json).toEqual({
    type: 'events_dropped',
    data: { name: 'greenhouse', count: 12, reason: 'device_full' },
  })
})

test('a call is answered with its transaction', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async (_action, args) => args['open']
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.4, transaction: { any: ['json'] } })
  const reply = await client.next('portwire/greenhouse/response')
  expect(reply.json).toEqual({ data: 0.4, status: 'ok', transaction: { any: ['json'] } })
  expect(port.calls).toEqual([{ action: 'setVent', args: { open: 0.4 }, timeoutMs: 5_000 }])
})

test('a call without a transaction gets an answer without one; an empty payload is no arguments', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async () => undefined
  await client.publish('portwire/greenhouse/call/identify', '')
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({ data: null, status: 'ok' })
})

test.each([
  [
    'an unknown action',
    'setVnet',
    '{"open":0.4,"transaction":7}',
    'no action named setVnet (did you mean setVent?)',
    7,
  ],
  [
    'a payload that is no JSON',
    'setVent',
    'open=0.4',
    'the payload is not JSON; arguments go by name, as in {"open":0.4}',
    undefined,
  ],
  [
    'a payload that is no object',
    'setVent',
    '0.4',
    'the payload is not a JSON object; arguments go by name, as in {"open":0.4}',
    undefined,
  ],
])('%s is refused, with what is wrong', async (_name, action, payload, error, transaction) => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish(`portwire/greenhouse/call/${action}`, payload)
  const reply = await client.next('portwire/greenhouse/response')
  expect(reply.json).toEqual({
    data: {},
    error,
    status: 'error',
    result: 'nak',
    outcome: 'no',
    ...(transaction !== undefined && { transaction }),
  })
  expect(port.calls).toEqual([])
})

test('a call that fails says how', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async () => {
    throw new CallError('PORT_EXITED', 'the session ended', { action: 'setVent', outcome: 'unknown' })
  }
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 })
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({
    data: {},
    error: 'PORT_EXITED: the session ended',
    status: 'error',
    result: 'unknown',
    outcome: 'unknown',
    transaction: 1,
  })
})

test('a request to the bridge is answered; one that is not understood says what is wrong', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  const response = 'portwire/bridge/response/device/restart'
  await client.publish('portwire/bridge/request/device/restart', { id: 'greenhous', transaction: 24 })
  expect((await client.next(response)).json).toEqual({
    data: {},
    error: 'no device named greenhous (did you mean greenhouse?)',
    status: 'error',
    transaction: 24,
  })
  await client.publish('portwire/bridge/request/device/restart', { id: 'greenhouse', transaction: 23 })
  const done = await client.next(response, ({ json }) => json['transaction'] === 23)
  expect(done.json).toEqual({ data: { id: 'greenhouse' }, status: 'ok', transaction: 23 })
  expect(port.isClosed).toBe(true)
  await client.publish('portwire/bridge/request/device/restrat', { transaction: 25 })
  expect((await client.next('portwire/bridge/response/device/restrat')).json['error']).toBe(
    'no request named device/restrat (did you mean device/restart?)',
  )
})

test('two restarts asked for at once are one: a second port on the same tty would find it locked', async () => {
  let release = () => {}
  const ports: FakePort[] = []
  const { gateway } = await startTestGateway(
    { server: EMBEDDED },
    {
      openPort: () => {
        const port = createFakePort()
        const { close } = port
        port.close = () =>
          new Promise((resolve) => {
            release = () => resolve(close())
          })
        ports.push(port)
        return port
      },
    },
  )
  const client = await clientOf(gateway)
  for (const transaction of [1, 2]) {
    await client.publish('portwire/bridge/request/device/restart', { id: 'greenhouse', transaction })
  }
  // Answered while the first port is still closing: the request before it was taken.
  await client.publish('portwire/bridge/request/device/none', { transaction: 3 })
  await client.next('portwire/bridge/response/device/none')
  release()
  for (const transaction of [1, 2]) {
    await client.next('portwire/bridge/response/device/restart', ({ json }) => json['transaction'] === transaction)
  }
  expect(ports).toHaveLength(2)
  const closing = gateway.close()
  release()
  await closing
})

test('closing says offline for the device and the bridge, and ends within a second', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  port.state('running')
  const client = await clientOf(gateway)
  await client.next('portwire/greenhouse/availability', ({ json }) => json['state'] === 'online')
  const seen = client.messages.length
  const startedMs = performance.now()
  await gateway.close()
  expect(performance.now() - startedMs).toBeLessThan(1_000)
  await client.next('portwire/greenhouse/availability', ({ json }) => json['state'] === 'offline', seen)
  await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'offline', seen)
  await gateway.close()
})
