/** Logins, passwords and their hashes. */

import { scryptSync } from 'node:crypto'
import { expect, it, onTestFinished, test } from 'vitest'
import { grantOf } from '../../../src/gateway/broker/access.js'
import { type Broker, type BrokerAccess, startBroker } from '../../../src/gateway/broker/broker.js'
import {
  hashPassword,
  type PasswordHash,
  parsePasswordHash,
  verifyPassword,
} from '../../../src/gateway/broker/password-hash.js'
import { type BrokerUser, createLogins, hashedSecret, secretOf } from '../../../src/gateway/broker/users.js'
import { LIMITS } from '../../../src/gateway/limits.js'
import { silentLog } from '../../../src/gateway/log.js'
import { connectClient } from '../mqtt-client.js'
import { until } from '../until.js'

const reader = grantOf({ kind: 'reader' }, 'portwire')
const operator = grantOf({ kind: 'operator' }, 'portwire')
const plain = (name: string, password: string, grant = reader): BrokerUser => ({
  name,
  grant,
  secret: secretOf(password),
})

/** As hashPassword, at a thousandth of the cost. */
function cheapHash(password: string): PasswordHash {
  const cost = { ln: 4, r: 8, p: 1, salt: Buffer.from('salt') }
  return { ...cost, hash: scryptSync(password, cost.salt, 32, { N: 2 ** cost.ln, r: cost.r, p: cost.p }) }
}

async function start(access: BrokerAccess): Promise<Broker> {
  const broker = await startBroker(0, silentLog, access)
  onTestFinished(() => broker.close())
  return broker
}

async function client(broker: Broker, username?: string, password = '', more = {}) {
  const connected = await connectClient(broker.url, [], {
    reconnectPeriod: 0,
    ...(username !== undefined && { username, password }),
    ...more,
  })
  onTestFinished(() => connected.end())
  return connected
}

test('a hash is that of its password only, and another one each time', async () => {
  const [first, second] = [await hashPassword('secret'), await hashPassword('secret')]
  expect(first).not.toBe(second)
  expect(first).toMatch(/^\$scrypt\$ln=13,r=8,p=10\$/)
  expect(await verifyPassword('secret', parsePasswordHash(first)!)).toBe(true)
  expect(await verifyPassword('Secret', parsePasswordHash(first)!)).toBe(false)
})

test('a hash of RFC 7914 is verified', async () => {
  // Section 12: scrypt (P="password", S="NaCl", N=1024, r=8, p=16), here its first 32 bytes, which are those of a hash of that length.
  const hash = Buffer.from('fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162', 'hex')
  const expectedHash = { ln: 10, r: 8, p: 16, salt: Buffer.from('NaCl'), hash }
  expect(await verifyPassword('password', expectedHash)).toBe(true)
})

test.each([
  'secret',
  '$scrypt$ln=13,r=8,p=10$c2FsdHNhbHRzYWx0$short',
  '$scrypt$ln=30,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
  '$scrypt$ln=13,r=8,p=99$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
  '$2b$10$abcdefghijklmnopqrstuv',
])('%s is no hash that can be used', (text) => {
  expect(parsePasswordHash(text)).toBeUndefined()
})

test('a login is right with its password only, whether it is kept in clear or as a hash', async () => {
  const hash = parsePasswordHash(await hashPassword('good'))!
  const login = createLogins([plain('ann', 'right'), { name: 'bob', grant: reader, secret: hashedSecret(hash) }])
  const kinds = async (name: string, password: string) => (await login(name, password)).kind
  expect(await kinds('ann', 'right')).toBe('user')
  expect(await kinds('ann', 'good')).toBe('refused')
  expect(await kinds('ann', '')).toBe('refused')
  expect(await kinds('bob', 'good')).toBe('user')
  expect(await kinds('bob', 'right')).toBe('refused')
  expect(await kinds('bob', 'good')).toBe('user')
  expect(await kinds('nobody', 'good')).toBe('refused')
  expect(await kinds('__proto__', '')).toBe('refused')
})

test('a flood of wrong passwords is told to wait, and one that was right before is let in meanwhile', async () => {
  const hash = cheapHash('good')
  const login = createLogins([{ name: 'bob', grant: reader, secret: hashedSecret(hash) }])
  expect((await login('bob', 'good')).kind).toBe('user')
  const flood = Array.from({ length: 200 }, (_, i) => login(i % 2 === 0 ? 'bob' : 'eve', `guess ${i}`))
  expect((await login('bob', 'good')).kind).toBe('user')
  const kinds = (await Promise.all(flood)).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(LIMITS.brokerLoginsWaiting)
  expect(kinds.filter((kind) => kind === 'busy')).toHaveLength(200 - LIMITS.brokerLoginsWaiting)
})

