import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseContract } from '../../src/contract/file/index.js'
import { PortwireError } from '../../src/errors.js'
import { configJsonSchema, LIMITS, loadConfig, parseConfig } from '../../src/gateway/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'

const examples = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
/** Contracts are looked for beside the config. */
const path = `${examples}portwire.yaml`

const DEVICE = 'devices:\n  a:\n    serial: /dev/ttyACM0\n    contract: greenhouse.yaml\n'
const config = (mqtt: string) => `version: 1\nmqtt:\n${mqtt}${DEVICE}`
const device = (lines: string) => `version: 1\ndevices:\n  a:\n    contract: greenhouse.yaml\n${lines}`

test('the shortest config has the defaults of the documentation', () => {
  const { mqtt, devices } = parseConfig(path, `version: 1\n${DEVICE}`)
  expect(mqtt).toEqual({
    server: { kind: 'external', url: 'mqtt://127.0.0.1:1883' },
    baseTopic: 'portwire',
    version: 5,
    clientId: 'portwire',
    keepaliveSeconds: 10,
    reconnectMinMs: 1_000,
    reconnectMaxMs: 30_000,
  })
  expect(devices).toHaveLength(1)
  expect(devices[0]).toMatchObject({ name: 'a', target: { serial: '/dev/ttyACM0' }, retain: true })
})

test('every key is honoured', () => {
  const { mqtt, devices, shown } = parseConfig(
    path,
    `version: 1
mqtt:
  server: mqtt://broker.local:1884
  base_topic: site/attic
  version: 4
  client_id: portwire-attic
  user: attic
  password: secret
  keepalive: 15s
  reconnect: {min: 500ms, max: 10s}
devices:
  board:
    serial: /dev/ttyUSB0
    baud: 57600
    contract: greenhouse.yaml
    contract_mismatch: warn
    heartbeat: {every: 2s}
    ready_timeout: 20s
    call_timeout: 1500ms
    restart: {type: transient, initial: 100ms, max: 5s, max_restarts: 3, within: 10s, retry_failed: 2m}
    retain: false
  program:
    spawn: [./sim, --seed, "7"]
    contract: greenhouse.yaml
    heartbeat: {every: 0}
`,
  )
  expect(mqtt).toEqual({
    server: { kind: 'external', url: 'mqtt://broker.local:1884' },
    baseTopic: 'site/attic',
    version: 4,
    clientId: 'portwire-attic',
    user: 'attic',
    password: 'secret',
    keepaliveSeconds: 15,
    reconnectMinMs: 500,
    reconnectMaxMs: 10_000,
  })
  const [board, program] = devices
  expect(board).toMatchObject({
    target: { serial: '/dev/ttyUSB0', baudRate: 57_600 },
    contractMismatch: 'warn',
    heartbeatMs: 2_000,
    readyTimeoutMs: 20_000,
    callTimeoutMs: 1_500,
    restart: {
      type: 'transient',
      firstMs: 100,
      maxMs: 5_000,
      intensity: 3,
      periodMs: 10_000,
      retryFailedMs: 120_000,
    },
    retain: false,
  })
  expect(program).toMatchObject({ target: { spawn: './sim', args: ['--seed', '7'] }, heartbeatMs: 0 })
  expect(shown).toMatchObject({ mqtt: { user: '(removed)', password: '(removed)', base_topic: 'site/attic' } })
  expect(JSON.stringify(shown)).not.toContain('secret')
})

