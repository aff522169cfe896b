/** Home Assistant, played, and a board, with the gateway between them. */

import { describe, expect, it, onTestFinished } from 'vitest'
import type { Contract } from '../../../src/contract/index.js'
import { LIMITS, startGateway } from '../../../src/gateway/index.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../../src/testing/mock-greenhouse.js'
import { createFakePort } from '../fake-port.js'
import { createHeldClock } from '../held-clock.js'
import { startMosquitto } from '../mosquitto.js'
import { clientOf, configWith, EMBEDDED } from '../support.js'
import { until } from '../until.js'
import { playHomeAssistant } from './player.js'

const CONFIG = 'homeassistant/device/portwire_portwire_greenhouse/config'
const HOME_ASSISTANT = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' }

async function startHome(server: Parameters<typeof configWith>[0]['server'] = EMBEDDED, retain = true) {
  const board = createMockGreenhouse({ bootMs: 20 })
  const { path, binding, onArrival } = board
  const target = { serial: path, binding, onArrival }
  const device = { name: 'greenhouse', target, contract: greenhouse as unknown as Contract, retain }
  const clock = createHeldClock()
  const config = { ...configWith({ server }), devices: [device], homeassistant: HOME_ASSISTANT }
  const start = async () => {
    const gateway = await startGateway(config, { clock, random: () => 0.5 })
    onTestFinished(() => gateway.close())
    await gateway.connected
    await until(() => gateway.devices()[0]?.state === 'running', 5_000, 'the board runs')
    return gateway
  }
  const gateway = await start()
  const client = await clientOf(gateway)
  expect(clock.pass(LIMITS.staleDiscoveryMs)).toBe(1)
  return { board, clock, gateway, client, start, player: await playHomeAssistant(client, CONFIG) }
}

const shows = (player: { state(entity: string): unknown }, entity: string, value: unknown) =>
  until(
    () => player.state(entity) === value,
    5_000,
    () => `${entity} shows ${String(value)}; it shows ${String(player.state(entity))}`,
  )

describe('Home Assistant and a board that is matched', () => {
  it('it is shown with the serial number and the manufacturer that the match names', async () => {
    const match = { vendorId: '2341', serialNumber: '75735303431351E0A152', manufacturer: 'Arduino (www.arduino.cc)' }
    const clock = createHeldClock()
    const { devices, ...config } = configWith({ server: EMBEDDED })
    const matched = devices.map((device) => ({ ...device, target: { serial: match } }))
    const options = { clock, openPort: () => createFakePort() }
    const gateway = await startGateway({ ...config, devices: matched, homeassistant: HOME_ASSISTANT }, options)
    onTestFinished(() => gateway.close())
    await gateway.connected
    const client = await clientOf(gateway)
    clock.pass(LIMITS.staleDiscoveryMs)
    const { json } = await client.next(CONFIG)
    expect(json['dev']).toMatchObject({ sn: match.serialNumber, mf: match.manufacturer })
  })
})

describe('Home Assistant and a board', () => {
  it('temperature and humidity of the board appear', async () => {
    const { board, player, client } = await startHome()
    board.setClimate(23.5, 61)
    await client.publish('portwire/greenhouse/call/setInterval', { ms: 100 })
    await shows(player, 'celsius', 23.5)
    await shows(player, 'humidity', 61)
  })

  it('the vent is moved by its slider and the lamp by its switch, and both show what the board says', async () => {
    const { player } = await startHome()
    await shows(player, 'on', 'unknown')
    await player.turn('on', true)
    await shows(player, 'on', 'on')
    await player.turn('on', false)
    await shows(player, 'on', 'off')
    await player.setNumber('open', 0.25)
    await shows(player, 'open', 0.25)
  })

  it('the button identifies the board', async () => {
    const { player, client } = await startHome()
    await player.press('identify')
    expect((await client.next('portwire/greenhouse/response')).json).toEqual({ data: null, status: 'ok' })
  })

  it('the alarm is a problem while it is too warm', async () => {
    const { board, player, client } = await startHome()
    await client.publish('portwire/greenhouse/call/setInterval', { ms: 100 })
    await shows(player, 'high', 'unknown')
    board.setClimate(35, 40)
    await shows(player, 'high', 'on')
    board.setClimate(20, 40)
    await shows(player, 'high', 'off')
  })

  it('a board that is unplugged is unavailable, and back again', async () => {
    const { board, player, client } = await startHome()
    await client.publish('portwire/greenhouse/call/setInterval', { ms: 100 })
    await shows(player, 'humidity', 45)
    board.unplug()
    await shows(player, 'humidity', 'unavailable')
    board.plug()
    await shows(player, 'humidity', 45)
  })

  it('a board that was reset is in a state that nobody knows, and what was known before is not shown', async () => {
    const { board, player } = await startHome()
    await player.turn('on', true)
    await shows(player, 'on', 'on')
    board.reset('watchdog')
    await shows(player, 'on', 'unknown')
    await player.turn('on', false)
    await shows(player, 'on', 'off')
  })

  it('a gateway that is started again does not show the state of before as that of now', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const { gateway, player, start } = await startHome({ kind: 'external', url: mosquitto.url })
    await player.setNumber('open', 0.75)
    await shows(player, 'open', 0.75)
    await gateway.close()
    expect(player.state('open')).toBe('unavailable')
    await start()
    await shows(player, 'open', 'unknown')
  })

  it('after Home Assistant has started, a state that is not retained is said again as well', async () => {
    const { player, client, clock } = await startHome(EMBEDDED, false)
    await player.setNumber('open', 0.5)
    await shows(player, 'open', 0.5)
    const from = client.messages.length
    await client.publish('homeassistant/status', 'online')
    await until(() => clock.pass((LIMITS.birthMinMs + LIMITS.birthMaxMs) / 2) === 1, 5_000, 'a birth is due')
    const state = await client.next('portwire/greenhouse', ({ json }) => json['open'] === 0.5, from)
    expect(state.retain).toBe(false)
    await client.next(CONFIG, undefined, from)
    await client.next('portwire/greenhouse/availability', ({ json }) => json['state'] === 'online', from)
    await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'online', from)
  })

  it('discovery of a device that is not in the config any more is removed from a real broker', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const server = { kind: 'external', url: mosquitto.url } as const
    const { gateway, client } = await startHome(server)
    await gateway.close()
    const clock = createHeldClock()
    const next = await startGateway(
      { ...configWith({ server }), devices: [], homeassistant: HOME_ASSISTANT },
      { clock },
    )
    onTestFinished(() => next.close())
    await next.connected
    // Answered on the connection on which what was retained came before.
    await client.publish('portwire/bridge/request/devices', { transaction: 'after' })
    await client.next('portwire/bridge/response/devices', ({ json }) => json['transaction'] === 'after')
    clock.pass(LIMITS.staleDiscoveryMs)
    await client.next(CONFIG, ({ text }) => text === '')
    const late = await clientOf(next, ['homeassistant/#'])
    await late.next('homeassistant/device/portwire_portwire/config')
    expect(late.messages.map(({ topic }) => topic)).toEqual(['homeassistant/device/portwire_portwire/config'])
  })
})
