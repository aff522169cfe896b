/** What Home Assistant is told of a device. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Contract, defineContract } from '../../../src/contract/index.js'
import {
  type DiscoveryPayload,
  deviceDiscovery,
  gatewayDiscovery,
} from '../../../src/gateway/homeassistant/discovery.js'
import { createTopics } from '../../../src/gateway/topics.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { AVAILABILITY_KEYS, COMPONENT_KEYS, DEVICE_KEYS, ORIGIN_KEYS, ROOT_KEYS } from './documented-keys.js'

const GATEWAY = { clientId: 'attic', version: '0.1.0', topics: createTopics('portwire') }

function discoveryOf(contract: unknown, name = 'greenhouse'): DiscoveryPayload {
  return deviceDiscovery({ name, contract: contract as Contract }, GATEWAY)
}

/** One of everything that can be said. */
const everything = defineContract({
  name: 'everything',
  version: '1',
  actions: {
    home: { entity: { icon: 'mdi:home', enabledByDefault: false } },
    setPump: { args: { on: 'bool' }, entity: { component: 'switch', state: 'pump.on' } },
    setLamp: { args: { on: 'bool' }, entity: { component: 'light', state: 'lamp.on' } },
    setWater: { args: { flowing: 'bool' }, entity: { component: 'valve', deviceClass: 'water' } },
    setSpeed: { args: { rpm: { type: 'u16', min: 0, max: 3000, unit: 'rpm' } }, entity: { mode: 'box' } },
    setBlind: { args: { shut: 'bool' }, entity: {} },
    fire: { args: { on: 'bool' } },
    launch: {},
  },
  events: {
    pump: { fields: { on: 'bool' } },
    lamp: { fields: { on: 'bool' } },
    water: { fields: { flowing: 'bool' } },
    speed: { fields: { rpm: { type: 'u16', entity: { stateClass: 'measurement', expireAfter: 60 } } } },
    text: {
      fields: { line: 'str', raw: 'bytes', hidden: { type: 'u8', entity: false }, list: { array: 'u8', maxItems: 3 } },
    },
    first: { fields: { volts: { type: 'f32', unit: 'V' }, tilted: 'bool' } },
    second: { fields: { volts: { type: 'f32', unit: 'V' }, level: 'u8' } },
    third: { fields: { level: 'u8' } },
  },
})

test('the greenhouse is what the golden file says (npm run generate:discovery writes it)', () => {
  const golden = JSON.parse(readFileSync('test/gateway/homeassistant/greenhouse.json', 'utf8'))
  const device = { name: 'greenhouse', contract: greenhouse as unknown as Contract, firmware: '0.3.0' }
  const payload = deviceDiscovery(device, GATEWAY)
  expect(JSON.parse(JSON.stringify(payload))).toEqual(golden)
})

test('a board that is matched by its serial number and manufacturer is shown with them, one that is not without', () => {
  const device = { name: 'greenhouse', contract: greenhouse as unknown as Contract }
  const board = { vendorId: '2341', serialNumber: '75735303431351E0A152', manufacturer: 'Arduino (www.arduino.cc)' }
  const known = { mf: board.manufacturer, sn: board.serialNumber }
  const plain = deviceDiscovery(device, GATEWAY)
  expect(deviceDiscovery({ ...device, board }, GATEWAY)).toEqual({ ...plain, dev: { ...plain.dev, ...known } })
  expect(Object.keys(plain.dev)).toEqual(['ids', 'name', 'mdl', 'via_device'])
  expect(DEVICE_KEYS).toEqual(expect.arrayContaining(Object.keys(known)))
})

test.each([
  ['the greenhouse', discoveryOf(greenhouse)],
  ['one of everything', discoveryOf(everything)],
  ['the gateway itself', gatewayDiscovery(GATEWAY, true)],
])('every key of %s is one that Home Assistant documents', (_name, payload) => {
  const unknown: string[] = []
  const check = (at: string, table: object, known: readonly string[]) => {
    for (const key of Object.keys(table)) if (!known.includes(key)) unknown.push(`${at}.${key}`)
  }
  check('root', payload, ROOT_KEYS)
  check('dev', payload.dev, DEVICE_KEYS)
  check('o', payload.o, ORIGIN_KEYS)
  for (const entry of payload['availability'] as object[]) check('availability', entry, AVAILABILITY_KEYS)
  for (const [name, component] of Object.entries(payload.cmps)) {
    expect(COMPONENT_KEYS, name).toHaveProperty(component.p)
    check(name, component, COMPONENT_KEYS[component.p]!)
    expect(component, name).toMatchObject({ unique_id: expect.any(String), name: expect.any(String) })
  }
  expect(unknown).toEqual([])
})

