/** Keys of the config from the environment. */

import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../../src/gateway/index.js'
import { DEVICE, EXAMPLES, refusal } from './support.js'

const path = `${EXAMPLES}portwire.yaml`
const parse = (text: string, env: Record<string, string>) => parseConfig(path, text, env)
const SHORTEST = `version: 1\n${DEVICE}`

describe('the environment of a gateway', () => {
  test('comes before the file, and its password is not shown', () => {
    const env = {
      PORTWIRE_CONFIG_MQTT_PASSWORD: '12345',
      PORTWIRE_CONFIG_MQTT_BASE_TOPIC: 'site1',
      PORTWIRE_CONFIG_MQTT_VERSION: '4',
    }
    const { mqtt, shown } = parse(`version: 1\nmqtt:\n  base_topic: other\n  user: attic\n${DEVICE}`, env)
    expect(mqtt).toMatchObject({ user: 'attic', password: '12345', baseTopic: 'site1', version: 4 })
    expect(shown).toMatchObject({ mqtt: { base_topic: 'site1', password: '(removed)', user: '(removed)' } })
    expect(JSON.stringify(shown)).not.toContain('12345')
  })

  test('reaches any depth, and reads values as YAML does where the key is no text', () => {
    const text = `version: 1
devices:
  green-house_2:
    serial: /dev/ttyACM0
    contract: greenhouse.yaml
    event_servers: [{port: 4101}]
`
    const { mqtt, devices, log } = parse(text, {
      PORTWIRE_CONFIG_MQTT_RECONNECT_MIN: '2s',
      PORTWIRE_CONFIG_LOG_LEVEL: 'debug',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_BAUD: '57600',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_SERIAL: '/dev/ttyUSB7',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_RETAIN: 'false',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_OPEN_DTR: 'release',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_HEARTBEAT_EVERY: '0',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_EVENT_SERVERS_0_PORT: '0',
      PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_2_EVENT_QUOTA_PER_SECOND: '1000',
    })
    expect(mqtt.reconnectMinMs).toBe(2_000)
    expect(log).toEqual({ level: 'debug' })
    expect(devices[0]).toMatchObject({
      target: { serial: '/dev/ttyUSB7', baudRate: 57_600, dtr: 'release' },
      heartbeatMs: 0,
      retain: false,
      eventServers: [{ port: 0 }],
      eventQuota: { eventsPerSecond: 1_000 },
    })
  })

  test.each(['!hunter2', '!secret x', '"quoted"', 'abc # def', '*star', '&and x', '12e3', ' '])(
    'a password of %j is one as it is, and nothing warns of it',
    async (password) => {
      const warnings: Error[] = []
      const hear = (warning: Error) => void warnings.push(warning)
      process.on('warning', hear)
      onTestFinished(() => void process.off('warning', hear))
      const env = { PORTWIRE_CONFIG_MQTT_USER: password, PORTWIRE_CONFIG_MQTT_PASSWORD: password }
      expect(parse(SHORTEST, env).mqtt).toMatchObject({ user: password, password })
      // A warning is handed out in the next turn.
      await new Promise((resolve) => setImmediate(resolve))
      expect(warnings).toEqual([])
    },
  )

  test('a variable that is wrong only together with the file is named with the place in the file', () => {
    const text = `version: 1\nmqtt: {server: "mqtt://x"}\n${DEVICE}`
    const env = { PORTWIRE_CONFIG_MQTT_EMBEDDED: '127.0.0.1:0', PORTWIRE_CONFIG_MQTT_USER: 'x' }
    expect(refusal(() => parse(text, env))).toBe(
      `${path}:2:1: mqtt: give one of server and embedded; PORTWIRE_CONFIG_MQTT_EMBEDDED of the environment counts too`,
    )
  })

  test('reaches the keys of the outbox, which may be a word or a table', () => {
    const env = {
      PORTWIRE_CONFIG_OUTBOX_DIR: '/var/lib/box',
      PORTWIRE_CONFIG_OUTBOX_MAX_BYTES: '512MB',
      PORTWIRE_CONFIG_OUTBOX_TTL: '24h',
      PORTWIRE_CONFIG_OUTBOX_ON_FULL: 'reject-new',
      PORTWIRE_CONFIG_OUTBOX_SYNC: 'group',
      PORTWIRE_CONFIG_OUTBOX_HOLD: '5s',
    }
    const all = { dir: '/var/lib/box', maxBytes: 512e6, ttlMs: 86_400_000, onFull: 'reject-new', holdMs: 5_000 }
    expect(parse(SHORTEST, env).outbox).toEqual(all)
    // Those of the file that no variable stands for stay.
    const { outbox } = parse(`${SHORTEST}outbox: {dir: /srv/box, ttl: 1h, hold: 1s}\n`, {
      PORTWIRE_CONFIG_OUTBOX_HOLD: '0',
      PORTWIRE_CONFIG_OUTBOX_MAX_BYTES: '5000000',
    })
    expect(outbox).toEqual({
      dir: '/srv/box',
      maxBytes: 5_000_000,
      ttlMs: 3_600_000,
      onFull: 'drop-oldest',
      holdMs: 0,
    })
    expect(parse(`${SHORTEST}outbox: {dir: /srv/box}\n`, { PORTWIRE_CONFIG_OUTBOX: 'memory' }).outbox).toBeUndefined()
  })

  test.each([
    ['of the file', `${SHORTEST}outbox: memory\n`, {}],
    ['of a variable', SHORTEST, { PORTWIRE_CONFIG_OUTBOX: 'memory' }],
  ])('a key of an outbox that is in memory by the word %s is refused, not ignored', (_name, text, env) => {
    const given = { PORTWIRE_CONFIG_OUTBOX_HOLD: '5s', ...env }
    expect(refusal(() => parse(text, given))).toBe('PORTWIRE_CONFIG_OUTBOX_HOLD: outbox is memory, which has no keys')
  })

  test.each([
    [
      'a key that is spelled wrong',
      { PORTWIRE_CONFIG_MQTT_PASWORD: 'x' },
      'PORTWIRE_CONFIG_MQTT_PASWORD: stands for no key (did you mean PORTWIRE_CONFIG_MQTT_PASSWORD?)',
    ],
    [
      'a device that the file does not have',
      { PORTWIRE_CONFIG_DEVICES_B_BAUD: '9600' },
      'PORTWIRE_CONFIG_DEVICES_B_BAUD: stands for no key (did you mean PORTWIRE_CONFIG_DEVICES_A_BAUD?)',
    ],
    [
      'a key like no other',
      { PORTWIRE_CONFIG_X: '1' },
      'PORTWIRE_CONFIG_X: stands for no key; PORTWIRE_CONFIG_MQTT_SERVER stands for mqtt.server, and so on for every key of the file that is no table',
    ],
    [
      'a table',
      { PORTWIRE_CONFIG_DEVICES: '{}' },
      'PORTWIRE_CONFIG_DEVICES: stands for no key (did you mean PORTWIRE_CONFIG_DEVICES_A_SERIAL?)',
    ],
    [
      'a value of the wrong type',
      { PORTWIRE_CONFIG_DEVICES_A_BAUD: 'fast' },
      'PORTWIRE_CONFIG_DEVICES_A_BAUD: devices.a.baud: expected a whole number, got "fast"',
    ],
    [
      'a value out of range',
      { PORTWIRE_CONFIG_MQTT_VERSION: '3' },
      'PORTWIRE_CONFIG_MQTT_VERSION: mqtt.version: expected 5, or 4 for MQTT 3.1.1, got "3"',
    ],
    [
      'a key of the outbox that is spelled wrong',
      { PORTWIRE_CONFIG_OUTBOX_MAX_BYTE: '5MB' },
      'PORTWIRE_CONFIG_OUTBOX_MAX_BYTE: stands for no key (did you mean PORTWIRE_CONFIG_OUTBOX_MAX_BYTES?)',
    ],
    [
      'too little room for the outbox',
      { PORTWIRE_CONFIG_OUTBOX_MAX_BYTES: '1MB' },
      'PORTWIRE_CONFIG_OUTBOX_MAX_BYTES: outbox.max_bytes: expected bytes like 256MB, at least 4MB, got "1MB"',
    ],
    [
      'an address with a password in it, which is not repeated',
      { PORTWIRE_CONFIG_MQTT_SERVER: 'mqtt://me:hunter2@host' },
      'PORTWIRE_CONFIG_MQTT_SERVER: mqtt.server: expected mqtt://host:port or mqtts://host:port, without user, password and path',
    ],
  ])('%s is refused, by the name of its variable', (_name, env, line) => {
    expect(refusal(() => parse(SHORTEST, env as unknown as Record<string, string>))).toBe(line)
  })

  test('reaches into a table that may be a text as well', () => {
    const users = 'users: {ann-1: {password: x, role: reader}}'
    const text = `version: 1\nmqtt: {embedded: {listen: "127.0.0.1:0", ${users}}}\n${DEVICE}`
    const env = { PORTWIRE_CONFIG_MQTT_EMBEDDED_USERS_ANN_1_PASSWORD: 'canary', PORTWIRE_CONFIG_OUTBOX_DIR: '/box' }
    const { mqtt, outbox, shown } = parse(text, env)
    expect(mqtt.server).toMatchObject({ users: [{ name: 'ann-1', secret: { password: 'canary' } }] })
    expect(outbox).toMatchObject({ dir: '/box' })
    expect(JSON.stringify(shown)).not.toContain('canary')
    expect(parse(SHORTEST, { PORTWIRE_CONFIG_MQTT_EMBEDDED: '127.0.0.1:1884' }).mqtt.server).toMatchObject({
      port: 1884,
    })
  })

  test('a part of what another variable, or the file, has as a text is refused', () => {
    const both = { PORTWIRE_CONFIG_MQTT_EMBEDDED_LISTEN: '127.0.0.1:1', PORTWIRE_CONFIG_MQTT_EMBEDDED: '127.0.0.1:2' }
    expect(refusal(() => parse(SHORTEST, both))).toBe(
      'PORTWIRE_CONFIG_MQTT_EMBEDDED_LISTEN: mqtt.embedded is 127.0.0.1:2, which has no keys',
    )
    const text = `version: 1\nmqtt: {embedded: "127.0.0.1:1"}\n${DEVICE}`
    expect(refusal(() => parse(text, { PORTWIRE_CONFIG_MQTT_EMBEDDED_LISTEN: '127.0.0.1:2' }))).toBe(
      'PORTWIRE_CONFIG_MQTT_EMBEDDED_LISTEN: mqtt.embedded is 127.0.0.1:1, which has no keys',
    )
  })

  test('a variable of two devices is refused', () => {
    const two = 'version: 1\ndevices:\n  a-b: {serial: /x, contract: c}\n  a_b: {serial: /y, contract: c}\n'
    expect(refusal(() => parse(two, { PORTWIRE_CONFIG_DEVICES_A_B_BAUD: '9600' }))).toBe(
      'PORTWIRE_CONFIG_DEVICES_A_B_BAUD: stands for devices.a-b.baud and for devices.a_b.baud: rename a device',
    )
  })
})
