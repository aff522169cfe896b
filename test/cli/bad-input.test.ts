/** Bad input: each gives one line on stderr that says what to do, nothing on stdout, and the right exit code. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runCli } from './run-cli.js'

const folder = mkdtempSync(join(tmpdir(), 'portwire-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))
const config = join(folder, 'portwire.yaml')
writeFileSync(
  config,
  'version: 1\ndevices:\n  greenhouse:\n    serial: /dev/ttyACM0\n    bauds: 9600\n    contract: g.yaml\n',
)
const contract = join(folder, 'bad.yaml')
writeFileSync(contract, "name: pump\nversion: '1'\nactions:\n  start: {args: {speed: u12}}\n")
const secret = join(folder, 'secret.yaml')
writeFileSync(secret, "name: !secret pump\nversion: '1'\n")

/** What is typed is looked at before the port is opened, where the contract is at hand. */
const GREENHOUSE = ['--contract', 'docs/examples/greenhouse.yaml']
const AWAY = '--mqtt=mqtt://127.0.0.1:9'

test.each([
  ['an unknown command', ['lst'], 2, "portwire: unknown command 'lst' (did you mean list?); see portwire --help"],
  [
    'a command that is like no other',
    ['frobnicate'],
    2,
    "portwire: unknown command 'frobnicate'; there are: list, call, monitor, gateway, passwd, doctor, generate, stdio; see portwire --help",
  ],
  [
    'an unknown option',
    ['list', '--jsn'],
    2,
    "portwire: unknown option '--jsn' (did you mean --json?); see portwire list --help",
  ],
  ['a missing argument', ['call'], 2, "portwire: missing required argument 'device'; see portwire call --help"],
  [
    'too many arguments',
    ['list', 'all'],
    2,
    "portwire: too many arguments for 'list'. Expected 0 arguments but got 1; see portwire list --help",
  ],
  [
    'a baud rate that is none',
    ['monitor', '/dev/ttyACM0', '--baud', 'fast'],
    2,
    "portwire: option '--baud <rate>' argument 'fast' is invalid. Expected a whole number from 50; see portwire monitor --help",
  ],
  [
    'a config whose path is empty, as that of a variable that is not set',
    ['gateway', '--config', ''],
    2,
    "portwire: option '--config <file>' argument '' is invalid. Expected the path of a file; see portwire gateway --help",
  ],
  [
    'an argument without a name',
    ['call', '/dev/ttyACM0', 'setVent', '0.4', ...GREENHOUSE],
    2,
    'portwire: "0.4" is no argument: write name=value, or all of them as JSON; this action takes: open=…',
  ],
  [
    'an action that is not there',
    ['call', '/dev/ttyACM0', 'setVnet', ...GREENHOUSE],
    2,
    'portwire: greenhouse has no action setVnet (did you mean setVent?)',
  ],
  [
    'an argument out of range',
    ['call', '/dev/ttyACM0', 'setVent', 'open=4', ...GREENHOUSE],
    2,
    'portwire: setVent.open: 4 is not in 0 to 1',
  ],
  [
    'an argument of another name',
    ['call', '/dev/ttyACM0', 'setVent', 'opened=1', ...GREENHOUSE],
    2,
    'portwire: setVent.opened is not known; known: open',
  ],
  [
    'an argument that is given twice',
    ['call', '/dev/ttyACM0', 'setVent', 'open=0.5', 'open=0.7', ...GREENHOUSE],
    2,
    'portwire: open is given twice; give each argument once',
  ],
  ['a config that is not there', ['gateway', '--config', '/nope.yaml'], 2, 'portwire: /nope.yaml: no such file'],
  [
    'a check of nothing',
    ['gateway', '--check'],
    2,
    'portwire: --check needs --config FILE: there is nothing to check without a file',
  ],
  [
    'a config with an unknown key',
    ['gateway', '--check', '--config', config],
    2,
    `portwire: ${config}:5:5: devices.greenhouse.bauds: unknown key (did you mean baud?)`,
  ],
  [
    'a contract with an unknown type',
    ['call', '/dev/ttyACM0', 'start', '--contract', contract],
    2,
    /^portwire: .*bad\.yaml:4:18: actions\.start\.args\.speed: "u12" is no type \(did you mean u16\?\); types: bool, u8/,
  ],
  [
    'a file that is no serial port',
    ['call', '/dev/null', 'identify'],
    1,
    'portwire: PORT_FAILED: /dev/null is not a serial port. Give the path of a tty; `portwire list` shows those that are there.',
  ],
  [
    'a port that is not there',
    ['call', '/dev/ttyNONE9', 'identify'],
    1,
    /^portwire: PORT_NOT_FOUND: there is no serial port \/dev\/ttyNONE9; (there are: |no serial port is there at all).*portwire list/,
  ],
  [
    'a broker that is away',
    ['call', 'greenhouse', 'identify', AWAY],
    1,
    'portwire: no MQTT broker at 127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9. Start `portwire gateway`, or name another broker ' +
      'with --mqtt; a path like /dev/ttyACM0 opens a board directly.',
  ],
  [
    'a broker that is no URL',
    ['monitor', 'greenhouse', '--mqtt', ':x:'],
    2,
    'portwire: --mqtt: expected mqtt://host:port or mqtts://host:port, got ":x:"',
  ],
  [
    'a broker of another scheme',
    ['call', 'greenhouse', 'identify', '--mqtt', 'http://x'],
    2,
    'portwire: --mqtt: expected mqtt://host:port or mqtts://host:port, got "http://x"',
  ],
  [
    'a broker with a password in its address',
    ['call', 'greenhouse', 'identify', '--mqtt', 'mqtt://me:secret@x'],
    2,
    'portwire: --mqtt: expected mqtt://host:port; user and password go in PORTWIRE_CONFIG_MQTT_USER and PORTWIRE_CONFIG_MQTT_PASSWORD',
  ],
  [
    'a base topic that is a wildcard',
    ['monitor', 'greenhouse', '--base-topic', '#'],
    2,
    'portwire: --base-topic: expected one to four levels of letters, digits, _ and -, got "#"',
  ],
  [
    'a contract with a tag that nobody knows',
    ['call', '/dev/ttyACM0', 'start', '--contract', secret],
    2,
    `portwire: ${secret}:1:7: not YAML: Unresolved tag: !secret`,
  ],
])('%s', async (_name, args, code, line) => {
  const result = await runCli(...args)
  expect(result.out).toBe('')
  expect(result.err.endsWith('\n')).toBe(true)
  const lines = result.err.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  if (typeof line === 'string') expect(lines[0]).toBe(line)
  else expect(lines[0]).toMatch(line)
  expect(result.code).toBe(code)
})
