/** set and get on MQTT, and deadlines of commands. */

import 'serialport'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { type Contract, defineContract } from '../../../src/contract/index.js'
import { createDeviceCommands } from '../../../src/gateway/device/commands.js'
import type { UntypedPort } from '../../../src/gateway/device/untyped-port.js'
import { startGateway } from '../../../src/gateway/index.js'
import { createPort } from '../../../src/open.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../../src/testing/index.js'
import { createMockGreenhouse } from '../../../src/testing/mock-greenhouse.js'
import { createFakePort } from '../fake-port.js'
import { startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { clientOf, configWith, EMBEDDED, startTestGateway } from '../support.js'

const RESPONSE = 'portwire/greenhouse/response'

test('set calls the action of each member, in the order of the members, and answers what they answered', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async (_action, args) => Object.values(args)[0]
  await client.publish('portwire/greenhouse/set', { on: 'ON', open: 0.5, transaction: { a: 1 } })
  const { json } = await client.next(RESPONSE)
  expect(json).toEqual({ data: { on: true, open: 0.5 }, status: 'ok', transaction: { a: 1 } })
  expect(port.calls.map(({ action, args }) => [action, args])).toEqual([
    ['setLamp', { on: true }],
    ['setVent', { open: 0.5 }],
  ])
})

test.each([
  ['{"on":"off"}', { on: false }],
  ['{"on":true}', { on: true }],
  ['{"on":"maybe"}', { on: 'maybe' }],
])('set takes %s for %o, which the contract then judges', async (payload, args) => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish('portwire/greenhouse/set', payload)
  await client.next(RESPONSE)
  expect(port.calls[0]?.args).toEqual(args)
})

test.each([
  ['set', { on: true, opem: 1 }, 'opem cannot be set (did you mean open?)'],
  ['set', { celsius: 20 }, 'celsius cannot be set; there are: open, on'],
  ['set', {}, 'nothing is to be set; there are: open, on'],
  ['set', { '\u001b[2J': 1 }, '\\x1b[2J cannot be set; there are: open, on'],
  ['get', { humidty: '' }, 'humidty cannot be read (did you mean humidity?)'],
  ['get', { open: '' }, 'open cannot be read; there are: celsius, humidity'],
  ['get', [], 'the payload is not a JSON object; arguments go by name, as in {"open":0.4}'],
])('%s with %o is refused, and nothing is begun', async (topic, payload, error) => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish(`portwire/greenhouse/${topic}`, payload)
  expect((await client.next(RESPONSE)).json).toEqual({ data: {}, error, status: 'error', result: 'nak', outcome: 'no' })
  expect(port.calls).toEqual([])
})

test('a set that fails half way says what was set before', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async (action) => {
    if (action === 'setVent') throw new Error('jammed')
    return true
  }
  await client.publish('portwire/greenhouse/set', { on: true, open: 1 })
  expect((await client.next(RESPONSE)).json['error']).toBe('open: jammed; set before it: on')
})

test('get reads what it is asked for with one call, answers it and merges it into the state', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async () => ({ celsius: Math.fround(21.6), humidity: Number.NaN })
  await client.publish('portwire/greenhouse/get', { celsius: '', humidity: '', transaction: 7 })
  const { json } = await client.next(RESPONSE)
  const data = { celsius: 21.6, humidity: null }
  expect(json).toEqual({ data, not_finite: ['data.humidity'], status: 'ok', transaction: 7 })
  expect(port.calls.map(({ action, args }) => [action, args])).toEqual([['readClimate', {}]])
  expect((await client.next('portwire/greenhouse')).json).toEqual({ ...data, not_finite: ['humidity'] })
})

test.each([
  ['readClimate', { celsius: Number.POSITIVE_INFINITY, humidity: 50 }, { celsius: null, humidity: 50 }, 'data.celsius'],
  ['setVent', Number.NaN, null, 'data'],
])('the answer to a call of %s says which null is NaN or an infinity', async (action, result, data, place) => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async () => result
  await client.publish(`portwire/greenhouse/call/${action}`, {})
  expect((await client.next(RESPONSE)).json).toEqual({ data, not_finite: [place], status: 'ok' })
})

test('the answer to a set says which outcome is NaN', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async (action) => (action === 'setVent' ? Number.NaN : true)
  await client.publish('portwire/greenhouse/set', { open: 0.5, on: true })
  const { json } = await client.next(RESPONSE)
  expect(json).toEqual({ data: { open: null, on: true }, not_finite: ['data.open'], status: 'ok' })
})

test('an empty get reads everything that can be read', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = async () => ({ celsius: 20, humidity: 50 })
  await client.publish('portwire/greenhouse/get', '')
  expect((await client.next(RESPONSE)).json).toEqual({ data: { celsius: 20, humidity: 50 }, status: 'ok' })
})

