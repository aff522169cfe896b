/** What is wrong in a config: each in one line, with its place and the nearest spelling. */

import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/gateway/index.js'
import { DEVICE, refusal } from './support.js'

const config = (mqtt: string) => `version: 1\nmqtt:\n${mqtt}${DEVICE}`
const device = (lines: string) => `version: 1\ndevices:\n  a:\n    contract: greenhouse.yaml\n${lines}`

test.each([
  [
    'an unknown key',
    device('    serial: /dev/x\n    bauds: 9600\n'),
    ':6:5: devices.a.bauds: unknown key (did you mean baud?)',
  ],
  [
    'an unknown key like no other',
    config('  frobnicate: 1\n'),
    ':3:3: mqtt.frobnicate: unknown key; known: server, embedded, base_topic, version, payload, client_id, user, password, password_file, ca, cert, key, reject_unauthorized, keepalive, max_packet_bytes, reconnect',
  ],
  ['a certificate that is not there', config('  ca: nope.pem\n'), /nope\.pem: mqtt\.ca: no such file$/],
  [
    'an unknown key deep down',
    device('    serial: /dev/x\n    restart: {maximum: 1s}\n'),
    ':6:15: devices.a.restart.maximum: unknown key (did you mean max?)',
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
  [
    'ids as a property where MQTT has none',
    `version: 1\nmqtt: {version: 4}\n${DEVICE}    id: property\n`,
    ':7:5: devices.a.id: needs MQTT 5: mqtt.version is 4, or the broker is the embedded one',
  ],
  [
    'ids as a property with the embedded broker',
    `version: 1\nmqtt: {embedded: 127.0.0.1:0}\n${DEVICE}    id: property\n`,
    ':7:5: devices.a.id: needs MQTT 5: mqtt.version is 4, or the broker is the embedded one',
  ],
  [
    'fewer missed heartbeats than an answer needs',
    device('    serial: /dev/x\n    heartbeat: {miss: 1}\n'),
    ':6:17: devices.a.heartbeat.miss: expected at least 2, got 1',
  ],
  [
    'a first pause above the longest',
    device('    serial: /dev/x\n    restart: {initial: 60s, max: 1s}\n'),
    ':6:5: devices.a.restart: initial is above max',
  ],
  [
    'two event servers at one address',
    device('    serial: /dev/x\n    event_servers: [{port: 4101}, {port: 0}, {port: 0}, {port: 4101}]\n'),
    ':6:58: devices.a.event_servers.3.port: 127.0.0.1:4101 is that of devices.a.event_servers.0 already',
  ],
  [
    'a program that is no list',
    device('    spawn: ./x --seed 7\n'),
    ':5:5: devices.a.spawn: expected a list such as [./greenhouse-sim, --seed, "7"], got "./x --seed 7"',
  ],
  [
    'a program without a name',
    device('    spawn: []\n'),
    ':5:5: devices.a.spawn: expected at least 1 in the list, got 0',
  ],
  ['an empty text', device('    serial: ""\n'), ':5:5: devices.a.serial: expected at least 1 letter, got ""'],
  [
    'a status topic of Home Assistant among the own ones',
    `version: 1\nhomeassistant: {enabled: true, status_topic: portwire/a/set}\n${DEVICE}`,
    ":2:32: homeassistant.status_topic: it is portwire, or below it, which is the gateway's own",
  ],
  [
    'a table with itself in it',
    `version: 1\nmqtt: &a {user: *a}\n${DEVICE}`,
    ':2:17: not YAML: *a stands within what it means',
  ],
  ['neither serial nor spawn', device(''), ':3:3: devices.a: give one of serial, match, spawn, tcp and websocket'],
  [
    'serial and spawn',
    device('    serial: /dev/x\n    spawn: [./x]\n'),
    ':3:3: devices.a: give one of serial, match, spawn, tcp and websocket',
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
  [
    'another version',
    `version: 2\n${DEVICE}`,
    ':1:1: version: expected 1, got 2: it is for a newer portwire; update this one (npm install portwire@latest), or go back to a file of version 1',
  ],
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
  [
    'a password that begins with !, which is not repeated',
    config('  password: !hunter2 x\n'),
    ':3:13: not YAML: Unresolved tag; a value that begins with ! or * goes in quotes',
  ],
  [
    'a password that begins with *, which is not repeated',
    config('  password: *hunter2\n'),
    ': not YAML: Unresolved alias; a value that begins with ! or * goes in quotes',
  ],
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
    ': mqtt.embedded: others can reach "0.0.0.0", and there are no users: every one of them could command the devices; add mqtt.embedded.users, or listen on 127.0.0.1',
  ],
  [
    'an embedded broker without a port',
    config('  embedded: 127.0.0.1\n'),
    ': mqtt.embedded: expected ADDRESS:PORT such as 127.0.0.1:1883, got "127.0.0.1"',
  ],
  [
    'a key of the table of the embedded broker',
    config('  embedded: {listen: "127.0.0.1:1883", user: {}}\n'),
    ':3:40: mqtt.embedded.user: unknown key (did you mean users?)',
  ],
  [
    'a role that is none',
    config('  embedded:\n    listen: 127.0.0.1:1883\n    users:\n      ann: {password: canary, role: admin}\n'),
    ':6:31: mqtt.embedded.users.ann.role: expected one of device, reader, operator, gateway, got "admin"',
  ],
  [
    'a password of a user that is a number, which is not repeated',
    config('  embedded:\n    listen: 127.0.0.1:1883\n    users:\n      ann: {password: 12345, role: reader}\n'),
    ':6:13: mqtt.embedded.users.ann.password: expected a text',
  ],
  [
    'a user with a password and a file of it',
    config('  embedded:\n    listen: "[::1]:0"\n    users: {ann: {password: x, password_file: y, role: reader}}\n'),
    ':5:13: mqtt.embedded.users.ann: give one of password and password_file',
  ],
  ['a certificate without its key', config('  cert: own.pem\n'), ':2:1: mqtt: cert and key go together'],
  [
    'a key of the table of the outbox',
    `version: 1\noutbox: {max_byte: 1GB}\n${DEVICE}`,
    ':2:10: outbox.max_byte: unknown key (did you mean max_bytes?)',
  ],
  [
    'a pause that is upside down',
    config('  reconnect: {min: 5s, max: 1s}\n'),
    ':3:3: mqtt.reconnect: min is above max',
  ],
  [
    'an id that YAML reads as a number',
    device('    match: {vendor_id: 2341}\n'),
    ':5:13: devices.a.match.vendor_id: expected up to four hex digits in quotes, got 2341',
  ],
  ['an identity of nothing', device('    match: {}\n'), ':5:5: devices.a.match: name at least one key'],
  [
    'a socket called as udev calls it',
    device('    match: {by_path: x}\n'),
    ':5:13: devices.a.match.by_path: unknown key (did you mean usb_path?) (and 1 more)',
  ],
  [
    'an identity of two devices',
    `version: 1\ndevices:\n  a: {match: {vendor_id: "1", product_id: "2"}, contract: c}\n  b: {match: {product_id: "2", vendor_id: "1"}, contract: c}\n`,
    ':4:7: devices.b.match: this identity is the tty of a already: a tty has one owner',
  ],
  ['a port without its host', device('    tcp: "4001"\n'), ':5:5: devices.a.tcp: expected host:port, got "4001"'],
  [
    'a password in the address of a WebSocket, which is not repeated',
    device('    websocket: ws://me:hunter2@x\n'),
    ':5:5: devices.a.websocket: expected ws://host:port/path or wss://…, without user and password',
  ],
  [
    'lines of a device on the network',
    device('    tcp: x:1\n    open: {dtr: keep}\n'),
    ':6:5: devices.a.open: a device on the network has no lines to open',
  ],
  [
    'a line that is touched and cannot be',
    device('    serial: /dev/x\n    open: {rts: touch}\n'),
    ':6:12: devices.a.open.rts: expected one of keep, assert, release, pulse, got "touch"',
  ],
  [
    'settling that leaves no time for hello',
    device('    serial: /dev/x\n    ready_timeout: 2s\n    open: {settle: 2s}\n'),
    ':7:12: devices.a.open.settle: leaves no time of ready_timeout',
  ],
  [
    'a password and a file of it',
    config('  password: x\n  password_file: y\n'),
    ':2:1: mqtt: give one of password and password_file',
  ],
  [
    'a log level that is none',
    `version: 1\nlog: {level: trace}\n${DEVICE}`,
    ':2:7: log.level: expected one of debug, info, warn, error, got "trace"',
  ],
  [
    'an event server without a port',
    device('    serial: /dev/x\n    event_servers: [{packet: 2}]\n'),
    ':6:21: devices.a.event_servers.0.port: is missing; expected a whole number',
  ],
  [
    'a length of three bytes',
    device('    serial: /dev/x\n    event_servers: [{port: 0, packet: 3}]\n'),
    ':6:31: devices.a.event_servers.0.packet: expected 1, 2 or 4, got 3',
  ],
  [
    'a quota that lets no event through',
    device('    serial: /dev/x\n    event_quota: {per_second: 0}\n'),
    ':6:19: devices.a.event_quota.per_second: expected at least 1, got 0',
  ],
  ['two keys of one name', `version: 1\nversion: 1\n`, ':2:1: not YAML: Map keys must be unique'],
  ['what is no YAML', 'version: [1\n', /^:2:1: not YAML: Flow sequence/],
])('%s is refused in one line', (_name, text, line) => {
  const said = refusal(() => parseConfig('portwire.yaml', text)).replace(/^portwire\.yaml/, '')
  if (typeof line === 'string') expect(said).toBe(line)
  else expect(said).toMatch(line)
})
