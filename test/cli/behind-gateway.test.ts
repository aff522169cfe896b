/** call and monitor on a device behind a gateway. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { grantOf } from '../../src/gateway/broker/access.js'
import { secretOf } from '../../src/gateway/broker/users.js'
import { startGateway } from '../../src/gateway/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { configWith, EMBEDDED } from '../gateway/support.js'
import { until } from '../gateway/until.js'
import { runCli, startCli } from './run-cli.js'

async function startWithBoard(
  server: Parameters<typeof configWith>[0]['server'] = EMBEDDED,
  payload: 'json' | 'msgpack' = 'json',
) {
  const board = createMockGreenhouse()
  const { path, binding, onArrival } = board
  const device = {
    name: 'greenhouse',
    target: { serial: path, binding, onArrival },
    contract: greenhouse as unknown as Contract,
    retain: true,
    payload,
  }
  const gateway = await startGateway({ ...configWith({ server }), devices: [device] })
  onTestFinished(() => gateway.close())
  await gateway.connected
  await until(() => gateway.devices()[0]?.state === 'running', 5_000, 'the board runs')
  return { board, gateway, mqtt: `--mqtt=${gateway.brokerUrl}` }
}

test('a call prints its result, and as JSON', async () => {
  const { mqtt } = await startWithBoard()
  expect(await runCli('call', 'greenhouse', 'setVent', 'open=0.4', mqtt)).toEqual({ code: 0, out: '0.4\n', err: '' })
  expect(await runCli('call', 'greenhouse', 'setVent', '{"open":0.25}', '--json', mqtt)).toMatchObject({
    code: 0,
    out: '0.25\n',
  })
  expect(await runCli('call', 'greenhouse', 'setLamp', 'on=on', mqtt)).toMatchObject({ code: 0, out: 'true\n' })
  expect(await runCli('call', 'greenhouse', 'readClimate', mqtt)).toMatchObject({
    code: 0,
    out: 'celsius=21\nhumidity=45\n',
  })
  expect(await runCli('call', 'greenhouse', 'identify', mqtt)).toMatchObject({ code: 0, out: 'ok\n' })
  expect(await runCli('call', 'greenhouse', 'echo', 'data=AQID', '--json', mqtt)).toMatchObject({
    code: 0,
    out: '"AQID"\n',
  })
})

test('the same at a broker of MQTT 5', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const { mqtt } = await startWithBoard({ kind: 'external', url: mosquitto.url })
  expect(await runCli('call', 'greenhouse', 'setVent', 'open=0.4', mqtt)).toEqual({ code: 0, out: '0.4\n', err: '' })
})

test.each([
  [
    'an unknown device',
    ['greenhous', 'identify'],
    1,
    'portwire: the gateway has no device named greenhous (did you mean greenhouse?). Name one of its devices, or give a path like ' +
      '/dev/ttyACM0 to open a board directly.\n',
  ],
  [
    'an unknown action',
    ['greenhouse', 'identfy'],
    2,
    'portwire: greenhouse has no action identfy (did you mean identify?)\n',
  ],
  [
    'arguments that do not fit',
    ['greenhouse', 'setVent', 'open=4'],
    2,
    'portwire: ARGUMENT_INVALID: setVent.open: 4 is not in 0 to 1\n',
  ],
])('%s', async (_name, words, code, err) => {
  const { mqtt } = await startWithBoard()
  expect(await runCli('call', ...words, mqtt)).toEqual({ code, out: '', err })
})

test('a broker that wants a password: the line says where to put it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-passwd-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'passwd')
  execFileSync('mosquitto_passwd', ['-c', '-b', file, 'attic', 'right'])
  const mosquitto = await startMosquitto(['allow_anonymous false', `password_file ${file}`])
  onTestFinished(() => mosquitto.remove())
  const { code, err } = await runCli('call', 'greenhouse', 'identify', `--mqtt=${mosquitto.url}`)
  expect(err).toBe(
    `portwire: the MQTT broker at 127.0.0.1:${mosquitto.port} refused the login (Not authorized; no user was given). ` +
      'Set PORTWIRE_CONFIG_MQTT_USER and PORTWIRE_CONFIG_MQTT_PASSWORD in the environment.\n',
  )
  expect(code).toBe(1)
})

test.each([
  ['a text', '"hello"', /what is retained on portwire\/bridge\/devices is no list of devices/],
  ['a list of something else', '[1,null]', /what is retained on portwire\/bridge\/devices is no list of devices/],
  [
    'a device without a contract',
    '[{"name":"greenhouse"}]',
    /the gateway has left no contract on portwire\/greenhouse\/contract/,
  ],
])('a list of devices that is %s is said in one line', async (_name, payload, line) => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const client = await connectClient(mosquitto.url, [])
  onTestFinished(() => client.end())
  await client.publish('portwire/bridge/state', { state: 'online' }, { retain: true })
  await client.publish('portwire/bridge/devices', payload, { retain: true })
  const { code, err } = await runCli('call', 'greenhouse', 'identify', `--mqtt=${mosquitto.url}`)
  expect(err).toMatch(line)
  expect(err.trimEnd().split('\n')).toHaveLength(1)
  expect(code).toBe(1)
})

test('what a stranger publishes does nothing to the terminal of monitor, and is whole in its JSON', async () => {
  const { gateway, mqtt } = await startWithBoard()
  const cli = startCli(['monitor', 'greenhouse', mqtt])
  const json = startCli(['monitor', 'greenhouse', '--json', mqtt])
  await until(() => /state online\n/.test(cli.out()) && json.out() !== '', 5_000, 'the state')
  const client = await connectClient(gateway.brokerUrl, [])
  onTestFinished(() => client.end())
  const message = '\u001b]0;x\u0007\u009b2J\u202e\nforged'
  await client.publish('portwire/greenhouse/log', { severity: 'info', message })
  await client.publish('portwire/greenhouse/event/\u001b[2J', { id: '1', ['\u001b[31m']: message, list: ['\u009b'] })
  await until(() => cli.out().includes('list=') && json.out().includes('"list"'), 5_000, 'both')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is those that must not be there
  expect(cli.out() + json.out()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(cli.out()).toContain('log info: \\x1b]0;x\\x07\\x9b2J\\u202e\\nforged\n')
  const lines = json
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.find(({ kind }) => kind === 'log')).toMatchObject({ message })
  cli.stop()
  json.stop()
  await Promise.all([cli.code, json.code])
})

test('a broker without a gateway is said', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const { code, err } = await runCli('call', 'greenhouse', 'identify', `--mqtt=${mosquitto.url}`)
  expect(err).toMatch(/^portwire: no gateway is at the broker 127\.0\.0\.1:\d+ under portwire\/\. Start /)
  expect(code).toBe(1)
})

test('a device that is away: the call ends in time', async () => {
  const { board, gateway, mqtt } = await startWithBoard()
  board.unplug()
  await until(() => gateway.devices()[0]?.state !== 'running', 5_000, 'the gateway sees it')
  const { code, err } = await runCli('call', 'greenhouse', 'identify', '--timeout', '300ms', mqtt)
  expect(err).toMatch(/^portwire: /)
  expect(code).toBe(1)
})

test('monitor shows events, states and log lines until it is told to end', async () => {
  const { board, mqtt } = await startWithBoard()
  const cli = startCli(['monitor', 'greenhouse', mqtt])
  await until(() => /state online\n/.test(cli.out()), 5_000, 'the state')
  await runCli('call', 'greenhouse', 'setInterval', 'ms=100', mqtt)
  await until(() => /\d\d:\d\d:\d\d\.\d{3} reading celsius=21 humidity=45\n/.test(cli.out()), 5_000, 'a reading')
  board.unplug()
  await until(() => /state offline\n/.test(cli.out()), 5_000, 'the state')
  cli.stop()
  expect(await cli.code).toBe(0)
})

test('a device whose events are msgpack is called and monitored like any other', async () => {
  const { mqtt } = await startWithBoard(EMBEDDED, 'msgpack')
  const cli = startCli(['monitor', 'greenhouse', '--json', mqtt])
  await until(() => cli.out().includes('online'), 5_000, 'the state')
  expect(await runCli('call', 'greenhouse', 'setVent', 'open=0.5', mqtt)).toMatchObject({ code: 0, out: '0.5\n' })
  expect(await runCli('call', 'greenhouse', 'identify', mqtt)).toMatchObject({ code: 0, out: 'ok\n' })
  await until(() => cli.out().includes('"open":0.5'), 5_000, 'the event of the vent')
  cli.stop()
  expect(await cli.code).toBe(0)
})

test('monitor --json prints one object a line', async () => {
  const { mqtt } = await startWithBoard()
  const cli = startCli(['monitor', 'greenhouse', '--json', mqtt])
  await until(() => cli.out().includes('"state":"online"'), 5_000, 'the state')
  await runCli('call', 'greenhouse', 'setInterval', 'ms=100', mqtt)
  await until(() => cli.out().includes('"reading"'), 5_000, 'a reading')
  cli.stop()
  await cli.code
  const lines = cli
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const reading = lines.find((line) => line['event'] === 'reading')
  expect(reading).toMatchObject({ kind: 'event', data: { celsius: 21, humidity: 45 } })
})

test('monitor ends with an error when the gateway goes away with its broker', async () => {
  const { gateway, mqtt } = await startWithBoard()
  const cli = startCli(['monitor', 'greenhouse', mqtt])
  await until(() => /state online\n/.test(cli.out()), 5_000, 'the state')
  await gateway.close()
  expect(await cli.code).toBe(1)
  expect(cli.err()).toMatch(/^portwire: the connection to the broker is lost: /)
})

test('a user who may not hear the list of devices is told so, and who may', async () => {
  const users = [{ name: 'box', role: { kind: 'device', devices: ['greenhouse'] } as const }].map(({ name, role }) => ({
    name,
    role,
    secret: secretOf('open'),
    grant: grantOf(role, 'portwire'),
  }))
  const { mqtt } = await startWithBoard({ ...EMBEDDED, users })
  vi.stubEnv('PORTWIRE_CONFIG_MQTT_USER', 'box')
  vi.stubEnv('PORTWIRE_CONFIG_MQTT_PASSWORD', 'open')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await runCli('call', 'greenhouse', 'identify', mqtt)).toEqual({
    code: 1,
    out: '',
    err:
      'portwire: the broker refused the subscription to portwire/bridge/devices. Use a user of the role operator, or reader to ' +
      'listen only; one of the role device publishes to its topics itself.\n',
  })
})