test('a retained set, found at the start, is ignored', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const early = await connectClient(mosquitto.url, [])
  onTestFinished(() => early.end())
  await early.publish('portwire/greenhouse/set', { on: true }, { retain: true })
  const { gateway, port, log } = await startTestGateway({ server: { kind: 'external', url: mosquitto.url } })
  const client = await clientOf(gateway)
  await client.publish('portwire/greenhouse/set', { open: 1, transaction: 2 })
  await client.next(RESPONSE, ({ json }) => json['transaction'] === 2)
  expect(port.calls.map(({ action }) => action)).toEqual(['setVent'])
  expect(log.join('\n')).toContain('portwire/greenhouse/set: a retained command is ignored')
})

test('a retained set is run where the config of the device says so, and a retained request is not', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const early = await connectClient(mosquitto.url, [])
  onTestFinished(() => early.end())
  await early.publish('portwire/greenhouse/set', { on: true }, { retain: true })
  await early.publish('portwire/bridge/request/device/restart', { id: 'greenhouse' }, { retain: true })
  const port = createFakePort()
  const { devices, ...config } = configWith({ server: { kind: 'external', url: mosquitto.url } })
  const log: string[] = []
  const gateway = await startGateway(
    { ...config, devices: devices.map((device) => ({ ...device, retainedCommands: true })) },
    { openPort: () => port, log: (_level, _namespace, message) => log.push(message) },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  const client = await clientOf(gateway)
  await client.publish('portwire/greenhouse/set', { open: 1, transaction: 2 })
  await client.next(RESPONSE, ({ json }) => json['transaction'] === 2)
  expect(port.calls.map(({ action }) => action)).toEqual(['setLamp', 'setVent'])
  expect(log.filter((line) => line.includes('a retained command is ignored'))).toEqual([
    expect.stringMatching(/^portwire\/bridge\/request\/device\/restart: /),
  ])
  expect(port.isClosed).toBe(false)
})

test('two members of one name are set by the names of their events', async () => {
  const contract = defineContract({
    name: 'pair',
    version: '1',
    actions: {
      setPump: { args: { on: 'bool' }, entity: { state: 'pump.on' } },
      setLamp: { args: { on: 'bool' }, entity: { state: 'lamp.on' } },
      setBlind: { args: { shut: 'bool' }, entity: {} },
    },
    events: { pump: { fields: { on: 'bool' } }, lamp: { fields: { on: 'bool' } } },
  }) as unknown as Contract
  const port = createFakePort()
  const config = configWith({ server: EMBEDDED })
  const gateway = await startGateway(
    { ...config, devices: [{ ...config.devices[0]!, contract }] },
    { openPort: () => port },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  const client = await clientOf(gateway)
  await client.publish('portwire/greenhouse/set', { on: true, transaction: 1 })
  expect((await client.next(RESPONSE)).json['error']).toBe('on cannot be set; there are: pump_on, lamp_on, setBlind')
  await client.publish('portwire/greenhouse/set', { lamp_on: true, setBlind: false, transaction: 2 })
  await client.next(RESPONSE, ({ json }) => json['transaction'] === 2)
  expect(port.calls.map(({ action }) => action)).toEqual(['setLamp', 'setBlind'])
})

describe('a command for a board that is away', () => {
  async function startAway() {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    const { path, binding, onArrival } = board
    const port = createPort(greenhouse, { serial: path, binding, onArrival, clock, random: () => 0.5 })
    onTestFinished(async () => void (await clock.until(port.close())))
    await clock.until(port.ready())
    const moved: unknown[] = []
    port.on('vent', ({ open }) => moved.push(open))
    await clock.advance(10)
    const commands = createDeviceCommands({
      config: {
        name: 'greenhouse',
        target: { serial: path },
        contract: greenhouse as unknown as Contract,
        retain: true,
      },
      port: () => port as unknown as UntypedPort,
      merge: () => {},
      clock,
    })
    board.unplug()
    await clock.advance(100)
    return { clock, board, commands, moved }
  }

  it.each(['call', 'set'] as const)(
    'a %s older than its expiry is never run, though the board comes back',
    async (kind) => {
      const { clock, board, commands, moved } = await startAway()
      const result = kind === 'set' ? commands.set({ open: 1 }, 2_000) : commands.call('setVent', { open: 1 }, 2_000)
      expect(await clock.until(result)).toMatchObject({ result: 'expired', outcome: 'no' })
      board.plug()
      await clock.advance(120_000)
      expect(moved).toEqual([])
    },
  )

  it('one that is still good when the board comes back is run', async () => {
    const { clock, board, commands, moved } = await startAway()
    const result = commands.set({ open: 1 }, 4_000)
    await clock.advance(1_000)
    board.plug()
    expect(await clock.until(result)).toEqual({ result: 'ok', data: { open: 1 } })
    await clock.advance(100)
    expect(moved).toEqual([1])
  })

  it('the second member of a set has what is left of the time, and no more', async () => {
    const { clock, commands } = await startAway()
    const result = await clock.until(commands.set({ open: 1, on: true }, 1_500))
    expect(result).toMatchObject({ result: 'expired', outcome: 'no' })
    expect(await commands.set({ open: 1 }, 0)).toEqual({
      result: 'expired',
      error: 'open: setVent: the command expired before it was begun',
      outcome: 'no',
    })
  })
})
