/** Secrets at the built program, started with the worst umask: where canaries could be seen by others. */

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { figures } from '../figures.js'
import { configFolder } from '../gateway/config/support.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'
import { spawnCli } from './built.js'

const NATIVE = fileURLToPath(new URL('../../build/firmware/native/greenhouse', import.meta.url))
/** User, password in the file, password in the environment, a secret that nobody asks for, and one of a device's neighbour. */
const CANARIES = ['kanari-one', 'kanari-two', 'kanari-three', 'kanari-four', 'kanari-five'] as const

const DEVICE = `devices:\n  greenhouse:\n    spawn: [${NATIVE}]\n    contract: greenhouse.yaml\n`

/** The command lines of all processes. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8')
      } catch {
        return '' // it has ended meanwhile
      }
    })
    .join('\n')
}

const seenIn = (text: string) => CANARIES.filter((canary) => text.includes(canary))

describe('secrets of a gateway over a program', () => {
  test('R28: started with umask 000, five secrets are seen in no log line, command line, topic or --check', async () => {
    const folder = configFolder()
    const users = folder.write('users', '')
    spawnSync('mosquitto_passwd', ['-b', users, CANARIES[0], CANARIES[2]])
    const broker = await startMosquitto(['allow_anonymous false', `password_file ${users}`])
    onTestFinished(() => broker.remove())
    folder.write('secrets.yaml', `mqtt: {user: ${CANARIES[0]}, password: ${CANARIES[1]}}\nunused: ${CANARIES[3]}\n`)
    folder.write('password', `${CANARIES[4]}\n`)
    const mqtt = `mqtt: {server: "${broker.url}", user: !secret mqtt.user, password: !secret mqtt.password}\n`
    const config = folder.write('portwire.yaml', `version: 1\n${mqtt}${DEVICE}`)
    const env = { ...process.env, PORTWIRE_CONFIG_MQTT_PASSWORD: CANARIES[2] }

    const before = process.umask(0)
    const cli = spawnCli(['gateway', '--config', config, '--log-level', 'debug'], { env })
    process.umask(before)
    const login = { username: CANARIES[0], password: CANARIES[2] }
    const client = await connectClient(broker.url, ['portwire/#'], login)
    onTestFinished(() => client.end())
    await client.next('portwire/greenhouse/availability', ({ json }) => json['state'] === 'online')
    // Every login that fails is logged: with the password of the file, which the broker does not know.
    folder.write('wrong.yaml', `version: 1\n${mqtt.replace('{', '{client_id: wrong, ')}${DEVICE}`)
    const wrong = spawnCli(['gateway', '--config', `${folder.path}/wrong.yaml`, '--log-level', 'debug'])
    await until(() => wrong.err().includes('refused the login'), 8_000, 'the line of the login')
    // The third way: a password in a file of its own, and the environment that is not given.
    const third = mqtt.replace('password: !secret mqtt.password', 'password_file: password')
    const check = spawnCli([
      'gateway',
      '--check',
      '--config',
      folder.write('third.yaml', `version: 1\n${third}${DEVICE}`),
    ])
    expect((await check.exited()).code).toBe(0)
    // A reload reads them all again.
    cli.child.kill('SIGHUP')
    await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'config_reloaded')

    const info = client.messages.find(({ topic }) => topic === 'portwire/bridge/info')!
    expect(info.json['config']).toMatchObject({ mqtt: { user: '(removed)', password: '(removed)' } })
    expect(seenIn(client.messages.map(({ topic, text }) => `${topic} ${text}`).join('\n'))).toEqual([])
    expect(seenIn(cli.err() + cli.out() + wrong.err() + wrong.out())).toEqual([])
    expect(check.out()).toContain('"password": "(removed)"')
    expect(seenIn(check.out() + check.err())).toEqual([])
    expect(seenIn(commandLines())).toEqual([])

    const pid = cli.child.pid!
    const umaskOf = (of: string | number) => /^Umask:\s*(\d+)/m.exec(readFileSync(`/proc/${of}/status`, 'utf8'))![1]
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    expect([umaskOf(pid), ...children.map(umaskOf)]).toEqual(['0077', '0077'])
    figures({ canaries: CANARIES.length })
  })

  test('R28: a program refuses to start on a secret that others can read: exit code 2, and the chmod that cures it', async () => {
    const folder = configFolder()
    const secrets = folder.write('secrets.yaml', `p: ${CANARIES[0]}\n`, 0o644)
    const config = folder.write('portwire.yaml', `version: 1\nmqtt: {user: x, password: !secret p}\n${DEVICE}`)
    const refused = spawnCli(['gateway', '--config', config])
    expect((await refused.exited()).code).toBe(2)
    expect(refused.err()).toBe(
      `portwire: ${secrets}: mqtt.password: holds a secret and others than its owner may use it (mode 0644); run: chmod 600 ${secrets}\n`,
    )
    // The line is the cure.
    const cure = /run: (.*)\n$/.exec(refused.err())![1]!
    expect(spawnSync('sh', ['-c', cure]).status).toBe(0)
    const check = spawnCli(['gateway', '--check', '--config', config])
    expect((await check.exited()).code).toBe(0)
  })
})