test('one of everything has a component of each platform that is checked', () => {
  const platforms = new Set(Object.values(discoveryOf(everything).cmps).map(({ p }) => p))
  expect([...platforms].sort()).toEqual(Object.keys(COMPONENT_KEYS).sort())
})

test('without entity data values are shown, and nothing that acts is offered', () => {
  const bare = defineContract({
    name: 'bare',
    version: '1',
    actions: { open: {}, setLamp: { args: { on: 'bool' } }, move: { args: { to: { type: 'f32', min: 0, max: 1 } } } },
    events: { moved: { fields: { to: { type: 'f32', unit: 'm' }, stuck: 'bool', on: 'bool', what: 'str' } } },
  })
  const { cmps } = discoveryOf(bare)
  expect(Object.fromEntries(Object.entries(cmps).map(([name, { p }]) => [name, p]))).toEqual({
    to: 'sensor',
    stuck: 'binary_sensor',
    on: 'binary_sensor',
    what: 'sensor',
  })
  expect(cmps['to']).toMatchObject({ unit_of_measurement: 'm' })
  expect(cmps['to']).not.toHaveProperty('state_class')
  expect(JSON.stringify(cmps)).not.toContain('command_topic')
})

test('fields of one name are one entity when they are one quantity, else one of each event, from the event itself', () => {
  const { cmps } = discoveryOf(everything)
  expect(cmps['volts']).toMatchObject({ state_topic: 'portwire/greenhouse' })
  expect(Object.keys(cmps).filter((name) => name.includes('volts'))).toEqual(['volts'])
  expect(cmps['second_level']).toMatchObject({ state_topic: 'portwire/greenhouse/event/second' })
  expect(cmps['third_level']).toMatchObject({ state_topic: 'portwire/greenhouse/event/third' })
  expect(cmps['pump_on']).toMatchObject({
    p: 'switch',
    payload_on: '{"pump_on":true}',
    state_topic: 'portwire/greenhouse/event/pump',
    value_template: '{{ value_json.on }}',
  })
})

test('what only an event in msgpack tells is not shown, as Home Assistant reads none; the merged state is', () => {
  const contract = everything as unknown as Contract
  const { cmps } = deviceDiscovery({ name: 'greenhouse', contract, payload: 'msgpack' }, GATEWAY)
  expect(JSON.stringify(cmps)).not.toContain('/event/')
  expect(cmps).not.toHaveProperty('second_level')
  expect(cmps['volts']).toMatchObject({ state_topic: 'portwire/greenhouse' })
  expect(cmps['pump_on']).toMatchObject({ p: 'switch', payload_on: '{"pump_on":true}' })
  expect(cmps['pump_on']).not.toHaveProperty('state_topic')
})

test('what cannot be shown, or is not to be, is not', () => {
  const names = Object.keys(discoveryOf(everything).cmps)
  for (const hidden of ['raw', 'hidden', 'list', 'fire', 'launch']) expect(names).not.toContain(hidden)
})

test('an action whose outcome no event tells has no state, which Home Assistant shows as assumed', () => {
  const { setBlind } = discoveryOf(everything).cmps as Record<string, Record<string, unknown>>
  expect(setBlind).toMatchObject({ p: 'switch', payload_on: '{"setBlind":true}' })
  expect(setBlind).not.toHaveProperty('state_topic')
})

test('a value that can be set and is described as well is both', () => {
  const { cmps } = discoveryOf(everything)
  expect(cmps['rpm']).toMatchObject({
    p: 'number',
    min: 0,
    max: 3000,
    step: 1,
    mode: 'box',
    unit_of_measurement: 'rpm',
  })
  expect(cmps['rpm_value']).toMatchObject({ p: 'sensor', state_class: 'measurement', expire_after: 60 })
})

test('all ids are of the characters that are allowed, and no two entities have the same', () => {
  const payload = discoveryOf(everything, 'North-Wing_2')
  const ids = Object.values(payload.cmps).map((component) => component['unique_id'] as string)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of [...ids, ...Object.keys(payload.cmps)]) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
  for (const component of Object.values(payload.cmps)) {
    expect(component['default_entity_id']).toMatch(new RegExp(`^${component.p}\\.[a-z0-9_]+$`))
  }
})

test('entities of two devices have different ids, also where name and member of one run together to those of the other', () => {
  const one = (member: string, name: string) =>
    Object.values(
      discoveryOf(
        defineContract({ name: 'pump', version: '1', actions: {}, events: { said: { fields: { [member]: 'u8' } } } }),
        name,
      ).cmps,
    ).map((component) => component['unique_id'])
  expect(one('main_speed', 'pump')).not.toEqual(one('speed', 'pump_main'))
})
