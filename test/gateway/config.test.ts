import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseContract } from '../../src/contract/file/index.js'
import { LIMITS, loadConfig, parseConfig } from '../../src/gateway/index.js'
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
  const { mqtt, devices, log, shown } = parseConfig(
    path,
    `version: 1
log: {level: debug, format: json}
mqtt:
  server: mqtt://broker.local:1884
  base_topic: site/attic
  version: 4
  client_id: portwire-attic
  user: attic
  password: secret
  reject_unauthorized: false
  keepalive: 15s
  reconnect: {min: 500ms, max: 10s}
devices:
  board:
    serial: /dev/ttyUSB0
    baud: 57600
    contract: greenhouse.yaml
    contract_mismatch: warn
    heartbeat: {every: 2s, miss: 5}
    ready_timeout: 20s
    call_timeout: 1500ms
    restart: {type: transient, initial: 100ms, max: 5s, jitter: none, max_restarts: 3, within: 10s, retry_failed: 2m}
    retain: false
    id: payload
    retained_commands: true
  program:
    spawn: [./sim, --seed, "7"]
    contract: greenhouse.yaml
    heartbeat: {every: 0}
  identified:
    match: {vendor_id: "2341", product_id: "0043", serial_number: "7573", manufacturer: Arduino, interface_number: 0, usb_path: 1-1.4}
    contract: greenhouse.yaml
    open: {dtr: release, rts: keep, settle: 2s}
    lock: {wait: 5s}
  network: {tcp: pi.local:4001, contract: greenhouse.yaml}
  web: {websocket: wss://pi.local/port, contract: greenhouse.yaml}
`,
  )
  expect(mqtt).toEqual({
    server: { kind: 'external', url: 'mqtt://broker.local:1884' },
    baseTopic: 'site/attic',
    version: 4,
    clientId: 'portwire-attic',
    user: 'attic',
    password: 'secret',
    tls: { rejectUnauthorized: false },
    keepaliveSeconds: 15,
    reconnectMinMs: 500,
    reconnectMaxMs: 10_000,
  })
  const [board, program, identified, network, behindWeb] = devices
  expect(identified).toMatchObject({
    target: {
      serial: {
        vendorId: '2341',
        productId: '0043',
        serialNumber: '7573',
        manufacturer: 'Arduino',
        interfaceNumber: 0,
        usbPath: '1-1.4',
      },
      dtr: 'release',
      rts: 'keep',
      settleMs: 2_000,
      lockWaitMs: 5_000,
    },
  })
  expect(network!.target).toEqual({ tcp: 'pi.local:4001' })
  expect(behindWeb!.target).toEqual({ websocket: 'wss://pi.local/port' })
  expect(log).toEqual({ level: 'debug', format: 'json' })
  expect(board).toMatchObject({
    target: { serial: '/dev/ttyUSB0', baudRate: 57_600 },
    contractMismatch: 'warn',
    heartbeatMs: 2_000,
    missedHeartbeats: 5,
    readyTimeoutMs: 20_000,
    callTimeoutMs: 1_500,
    restart: {
      type: 'transient',
      firstMs: 100,
      maxMs: 5_000,
      jitter: 'none',
      intensity: 3,
      periodMs: 10_000,
      retryFailedMs: 120_000,
    },
    retain: false,
    id: 'payload',
    retainedCommands: true,
  })
  expect(program).toMatchObject({ target: { spawn: './sim', args: ['--seed', '7'] }, heartbeatMs: 0 })
  expect(shown).toMatchObject({ mqtt: { user: '(removed)', password: '(removed)', base_topic: 'site/attic' } })
  expect(JSON.stringify(shown)).not.toContain('secret')
})

test('the id of events may be a property alone where the broker may speak MQTT 5', () => {
  expect(parseConfig(path, device('    serial: /dev/x\n    id: property\n')).devices[0]).toMatchObject({
    id: 'property',
  })
})

test('a device that has failed is not tried again with retry_failed: 0', () => {
  const { devices } = parseConfig(path, device('    serial: /dev/x\n    restart: {retry_failed: 0}\n'))
  expect(devices[0]!.restart).toEqual({ retryFailedMs: Number.POSITIVE_INFINITY })
})

test('missed heartbeats are counted at the default pace, where only their number is given', () => {
  const { heartbeatMs, missedHeartbeats } = parseConfig(path, device('    serial: /dev/x\n    heartbeat: {miss: 4}\n'))
    .devices[0]!
  expect({ heartbeatMs, missedHeartbeats }).toEqual({ heartbeatMs: undefined, missedHeartbeats: 4 })
})

test('the quota of events is what the file says, in part or in whole, and no key else is', () => {
  const quota = (text: string) => parseConfig(path, device(`    serial: /dev/x\n${text}`)).devices[0]!.eventQuota
  expect(quota('    event_quota: {per_second: 1000, burst: 2000}\n')).toEqual({ eventsPerSecond: 1_000, burst: 2_000 })
  expect(quota('    event_quota: {burst: 1}\n')).toEqual({ burst: 1 })
  expect(quota('')).toBeUndefined()
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

test('the documentation has the numbers of the limits', () => {
  const doc = readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8')
  for (const number of [LIMITS.inFlightMessages, LIMITS.commandsPerDevice, LIMITS.devices, LIMITS.brokerSockets]) {
    expect(doc).toContain(String(number))
  }
  expect(doc).toContain('10,000')
})
