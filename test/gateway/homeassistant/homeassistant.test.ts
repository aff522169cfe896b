/** The gateway towards Home Assistant, over a pipe that only remembers, in virtual time. */

import { expect, test } from 'vitest'
import { type Contract, defineContract } from '../../../src/contract/index.js'
import { createHomeAssistant, type HomeAssistant } from '../../../src/gateway/homeassistant/homeassistant.js'
import { LIMITS } from '../../../src/gateway/index.js'
import type { Publication } from '../../../src/gateway/mqtt/publication.js'
import { createTopics } from '../../../src/gateway/topics.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../../src/testing/index.js'

const ALL = 'homeassistant/device/+/config'
const GREENHOUSE = 'homeassistant/device/portwire_attic_greenhouse/config'
const GATEWAY = 'homeassistant/device/portwire_attic/config'
const VIA = { via_device: 'portwire_attic' }

function start({ random = 0.5 } = {}) {
  const clock = createVirtualClock()
  const sent: Publication[] = []
  const subscriptions = new Set<string>()
  const delivered: (() => void)[] = []
  const device = {
    name: 'greenhouse',
    contract: greenhouse as unknown as Contract,
    firmware: undefined as string | undefined,
  }
  let devices = [device]
  let births = 0
  const homeAssistant: HomeAssistant = createHomeAssistant({
    config: { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' },
    clientId: 'attic',
    version: '0.1.0',
    topics: createTopics('portwire'),
    pipe: {
      publish(publication, done) {
        sent.push(publication)
        if (done) delivered.push(done)
      },
      publishLatest: (publication) => void sent.push(publication),
      subscribe: (topic) => void subscriptions.add(topic),
      unsubscribe: (topic) => void subscriptions.delete(topic),
      sayAgain: () => {
        births += 1
      },
    },
    devices: () => devices,
    canRestart: true,
    clock,
    random: () => random,
    log: () => {},
  })
  const take = (topic: string, payload: unknown, retain = true) =>
    homeAssistant.take({
      topic,
      payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
      retain,
      isAgain: false,
    })
  /** What the config has from now on. */
  const reload = (next: typeof devices) => {
    devices = next
    homeAssistant.devicesChanged()
  }
  return { clock, sent, subscriptions, delivered, device, homeAssistant, take, reload, births: () => births }
}

test('at the start it looks for five seconds at what the broker has kept, then says what there is, retained', async () => {
  const { clock, sent, subscriptions, homeAssistant } = start()
  homeAssistant.linked(true)
  expect([...subscriptions]).toEqual(['homeassistant/status', ALL])
  await clock.advance(LIMITS.staleDiscoveryMs - 1)
  expect(sent).toEqual([])
  await clock.advance(1)
  expect(sent.map(({ topic, qos, retain }) => ({ topic, qos, retain }))).toEqual([
    { topic: GATEWAY, qos: 1, retain: true },
    { topic: GREENHOUSE, qos: 1, retain: true },
  ])
  expect([...subscriptions]).toEqual(['homeassistant/status'])
})

test('a link that drops while it looks begins the five seconds anew', async () => {
  const { clock, sent, homeAssistant } = start()
  homeAssistant.linked(true)
  await clock.advance(4_000)
  homeAssistant.linked(false)
  await clock.advance(4_000)
  homeAssistant.linked(true)
  await clock.advance(4_000)
  expect(sent).toEqual([])
  await clock.advance(1_000)
  expect(sent).toHaveLength(2)
})

test('a device that is gone is removed by an empty payload; those of others are left alone', async () => {
  const { clock, sent, homeAssistant, take } = start()
  homeAssistant.linked(true)
  const gone = 'homeassistant/device/portwire_attic_cellar/config'
  take(gone, { dev: { ids: ['x'], ...VIA }, o: { name: 'portwire' }, cmps: {} })
  take('homeassistant/device/portwire_barn_cow/config', {
    dev: { via_device: 'portwire_barn' },
    o: { name: 'portwire' },
  })
  take('homeassistant/device/other/config', { dev: VIA, o: { name: 'zigbee2mqtt' }, cmps: {} })
  take('homeassistant/device/broken/config', '{"dev":')
  take('homeassistant/device/null/config', 'null')
  await clock.advance(LIMITS.staleDiscoveryMs)
  expect(sent.filter(({ payload }) => payload === '')).toEqual([{ topic: gone, payload: '', qos: 1, retain: true }])
  expect(sent).toHaveLength(3)
})

test('a component that is gone, or of another platform, is named once by its platform alone, and then left out', async () => {
  const { clock, sent, delivered, homeAssistant, take } = start()
  homeAssistant.linked(true)
  const cmps = { pressure: { p: 'sensor', name: 'Pressure' }, on: { p: 'switch' }, celsius: { p: 'sensor' } }
  take(GREENHOUSE, { dev: { ids: ['portwire_attic_greenhouse'], ...VIA }, o: { name: 'portwire' }, cmps })
  await clock.advance(LIMITS.staleDiscoveryMs)
  const said = () =>
    sent.filter(({ topic }) => topic === GREENHOUSE).map(({ payload }) => JSON.parse(payload as string).cmps)
  expect(said()).toHaveLength(1)
  expect(said()[0]).toMatchObject({ pressure: { p: 'sensor' }, on: { p: 'switch' }, humidity: { p: 'sensor' } })
  expect(said()[0].pressure).toEqual({ p: 'sensor' })
  for (const done of delivered) done()
  expect(said()).toHaveLength(2)
  expect(said()[1]).not.toHaveProperty('pressure')
  expect(said()[1].on.p).toBe('light')
})

const pump = (fields: string[]) =>
  defineContract({
    name: 'pump',
    version: '1',
    actions: {},
    events: { reading: { fields: Object.fromEntries(fields.map((name) => [name, 'u16' as const])) } },
  }) as unknown as Contract

test('a device that another config no longer has is removed, one that is new or has another name is said', async () => {
  const { clock, sent, device, homeAssistant, reload } = start()
  homeAssistant.linked(true)
  await clock.advance(LIMITS.staleDiscoveryMs)
  sent.length = 0
  reload([{ ...device, name: 'cellar' }])
  const cellar = 'homeassistant/device/portwire_attic_cellar/config'
  expect(sent.map(({ topic, retain, payload }) => ({ topic, retain, empty: payload === '' }))).toEqual([
    { topic: GREENHOUSE, retain: true, empty: true },
    { topic: cellar, retain: true, empty: false },
  ])
  sent.length = 0
  reload([device])
  expect(sent.map(({ topic, payload }) => [topic, payload === ''])).toEqual([
    [cellar, true],
    [GREENHOUSE, false],
  ])
})

test('a component that another contract no longer has is named once by its platform, and then left out', async () => {
  const { clock, sent, delivered, device, homeAssistant, reload } = start()
  reload([{ ...device, contract: pump(['flow', 'level']) }])
  homeAssistant.linked(true)
  await clock.advance(LIMITS.staleDiscoveryMs)
  sent.length = 0
  reload([{ ...device, contract: pump(['flow', 'depth']) }])
  const said = () => sent.map(({ payload }) => payload && Object.keys(JSON.parse(payload as string).cmps).sort())
  expect(said()).toEqual([['depth', 'flow', 'level']])
  expect(JSON.parse(sent[0]!.payload as string).cmps.level).toEqual({ p: 'sensor' })
  for (const done of delivered.splice(0)) done()
  expect(said()).toEqual([
    ['depth', 'flow', 'level'],
    ['depth', 'flow'],
  ])
})

test('what changes while components are being removed is said after it, and a device that goes meanwhile is removed', async () => {
  const { clock, sent, delivered, device, homeAssistant, reload } = start()
  reload([{ ...device, contract: pump(['flow', 'level']) }])
  homeAssistant.linked(true)
  await clock.advance(LIMITS.staleDiscoveryMs)
  sent.length = 0
  reload([{ ...device, contract: pump(['flow']) }])
  reload([])
  expect(sent).toHaveLength(1)
  for (const done of delivered.splice(0)) done()
  expect(sent.slice(1)).toEqual([{ topic: GREENHOUSE, payload: '', qos: 1, retain: true }])
})

test('a firmware version that comes to be known is said; what has not changed is not said again', async () => {
  const { clock, sent, device, homeAssistant } = start()
  homeAssistant.linked(true)
  await clock.advance(LIMITS.staleDiscoveryMs)
  homeAssistant.devicesChanged()
  expect(sent).toHaveLength(2)
  device.firmware = '0.3.0'
  homeAssistant.devicesChanged()
  expect(sent).toHaveLength(3)
  expect(JSON.parse(sent[2]!.payload as string).dev.sw).toBe('0.3.0')
})

test.each([
  [0, LIMITS.birthMinMs],
  [0.5, (LIMITS.birthMinMs + LIMITS.birthMaxMs) / 2],
  [0.999_999, LIMITS.birthMaxMs],
])(
  'when Home Assistant has started everything is said again, once, after a random delay (drawn: %d)',
  async (random, inMs) => {
    const { clock, births, homeAssistant, take } = start({ random })
    homeAssistant.linked(true)
    take('homeassistant/status', 'online', false)
    take('homeassistant/status', 'online', false)
    await clock.advance(inMs - 1)
    expect(births()).toBe(0)
    await clock.advance(2)
    expect(births()).toBe(1)
    await clock.advance(60_000)
    expect(births()).toBe(1)
  },
)

test('neither offline nor an online that was retained is a start', async () => {
  const { clock, births, take } = start()
  take('homeassistant/status', 'offline', false)
  take('homeassistant/status', 'online', true)
  take('homeassistant/status', '\u0000\uffff', false)
  await clock.advance(60_000)
  expect(births()).toBe(0)
})

test('what is closed says nothing more', async () => {
  const { clock, sent, births, homeAssistant, take } = start()
  homeAssistant.linked(true)
  take('homeassistant/status', 'online', false)
  homeAssistant.close()
  await clock.advance(60_000)
  expect({ sent, births: births() }).toEqual({ sent: [], births: 0 })
})

test('only discovery is taken for discovery: a base topic below the discovery topic keeps its commands', () => {
  const { take, homeAssistant } = start()
  homeAssistant.linked(true)
  expect(take('homeassistant/portwire/greenhouse/call/setVent', '{}', false)).toBe(false)
  expect(take('homeassistant/device/greenhouse/set', '{}', false)).toBe(false)
  expect(take('homeassistant/device/other/config', '{}')).toBe(true)
})