test.each([
  [
    'an unknown key',
    device('    serial: /dev/x\n    bauds: 9600\n'),
    ':6:5: devices.a.bauds: unknown key (did you mean baud?)',
  ],
  [
    'an unknown key like no other',
    config('  frobnicate: 1\n'),
    ':3:3: mqtt.frobnicate: unknown key; known: server, embedded, base_topic, version, payload, client_id, user, password, ca, keepalive, reconnect',
  ],
  ['a certificate that is not there', config('  ca: nope.pem\n'), /nope\.pem: no such file$/],
  [
    'an unknown key deep down',
    device('    serial: /dev/x\n    restart: {maximum: 1s}\n'),
    ':6:15: devices.a.restart.maximum: unknown key; known: type, initial, max, max_restarts, within, retry_failed',
  ],
  [
    'an unknown key at the top',
    `version: 1\ndevice: {}\n`,
    ':2:1: device: unknown key (did you mean devices?) (and 1 more)',
  ],
  [
    'a text for a number',
    device('    serial: /dev/x\n    baud: fast\n'),
    ':6:5: devices.a.baud: expected a whole number, got "fast"',
  ],
  [
    'a number out of range',
    device('    serial: /dev/x\n    baud: 1\n'),
    ':6:5: devices.a.baud: expected at least 50, got 1',
  ],
  [
    'a duration without a unit',
    device('    serial: /dev/x\n    call_timeout: 30\n'),
    ':6:5: devices.a.call_timeout: expected a duration like 250ms, 30s or 5m, got 30',
  ],
  [
    'a duration of another unit',
    device('    serial: /dev/x\n    call_timeout: 3 weeks\n'),
    ':6:5: devices.a.call_timeout: expected a duration like 250ms, 30s or 5m, got "3 weeks"',
  ],
  [
    'a word that is none of the choices',
    device('    serial: /dev/x\n    restart: {type: always}\n'),
    ':6:15: devices.a.restart.type: expected one of permanent, transient, temporary, got "always"',
  ],
  ['neither serial nor spawn', device(''), ':3:3: devices.a: give one of serial and spawn'],
  [
    'serial and spawn',
    device('    serial: /dev/x\n    spawn: [./x]\n'),
    ':3:3: devices.a: give one of serial and spawn',
  ],
  [
    'a baud rate of a program',
    device('    spawn: [./x]\n    baud: 9600\n'),
    ':6:5: devices.a.baud: a spawned program has no baud rate',
  ],
  [
    'no contract',
    'version: 1\ndevices:\n  a:\n    serial: /dev/x\n',
    ':3:3: devices.a.contract: is missing; expected a text',
  ],
  ['no devices', 'version: 1\n', ': devices: is missing; expected a table of names'],
  ['an empty file', '', ': version: is missing; expected 1 (and 1 more)'],
  ['another version', `version: 2\n${DEVICE}`, ':1:1: version: expected 1, got 2'],
  [
    'a name that is no id',
    `version: 1\ndevices:\n  a/b:\n    serial: /dev/x\n    contract: greenhouse.yaml\n`,
    ':3:3: devices.a/b: a device name has letters, digits, _ and - only, at most 64',
  ],
  [
    "the gateway's own name",
    `version: 1\ndevices:\n  bridge:\n    serial: /dev/x\n    contract: greenhouse.yaml\n`,
    ":3:3: devices.bridge: this name is the gateway's own; choose another",
  ],
  [
    'a wildcard in the topic',
    config('  base_topic: a/#\n'),
    ':3:3: mqtt.base_topic: expected one to four levels of letters, digits, _ and -, got "a/#"',
  ],
  [
    'a server with another scheme',
    config('  server: http://x\n'),
    ':3:3: mqtt.server: expected mqtt://host:port or mqtts://host:port, without user, password and path',
  ],
  ...(['mqtt://host:abc', 'mqtt://host:99999', 'mqtt://host:0', 'mqtt://host/x', 'mqtt://me:secret@host'] as const).map(
    (server): [string, string, string] => [
      `the server ${server}`,
      config(`  server: ${server}\n`),
      ':3:3: mqtt.server: expected mqtt://host:port or mqtts://host:port, without user, password and path',
    ],
  ),
  [
    'a tty of two devices',
    `version: 1\n${DEVICE}${DEVICE.split('\n').slice(1).join('\n').replace('  a:', '  b:')}`,
    ':7:5: devices.b.serial: /dev/ttyACM0 is the tty of a already: a tty has one owner',
  ],
  [
    'a device called __proto__',
    `version: 1\n${DEVICE.replace('  a:', '  __proto__:')}`,
    ':3:3: not YAML: a key must not be called __proto__',
  ],
  ['a tag that nobody knows', config('  password: !secret x\n'), ':3:13: not YAML: Unresolved tag: !secret'],
  ['an alias of nothing', 'version: *x\n', /^: not YAML: Unresolved alias/],
  ['MQTT 3', config('  version: 3\n'), ':3:3: mqtt.version: expected 5, or 4 for MQTT 3.1.1, got 3'],
  ['a password that is a number is not shown', config('  password: 12345\n'), ':3:3: mqtt.password: expected a text'],
  [
    'server and embedded',
    config('  server: mqtt://x\n  embedded: 127.0.0.1:1883\n'),
    ':2:1: mqtt: give one of server and embedded',
  ],
  [
    'an embedded broker for everybody',
    config('  embedded: 0.0.0.0:1883\n'),
    ': mqtt.embedded: the embedded broker has no passwords and listens on 127.0.0.1 only, not on "0.0.0.0"; use a broker of its own, such as Mosquitto, and mqtt.server',
  ],
  [
    'an embedded broker without a port',
    config('  embedded: 127.0.0.1\n'),
    ': mqtt.embedded: expected 127.0.0.1:PORT, got "127.0.0.1"',
  ],
  [
    'a pause that is upside down',
    config('  reconnect: {min: 5s, max: 1s}\n'),
    ':3:3: mqtt.reconnect: min is above max',
  ],
  [
    'an event server without a port',
    device('    serial: /dev/x\n    event_servers: [{packet: 2}]\n'),
    /^:6:20: devices\.a\.event_servers\.0\.port: /,
  ],
  [
    'a length of three bytes',
    device('    serial: /dev/x\n    event_servers: [{port: 0, packet: 3}]\n'),
    ':6:20: devices.a.event_servers.0.packet: expected 1, 2 or 4, got 3',
  ],
  ['two keys of one name', `version: 1\nversion: 1\n`, ':2:1: not YAML: Map keys must be unique'],
  ['what is no YAML', 'version: [1\n', /^:2:1: not YAML: Flow sequence/],
])('%s is refused in one line', (_name, text, line) => {
  let message = ''
  try {
    parseConfig('portwire.yaml', text)
  } catch (error) {
    expect(error).toBeInstanceOf(PortwireError)
    expect((error as PortwireError).code).toBe('CONFIG_INVALID')
    message = (error as PortwireError).message
  }
  const said = message.replace(/^CONFIG_INVALID: portwire\.yaml/, '')
  if (typeof line === 'string') expect(said).toBe(line)
  else expect(said).toMatch(line)
})

