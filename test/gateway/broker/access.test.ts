/** Who may do what, at both brokers. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IClientOptions } from 'mqtt'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { grantOf, matches, maySubscribe, OPEN } from '../../../src/gateway/broker/access.js'
import { startBroker } from '../../../src/gateway/broker/broker.js'
import { mosquittoAcl } from '../../../src/gateway/broker/mosquitto-acl.js'
import { secretOf } from '../../../src/gateway/broker/users.js'
import { silentLog } from '../../../src/gateway/log.js'
import { figures } from '../../figures.js'
import { expected, measure, ROLES } from '../access-matrix.js'
import { startMosquitto } from '../mosquitto.js'

const password = (name: string) => `password of ${name}`
const login = (name: string): IClientOptions =>
  name === 'anonymous' ? {} : { username: name, password: password(name) }
const named = Object.entries(ROLES).filter(([name]) => name !== 'anonymous')

describe('who may do what: 6 roles, 20 topics, 5 ways', () => {
  it('R22: the embedded broker decides all 600 as the table says', async () => {
    const user = (name: string, grant: ReturnType<typeof grantOf>) => ({
      name,
      grant,
      secret: secretOf(password(name)),
    })
    const broker = await startBroker(0, silentLog, {
      users: [...named.map(([name, role]) => user(name, grantOf(role, 'portwire'))), user('observer', OPEN)],
      anonymous: grantOf({ kind: 'anonymous' }, 'portwire'),
    })
    onTestFinished(() => broker.close())
    const { allowed, decisions } = await measure(broker.url, login('observer'), login)
    expect(decisions).toBe(600)
    expect(allowed).toEqual(expected())
    figures({ embedded: decisions })
  }, 120_000)

  it('R22: Mosquitto with the access list that is generated decides all 600 as the table says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portwire-acl-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [acl, passwords] = [join(folder, 'acl'), join(folder, 'passwords')]
    const generated = mosquittoAcl(
      Object.entries(ROLES).map(([name, role]) => ({ name, role })),
      'portwire',
    )
    writeFileSync(acl, `${generated}\nuser observer\ntopic readwrite #\n`)
    writeFileSync(passwords, [...named.map(([name]) => name), 'observer'].map((n) => `${n}:${password(n)}\n`).join(''))
    execFileSync('mosquitto_passwd', ['-U', passwords])
    const mosquitto = await startMosquitto([`acl_file ${acl}`, `password_file ${passwords}`, 'allow_anonymous true'])
    onTestFinished(() => mosquitto.remove())
    const { allowed, decisions } = await measure(mosquitto.url, login('observer'), login)
    expect(decisions).toBe(600)
    expect(allowed).toEqual(expected())
    figures({ mosquitto: decisions })
  }, 120_000)
})

test.each([
  ['a/b', 'a/b', true],
  ['a/b', 'a', false],
  ['a', 'a/b', false],
  ['a/+', 'a/b', true],
  ['a/+', 'a/', true],
  ['a/+', 'a', false],
  ['a/+', 'a/b/c', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['#', 'a/b', true],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/x', true],
])('the filter %s on the topic %s: %s', (filter, topic, fits) => {
  expect(matches(filter, topic)).toBe(fits)
})

test.each([
  ['#', true],
  ['portwire/#', true],
  ['+/bridge/state', true],
  ['+/+', false],
  ['portwire/+/+', true],
  ['portwire/fence/#', true],
  ['portwire/fence', false],
  ['portwire/fence/call/+', false],
  ['$SYS/#', false],
  ['$share/x/#', false],
])('a grant of states alone lets the subscription to %s be made: %s', (filter, may) => {
  expect(maySubscribe(grantOf({ kind: 'anonymous' }, 'portwire'), filter)).toBe(may)
})
