/** A config that is wrong, as the person who wrote it sees it. */

import { describe, expect, test } from 'vitest'
import { configFolder, DEVICE } from '../gateway/config/support.js'
import { runCli } from './run-cli.js'

const device = (lines: string) => `version: 1\ndevices:\n  a:\n    contract: greenhouse.yaml\n${lines}`

/** What was written, and the line after `portwire: FOLDER/portwire.yaml`. */
const WRONG: readonly (readonly [string, string, string])[] = [
  ['nothing', '', ': version: is missing; expected 1 (and 1 more)'],
  ['a tab', 'version: 1\ndevices:\n\ta: {}\n', ':3:1: not YAML: Tabs are not allowed as indentation'],
  [
    'a key of another program',
    `version: 1\nserial: {port: /dev/ttyACM0}\n${DEVICE}`,
    ':2:1: serial: unknown key; known: version, secrets_file, log, mqtt, outbox, homeassistant, devices',
  ],
  [
    'a slip of the finger',
    device('    serial: /dev/ttyACM0\n    baudrate: 9600\n'),
    ':6:5: devices.a.baudrate: unknown key (did you mean baud?)',
  ],
  [
    'a number without its unit',
    device('    serial: /dev/ttyACM0\n    restart: {max: 30}\n'),
    ':6:15: devices.a.restart.max: expected a duration like 250ms, 30s or 5m, got 30',
  ],
  [
    'a text where a table should be',
    'version: 1\ndevices:\n  a: /dev/ttyACM0\n',
    ':3:3: devices.a: expected a table of keys, got "/dev/ttyACM0"',
  ],
  ['a device that is nowhere', device(''), ':3:3: devices.a: give one of serial, match, spawn, tcp and websocket'],
  [
    'a broker with a password in its address',
    `version: 1\nmqtt: {server: "mqtt://me:hunter2@broker"}\n${DEVICE}`,
    ':2:8: mqtt.server: expected mqtt://host:port or mqtts://host:port, without user, password and path',
  ],
  [
    'a name that cannot be in a topic',
    'version: 1\ndevices:\n  green house: {serial: /dev/ttyACM0, contract: greenhouse.yaml}\n',
    ':3:3: devices.green house: a device name has letters, digits, _ and - only, at most 64',
  ],
  [
    'a file of a later version',
    `version: 9\n${DEVICE}`,
    ':1:1: version: expected 1, got 9: it is for a newer portwire; update this one (npm install portwire@latest), or go back to a file of version 1',
  ],
]

describe('portwire gateway --check of a program', () => {
  test.each(WRONG)('%s: one line, and exit code 2', async (_name, text, line) => {
    const file = configFolder().write('portwire.yaml', text)
    const { code, out, err } = await runCli('gateway', '--check', '--config', file)
    expect(err).toBe(`portwire: ${file}${line}\n`)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  test('they are ten', () => expect(WRONG).toHaveLength(10))
})