test('event servers listen on this machine and pass every event, unless the file says otherwise', () => {
  const text = device(
    '    serial: /dev/x\n    event_servers: [{port: 4101}, {port: 4102, host: 0.0.0.0, packet: 4, events: [alarm]}]\n',
  )
  expect(parseConfig(path, text).devices[0]!.eventServers).toEqual([
    { port: 4101, host: '127.0.0.1', packet: 2, events: ['ALL'] },
    { port: 4102, host: '0.0.0.0', packet: 4, events: ['alarm'] },
  ])
  expect(() => parseConfig(path, text.replace('[alarm]', '[alarn]'))).toThrow(
    'devices.a.event_servers.1.events: greenhouse has no event alarn; it has: reading, alarm, vent, lamp',
  )
})

test('the environment comes before the file, and its password is not shown', () => {
  const env = {
    PORTWIRE_CONFIG_MQTT_PASSWORD: '12345',
    PORTWIRE_CONFIG_MQTT_BASE_TOPIC: 'site1',
    PORTWIRE_CONFIG_MQTT_VERSION: '4',
  }
  const { mqtt, shown } = parseConfig(path, config('  base_topic: other\n  user: attic\n'), env)
  expect(mqtt).toMatchObject({ user: 'attic', password: '12345', baseTopic: 'site1', version: 4 })
  expect(JSON.stringify(shown)).not.toContain('12345')
  expect(() => parseConfig(path, `version: 1\n${DEVICE}`, { PORTWIRE_CONFIG_MQTT_PASWORD: 'x' })).toThrow(
    'mqtt.pasword: unknown key (did you mean password?)',
  )
})