test('where there are users nobody comes in without one, nor with a wrong password, and each is counted', async () => {
  const broker = await start({ users: [plain('ann', 'right')] })
  await expect(client(broker)).rejects.toThrow('Not authorized')
  await expect(client(broker, 'ann', 'wrong')).rejects.toThrow('Bad username or password')
  await expect(client(broker, 'eve', 'right')).rejects.toThrow('Bad username or password')
  await client(broker, 'ann', 'right')
  expect(broker.info.refused.login).toBe(3)
})

it.each([
  ['without users', { users: [] }],
  ['with users and an anonymous role', { users: [plain('ann', 'right')], anonymous: reader }],
])('R22, T10: the embedded broker %s refuses to listen where others reach it', async (_name, access) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'gateway.local']) {
    await expect(startBroker({ host, port: 0 }, silentLog, access)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
})

it('T10: with users it listens on every address, and says that nothing is encrypted', async () => {
  const lines: string[] = []
  const log = (level: string, _namespace: string, message: string) => void lines.push(`${level} ${message}`)
  const broker = await startBroker({ host: '0.0.0.0', port: 0 }, log, { users: [plain('ann', 'right')] })
  onTestFinished(() => broker.close())
  await client(broker, 'ann', 'right')
  await expect(client(broker)).rejects.toThrow('Not authorized')
  expect(lines).toContain(`warn passwords and messages to 0.0.0.0:${broker.port} are not encrypted`)
})

test('a client cannot take the place of another user by its client id', async () => {
  const broker = await start({ users: [plain('ann', 'right'), plain('eve', 'evil', operator)] })
  const ann = await client(broker, 'ann', 'right', { clientId: 'display' })
  await expect(client(broker, 'eve', 'evil', { clientId: 'display' })).rejects.toThrow('Identifier rejected')
  await ann.subscribe('portwire/greenhouse')
  const again = await client(broker, 'ann', 'right', { clientId: 'display' })
  await ann.closed
  await expect(client(broker, 'eve', 'evil', { clientId: 'display' })).rejects.toThrow('Identifier rejected')
  await again.end()
  await until(
    () =>
      client(broker, 'eve', 'evil', { clientId: 'display' }).then(
        () => true,
        () => false,
      ),
    5_000,
    'the client id is free again',
  )
})

test('whoever was there first with the client id of the gateway has to go: nobody locks it out of its own broker', async () => {
  const broker = await start({ users: [] })
  const stranger = await client(broker, 'eve', 'evil', { clientId: 'portwire-attic' })
  const own = await client(broker, broker.own.user, broker.own.password, { clientId: 'portwire-attic', clean: false })
  await stranger.closed
  await expect(client(broker, 'eve', 'evil', { clientId: 'portwire-attic' })).rejects.toThrow('Identifier rejected')
  await own.subscribe('portwire/#')
  await own.publish('portwire/bridge/state', { state: 'online' })
  await own.next('portwire/bridge/state')
})

test('a refused message ends its connection and is not retained; a refused subscription leaves the others', async () => {
  const broker = await start({ users: [plain('ann', 'right'), plain('op', 'right', operator)] })
  const ann = await client(broker, 'ann', 'right')
  await ann.subscribe('portwire/greenhouse/call/setVent').catch(() => {})
  await ann.subscribe('portwire/greenhouse')
  void ann.publish('portwire/greenhouse', 'forged', { retain: true }).catch(() => {})
  await ann.closed
  const later = await client(broker, 'ann', 'right')
  await later.subscribe('portwire/greenhouse')
  await later.subscribe('portwire/bridge/state')
  expect(later.messages).toEqual([])
  expect(broker.info.refused).toMatchObject({ subscription: 1, publish: 1 })
})

test('a client of the gateway itself is let in with its own password, which is new each time', async () => {
  const [one, two] = [await start({ users: [plain('ann', 'right')] }), await start({ users: [] })]
  expect(one.own.password).not.toBe(two.own.password)
  const own = await client(one, one.own.user, one.own.password)
  await own.subscribe('#')
  await own.publish('portwire/bridge/state', { state: 'online' })
  await own.next('portwire/bridge/state')
})
