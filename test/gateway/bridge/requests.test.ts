/** Requests to the gateway itself. */

import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../../src/gateway/index.js'
import { createHeldClock } from '../held-clock.js'
import { startMosquitto } from '../mosquitto.js'
import { clientOf, EMBEDDED, startTestGateway } from '../support.js'

const requestOf = (name: string) => `portwire/bridge/request/${name}`
const responseOf = (name: string) => `portwire/bridge/response/${name}`

test('devices, info and health are answered with what is retained', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  for (const name of ['devices', 'info'] as const) {
    await client.publish(requestOf(name), { transaction: name })
    const { json } = await client.next(responseOf(name))
    const retained = await client.next(`portwire/bridge/${name}`)
    expect(json).toEqual({ data: retained.json, status: 'ok', transaction: name })
  }
  await client.publish(requestOf('health'), '')
  const { json } = await client.next(responseOf('health'))
  expect(json).toEqual({
    data: {
      response_time: expect.any(Number),
      uptime_s: expect.any(Number),
      memory_bytes: expect.any(Number),
      outbox: { records: expect.any(Number), bytes: expect.any(Number) },
      mqtt: {
        connected: true,
        reconnects: 0,
        dropped: expect.objectContaining({ full: 0, refused: 0 }),
        waiting: { messages: expect.any(Number), bytes: expect.any(Number), socket_bytes: expect.any(Number) },
      },
      // The gateway itself and the one that asks.
      broker: { connections: 2, refused: expect.objectContaining({ login: 0, closed: 0 }) },
      devices: { greenhouse: { state: 'opening', session: 0, restarts: 0 } },
    },
    status: 'ok',
  })
})

test('health is said at the start and every ten minutes, retained', async () => {
  const clock = createHeldClock()
  const { gateway } = await startTestGateway({ server: EMBEDDED }, { clock })
  const client = await clientOf(gateway)
  const first = await client.next('portwire/bridge/health')
  expect(first.retain).toBe(true)
  const from = client.messages.length
  expect(LIMITS.healthMs).toBe(600_000)
  expect(clock.pass(LIMITS.healthMs)).toBe(1)
  await client.next('portwire/bridge/health', undefined, from)
  expect(clock.pass(LIMITS.healthMs)).toBe(1)
})

test('a reset resets the board, and says how that life ended', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  port.state('running')
  const client = await clientOf(gateway)
  await client.publish(requestOf('device/reset'), { id: 'greenhouse', transaction: 1 })
  const { json } = await client.next(responseOf('device/reset'))
  expect(json).toEqual({
    data: { id: 'greenhouse', exit: 'restarted (reset cause: software)' },
    status: 'ok',
    transaction: 1,
  })
})

test('a reset of a board that does not run, or of none, says so', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  port.kill = async () => {
    throw new Error('PORT_EXITED: nothing runs')
  }
  const client = await clientOf(gateway)
  for (const [id, error] of [
    ['greenhouse', 'PORT_EXITED: nothing runs'],
    ['greenhous', 'no device named greenhous (did you mean greenhouse?)'],
    [7, 'id is missing: the name of a device'],
  ]) {
    const from = client.messages.length
    await client.publish(requestOf('device/reset'), { id })
    expect((await client.next(responseOf('device/reset'), undefined, from)).json).toEqual({
      data: {},
      error,
      status: 'error',
    })
  }
})

test.each([[{ log_level: 'error' }], [{ advanced: { log_level: 'error' } }]])(
  'the log level is changed by options %o, here and on MQTT',
  async (options) => {
    const { gateway, port, log } = await startTestGateway({ server: EMBEDDED })
    const client = await clientOf(gateway)
    port.notice({ kind: 'refused', problem: 'before' })
    await client.next('portwire/bridge/logging', ({ text }) => text.includes('before'))
    await client.publish(requestOf('options'), { options, transaction: 1 })
    expect((await client.next(responseOf('options'))).json).toEqual({
      data: { restart_required: false },
      status: 'ok',
      transaction: 1,
    })
    port.notice({ kind: 'refused', problem: 'hidden' })
    port.notice({ kind: 'consumer_stopped', event: 'alarm', error: new Error('shown') })
    await client.next('portwire/bridge/logging', ({ text }) => text.includes('shown'))
    const heard = [...log, ...client.messages.map(({ text }) => text)].join('\n')
    expect(heard).toContain('before')
    expect(heard).not.toContain('hidden')
  },
)

test.each([
  [{ log_level: 'wran' }, 'log_level is one of debug, info, warn, error (did you mean warn?)'],
  [
    { log_level: 'error', base_topic: 'x' },
    '{"options":{"log_level":"debug"}} is all that can be changed while the gateway runs',
  ],
  [{ mqtt: {} }, '{"options":{"log_level":"debug"}} is all that can be changed while the gateway runs'],
  [null, '{"options":{"log_level":"debug"}} is all that can be changed while the gateway runs'],
])('options %o are refused', async (options, error) => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish(requestOf('options'), { options })
  expect((await client.next(responseOf('options'))).json).toEqual({ data: {}, error, status: 'error' })
})

test('a restart is answered before it is begun', async () => {
  let restarted = () => {}
  const asked = new Promise<void>((resolve) => {
    restarted = resolve
  })
  const { gateway } = await startTestGateway({ server: EMBEDDED }, { restart: () => restarted() })
  const client = await clientOf(gateway)
  await client.publish(requestOf('restart'), { transaction: 'r' })
  expect((await client.next(responseOf('restart'))).json).toEqual({ data: {}, status: 'ok', transaction: 'r' })
  await asked
})

test('the list of requests is closed: without somebody to start it again there is no restart', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  for (const name of ['restart', 'permit_join', 'config', '__proto__', 'constructor', 'toString', 'device/remove']) {
    await client.publish(requestOf(name), { id: 'greenhouse' })
    const { json } = await client.next(responseOf(name))
    expect(json['status'], name).toBe('error')
    expect(json['error'], name).toContain(`no request named ${name}`)
  }
})

test('under MQTT 5 a request is answered where it asks for, with its correlation data', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const { gateway } = await startTestGateway({ server: { kind: 'external', url: mosquitto.url } })
  const client = await clientOf(gateway, ['#'], { protocolVersion: 5 })
  const properties = { responseTopic: 'client/9', correlationData: Buffer.from([9]) }
  await client.publish(requestOf('device/restart'), { id: 'greenhouse', transaction: 4 }, { properties })
  const { json, packet } = await client.next('client/9')
  expect(json).toEqual({ data: { id: 'greenhouse' }, status: 'ok', transaction: 4 })
  expect(packet.properties?.correlationData).toEqual(Buffer.from([9]))
})

test('a request in msgpack is refused: the bridge speaks JSON', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish(requestOf('devices'), Buffer.from([0x80]))
  expect((await client.next(responseOf('devices'))).json).toEqual({
    data: {},
    error: 'the payload is not JSON',
    status: 'error',
  })
})
