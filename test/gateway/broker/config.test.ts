/** The embedded broker as the config has it: address, users, roles. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, test } from 'vitest'
import { aclOf } from '../../../src/gateway/broker/mosquitto-acl.js'
import { hashPassword } from '../../../src/gateway/broker/password-hash.js'
import { parseConfig, startGateway } from '../../../src/gateway/index.js'
import { runCli, startCli } from '../../cli/run-cli.js'
import { EXAMPLES } from '../config/support.js'
import { connectClient } from '../mqtt-client.js'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'portwire-users-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const text = (embedded: unknown) => JSON.stringify({ version: 1, mqtt: { embedded }, devices: {} })
const parse = (embedded: unknown, path = 'portwire.yaml') => parseConfig(path, text(embedded))
const listen = '127.0.0.1:0'
const DEVICE = { serial: '/dev/ttyACM0', contract: `${EXAMPLES}greenhouse.yaml` }
const ann = { password: 'canary-1', role: 'reader' }

test('who may hear and write what of Home Assistant follows discovery_topic and status_topic, in the list for Mosquitto too', () => {
  const homeassistant = { enabled: true, discovery_topic: 'site1/ha', status_topic: 'hass/status' }
  const users = { dash: { password: 'canary-1', role: 'operator' }, other: { password: 'canary-2', role: 'gateway' } }
  const config = parseConfig(
    'portwire.yaml',
    JSON.stringify({ version: 1, mqtt: { embedded: { listen, users } }, homeassistant, devices: {} }),
  )
  const { server } = config.mqtt
  const [dash, other] = (server.kind === 'embedded' && server.users) || []
  expect(dash!.grant.read.slice(-2)).toEqual(['site1/ha/#', 'hass/status'])
  expect(dash!.grant.write.at(-1)).toBe('hass/status')
  expect(other!.grant).toEqual({
    read: ['portwire/#', 'site1/ha/#', 'hass/status'],
    write: ['portwire/#', 'site1/ha/#'],
  })
  const acl = aclOf(config)
  expect(acl).toContain('topic read site1/ha/#')
  expect(acl).toContain('topic write hass/status')
  expect(acl).not.toContain('homeassistant')
})

test('the short form is an address', () => {
  expect(parse('127.0.0.1:1884').mqtt.server).toEqual({ kind: 'embedded', port: 1884 })
  expect(parse({ listen: 'localhost:1884' }).mqtt.server).toEqual({ kind: 'embedded', port: 1884 })
  const users = { ann }
  expect(parse({ listen: '[::]:1884', users }).mqtt.server).toMatchObject({ host: '::', port: 1884 })
})

it.each<[string, unknown, string]>([
  [
    'everybody without users',
    { listen: '0.0.0.0:1883' },
    '.listen: others can reach "0.0.0.0", and there are no users',
  ],
  [
    'everybody with anonymous clients',
    { listen: '0.0.0.0:1883', anonymous: true, users: { ann } },
    '.listen: others can reach "0.0.0.0": anonymous is for 127.0.0.1 only',
  ],
  ['no port', { listen: '127.0.0.1' }, '.listen: expected ADDRESS:PORT such as 127.0.0.1:1883, got "127.0.0.1"'],
  ['a key that is unknown', { listen, user: { ann } }, '.user: unknown key (did you mean users?)'],
  ['neither text nor table', 1883, ': expected an address like 127.0.0.1:1883, or a table with listen, got 1883'],
  ['no password', { listen, users: { ann: { role: 'reader' } } }, '.users.ann: give one of password and password_file'],
  [
    'a role that is none',
    { listen, users: { ann: { password: 'x', role: 'admin' } } },
    '.users.ann.role: expected one of device, reader, operator, gateway, got "admin"',
  ],
  [
    'a device role without devices',
    { listen, users: { ann: { password: 'x', role: 'device' } } },
    '.users.ann.devices: needed for the role device, and for no other',
  ],
  [
    'a hash that is none',
    { listen, users: { ann: { password: '$scrypt$half', role: 'reader' } } },
    '.users.ann.password: looks like a hash and is none that can be used; portwire passwd prints one',
  ],
  [
    'a password file that is not there',
    { listen, users: { ann: { password_file: 'nope', role: 'reader' } } },
    '.users.ann.password_file: no such file',
  ],
  ['the name of the gateway itself', { listen, users: { $gateway: ann } }, '.users.$gateway: a user name has letters'],
])('T10: an embedded broker for %s is refused in one line', (_name, embedded, line) => {
  const message = (() => {
    try {
      parse(embedded)
      return 'it was taken'
    } catch (error) {
      return (error as Error).message
    }
  })()
  expect(message).toContain(`mqtt.embedded${line}`)
  expect(message).not.toContain('\n')
})

test('passwords are not in what is shown, nor in what --check prints, in clear or as a hash', async () => {
  const path = join(folder(), 'portwire.json')
  const hash = await hashPassword('canary-2')
  writeFileSync(path, text({ listen, users: { ann, bob: { password: hash, role: 'operator' } } }))
  const { code, out } = await runCli('gateway', '--config', path, '--check')
  expect(code).toBe(0)
  const shown = out + JSON.stringify(parseConfig(path, text({ listen, users: { ann } })).shown)
  expect(shown).toContain('ann')
  for (const secret of ['canary', hash, hash.slice(-20)]) expect(shown).not.toContain(secret)
})

test('a gateway with users: they log in with a password, a file and a hash, and do what their role may', async () => {
  const at = folder()
  writeFileSync(join(at, 'secret'), 'from-a-file\n', { mode: 0o600 })
  const cli = startCli(['passwd'])
  cli.stdin.end('hashed\n')
  expect(await cli.code).toBe(0)
  const users = {
    ann,
    bob: { password_file: 'secret', role: 'operator' },
    eve: { password: cli.out().trim(), role: 'device', devices: ['greenhouse'] },
  }
  const gateway = await startGateway(parse({ listen, users }, join(at, 'portwire.json')))
  onTestFinished(() => gateway.close())
  await gateway.connected
  for (const [username, password] of [
    ['ann', 'canary-1'],
    ['bob', 'from-a-file'],
    ['eve', 'hashed'],
  ] as const) {
    const client = await connectClient(gateway.brokerUrl, ['portwire/bridge/state'], { username, password })
    onTestFinished(() => client.end())
    expect((await client.next('portwire/bridge/state')).json).toEqual({ state: 'online' })
  }
  const bob = await connectClient(gateway.brokerUrl, ['portwire/bridge/response/#'], {
    username: 'bob',
    password: 'from-a-file',
  })
  onTestFinished(() => bob.end())
  await bob.publish('portwire/bridge/request/device/restart', { id: 'nobody', transaction: 1 })
  expect((await bob.next('portwire/bridge/response/device/restart')).json).toMatchObject({ status: 'error' })
  expect(gateway.broker()).toMatchObject({ connections: 5, refused: { login: 0, publish: 0, subscription: 0 } })
})

test('the access list for Mosquitto is that of the users, or of one user a role', async () => {
  const path = join(folder(), 'portwire.json')
  writeFileSync(path, text({ listen, anonymous: true, users: { ann } }))
  const { code, out } = await runCli('gateway', '--config', path, '--mosquitto-acl')
  expect(code).toBe(0)
  expect(out).toMatch(/^# acl_file of Mosquitto.*\n\n# without a user\ntopic read portwire\/bridge\/state\n/)
  expect(out).toContain('# reader\nuser ann\ntopic read portwire/bridge/state\n')
  expect(out).not.toContain('canary')
  const other = parseConfig(path, JSON.stringify({ version: 1, mqtt: { user: 'attic' }, devices: {} }))
  expect(aclOf(other).match(/^user .*$/gm)).toEqual(['user attic', 'user operator', 'user reader'])
  expect(aclOf(other)).toContain('user attic\ntopic read portwire/#\n')
})

test.each([
  ['a device', { version: 1, devices: { reader: DEVICE } }, 'reader would be both reader and device'],
  ['a device', { version: 1, mqtt: { user: 'pi' }, devices: { pi: DEVICE } }, 'pi would be both gateway and device'],
  [
    'a user',
    { version: 1, mqtt: { embedded: { listen: '127.0.0.1:0', users: { portwire: ann } } }, devices: {} },
    'portwire would be both gateway and reader',
  ],
])(
  'the access list is refused where %s is called as another user: Mosquitto would add up their rights',
  async (_name, config, line) => {
    const path = join(folder(), 'portwire.json')
    writeFileSync(path, JSON.stringify(config))
    const { code, out, err } = await runCli('gateway', '--config', path, '--mosquitto-acl')
    expect(err).toContain(`the user ${line}`)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  },
)

test.each([
  ['nothing', '', 'stdin has no password'],
  ['two lines', 'a\nb\n', 'the password has to be one line'],
  ['more than a kilobyte', 'x'.repeat(2_000), 'the password is longer than 1024 bytes'],
])('portwire passwd with %s ends with 2', async (_name, input, line) => {
  const cli = startCli(['passwd'])
  cli.stdin.end(input)
  expect(await cli.code).toBe(2)
  expect(cli.err()).toContain(line)
  expect(cli.out()).toBe('')
})