test('what is wrong in the environment is said of its variable', () => {
  const text = config('')
  expect(() => parseConfig(path, text.replace('mqtt:\n', ''), { PORTWIRE_CONFIG_MQTT_SERVER: 'http://x' })).toThrow(
    'CONFIG_INVALID: PORTWIRE_CONFIG_MQTT_SERVER: mqtt.server: expected mqtt://host:port',
  )
  expect(() => parseConfig(path, `version: 1\n${DEVICE}`, { PORTWIRE_CONFIG_MQTT_VERSION: 'five' })).toThrow(
    'CONFIG_INVALID: PORTWIRE_CONFIG_MQTT_VERSION: mqtt.version: expected 5, or 4 for MQTT 3.1.1, got "five"',
  )
})

test('a certificate that is none is refused', () => {
  expect(() => parseConfig(path, config('  ca: greenhouse.yaml\n'))).toThrow(
    `CONFIG_INVALID: ${examples}greenhouse.yaml: mqtt.ca: expected a certificate in PEM`,
  )
})

test('an alias error in a contract is said of its file', () => {
  expect(() => parseContract('pump.yaml', 'name: *x\n')).toThrow(
    'CONTRACT_INVALID: pump.yaml: not YAML: Unresolved alias',
  )
})

test('a contract that is not there is named', () => {
  const text = 'version: 1\ndevices:\n  a:\n    serial: /dev/x\n    contract: nope.yaml\n'
  expect(() => parseConfig('/etc/portwire/portwire.yaml', text)).toThrow(
    'CONTRACT_INVALID: /etc/portwire/nope.yaml: no such file',
  )
})

test('every example is a usable config or a contract', () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'))
  expect(files).toContain('two-boards.yaml')
  for (const file of files) {
    if (readFileSync(examples + file, 'utf8').includes('\ndevices:'))
      expect(loadConfig(examples + file).devices).not.toHaveLength(0)
  }
})

test('the example contract is that of the reference firmware', () => {
  const { contract } = loadConfig(`${examples}two-boards.yaml`).devices[0]!
  expect(contract.hash).toBe(greenhouse.hash)
  expect(contract.definition).toEqual(greenhouse.definition)
})

test('Home Assistant is told of nothing unless that is asked for', () => {
  const device = { serial: '/dev/a', contract: 'docs/examples/greenhouse.yaml' }
  const read = (more: object) =>
    parseConfig('portwire.yaml', JSON.stringify({ version: 1, devices: { a: device }, ...more })).homeassistant
  expect(read({})).toBeUndefined()
  expect(read({ homeassistant: {} })).toBeUndefined()
  expect(read({ homeassistant: { enabled: true } })).toEqual({
    discoveryTopic: 'homeassistant',
    statusTopic: 'homeassistant/status',
  })
  expect(read({ homeassistant: { enabled: true, discovery_topic: 'ha/disc', status_topic: 'ha/up' } })).toEqual({
    discoveryTopic: 'ha/disc',
    statusTopic: 'ha/up',
  })
  for (const topic of ['portwire', 'portwire/discovery']) {
    expect(() => read({ homeassistant: { enabled: true, discovery_topic: topic } })).toThrow(
      "homeassistant.discovery_topic: it is portwire, or below it, which is the gateway's own",
    )
  }
  expect(() => read({ homeassistant: { enabled: true, status_topic: 'a/#' } })).toThrow('homeassistant.status_topic')
})

test('the documentation names every key', () => {
  const doc = readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8')
  const keys = keysOf(configJsonSchema() as JsonSchema)
  expect(keys.length).toBeGreaterThan(20)
  expect(keys.filter((key) => !doc.includes(`\`${key}\``))).toEqual([])
})

test('the documentation has the numbers of the limits', () => {
  const doc = readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8')
  for (const number of [LIMITS.inFlightMessages, LIMITS.commandsPerDevice, LIMITS.devices, LIMITS.brokerSockets]) {
    expect(doc).toContain(String(number))
  }
  expect(doc).toContain('10,000')
})

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
}

function keysOf(schema: JsonSchema): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [key, ...keysOf(value)])
  const rest = typeof schema.additionalProperties === 'object' ? keysOf(schema.additionalProperties) : []
  return [...own, ...rest]
}
