/** Secrets of a config: where they may stand, who may read them, where they are never seen. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { effectiveConfig, loadConfig } from '../../../src/gateway/index.js'
import { createTlsReader } from '../../../src/gateway/mqtt/tls-files.js'
import { configFolder, DEVICE, refusal } from './support.js'

const withMqtt = (lines: string) => `version: 1\nmqtt:\n${lines}${DEVICE}`
const BOTH = withMqtt('  user: !secret mqtt.user\n  password: !secret broker-password\n')

describe('secrets of a gateway', () => {
  test('!secret takes a value from secrets.yaml beside the config, and nothing shows it', () => {
    const folder = configFolder()
    folder.write('secrets.yaml', 'mqtt: {user: canary-user}\nbroker-password: canary-password\nunused: canary-unused\n')
    const config = loadConfig(folder.write('portwire.yaml', BOTH, 0o644), {})
    expect(config.mqtt).toMatchObject({ user: 'canary-user', password: 'canary-password' })
    const seen = JSON.stringify([config.shown, effectiveConfig(config)])
    expect(seen).not.toContain('canary')
    expect(seen.match(/\(removed\)/g)).toHaveLength(4)
  })

  test('secrets_file names another file, and the environment may name it', () => {
    const folder = configFolder()
    const file = folder.write('mine.yaml', 'mqtt.user: u\nbroker-password: p\n')
    const config = folder.write('portwire.yaml', BOTH)
    expect(loadConfig(config, { PORTWIRE_CONFIG_SECRETS_FILE: file }).mqtt).toMatchObject({ user: 'u', password: 'p' })
  })

  test.each(['644', '640', '604', '660', '602'])('R28: a program does not start on secrets of mode 0%s', (mode) => {
    const folder = configFolder()
    const secrets = folder.write('secrets.yaml', 'mqtt.user: u\nbroker-password: canary\n', Number.parseInt(mode, 8))
    const line = refusal(() => loadConfig(folder.write('portwire.yaml', BOTH), {}))
    expect(line).toBe(
      `${secrets}: mqtt.user: holds a secret and others than its owner may use it (mode 0${mode}); run: chmod 600 ${secrets}`,
    )
  })

  test('password_file holds the password, and is for its owner only', () => {
    const folder = configFolder()
    const config = folder.write('portwire.yaml', withMqtt('  user: attic\n  password_file: pass\n'))
    const file = folder.write('pass', 'from a file\n')
    expect(loadConfig(config, {}).mqtt.password).toBe('from a file')
    folder.write('pass', 'canary\n', 0o644)
    expect(refusal(() => loadConfig(config, {}))).toBe(
      `${file}: mqtt.password_file: holds a secret and others than its owner may use it (mode 0644); run: chmod 600 ${file}`,
    )
    folder.write('pass', 'two\nlines\n')
    expect(refusal(() => loadConfig(config, {}))).toBe(`${file}: mqtt.password_file: expected one line, the password`)
  })

  test('a private key is for its owner only, and one that cannot be read is not quoted', () => {
    const folder = configFolder()
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')]
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=attic']
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const pem = readFileSync(key, 'utf8')
    const file = folder.write('portwire.yaml', withMqtt('  cert: cert.pem\n  key: key.pem\n'))
    folder.write('key.pem', pem)
    const config = loadConfig(file, {})
    expect(createTlsReader(config.mqtt.tls!, () => {})()).toMatchObject({ key: pem, cert: readFileSync(cert, 'utf8') })
    expect(JSON.stringify([config.shown, effectiveConfig(config)])).not.toContain(pem.split('\n')[1])
    folder.write('key.pem', pem, 0o644)
    expect(refusal(() => loadConfig(file, {}))).toBe(
      `${key}: mqtt.key: holds a secret and others than its owner may use it (mode 0644); run: chmod 600 ${key}`,
    )
    folder.write('key.pem', pem.replaceAll('A', 'canary'))
    expect(refusal(() => loadConfig(file, {}))).toBe(
      `${key}: mqtt.key: expected a private key in PEM, without a passphrase`,
    )
    const alone = folder.write('alone.yaml', withMqtt('  key: key.pem\n'))
    expect(refusal(() => loadConfig(alone, {}))).toBe(`${alone}:2:1: mqtt: cert and key go together`)
  })

  test.each([
    ['a key that is shown', `version: 1\ndevices:\n  a:\n    serial: !secret x\n    contract: greenhouse.yaml\n`, ''],
    [
      'an argument of a program, which every user can see',
      `version: 1\ndevices:\n  a:\n    spawn: [./x, !secret x]\n    contract: greenhouse.yaml\n`,
      '',
    ],
  ])('!secret is refused for %s', (_name, text) => {
    const config = configFolder().write('portwire.yaml', text)
    const line = refusal(() => loadConfig(config, {}))
    expect(line).toMatch(
      /portwire\.yaml:4:\d+: devices\.a\.\S+: the value of this key is shown; !secret is for mqtt\.embedded\.users\.NAME\.password, mqtt\.user and mqtt\.password$/,
    )
  })

  test('passwords of the users of the embedded broker come from !secret, or a file of its owner, and are not shown', () => {
    const folder = configFolder()
    folder.write('secrets.yaml', 'ann: canary-ann\n')
    const file = folder.write('bob', 'canary-bob\n')
    const users = '{ann: {password: !secret ann, role: reader}, bob: {password_file: bob, role: operator}}'
    const path = folder.write('portwire.yaml', withMqtt(`  embedded: {listen: "127.0.0.1:0", users: ${users}}\n`))
    const config = loadConfig(path, {})
    const { server } = config.mqtt
    const passwords =
      server.kind === 'embedded' && server.users!.map(({ secret }) => (secret as { password?: string }).password)
    expect(passwords).toEqual(['canary-ann', 'canary-bob'])
    const seen = JSON.stringify([config.shown, effectiveConfig(config)])
    expect(seen).toContain('ann')
    expect(seen).not.toContain('canary')
    folder.write('bob', 'canary-bob\n', 0o640)
    expect(refusal(() => loadConfig(path, {}))).toBe(
      `${file}: mqtt.embedded.users.bob.password_file: holds a secret and others than its owner may use it (mode 0640); run: chmod 600 ${file}`,
    )
  })

  test('!secret at a key that is spelled wrong is told the nearest spelling', () => {
    const config = configFolder().write('portwire.yaml', withMqtt('  pasword: !secret x\n'))
    expect(refusal(() => loadConfig(config, {}))).toBe(
      `${config}:3:3: mqtt.pasword: unknown key (did you mean password?)`,
    )
  })

  test('what is wrong in the secrets is said without quoting them', () => {
    const folder = configFolder()
    const config = folder.write('portwire.yaml', BOTH)
    const said = (text: string) => {
      folder.write('secrets.yaml', text)
      return refusal(() => loadConfig(config, {})).replaceAll(folder.path, '')
    }
    expect(said('mqtt.usr: canary\n')).toBe(
      '/portwire.yaml:3:3: mqtt.user: /secrets.yaml has no secret called mqtt.user (did you mean mqtt.usr?)',
    )
    expect(said('mqtt.user: 12345\nbroker-password: x\n')).toBe(
      '/portwire.yaml:3:3: mqtt.user: expected a text for mqtt.user in /secrets.yaml; put it in quotes',
    )
    for (const broken of ['a: [canary\n', 'a: *canary\n', 'a: !canary x\n', '"canary\n']) {
      expect(said(broken)).toMatch(/^\/secrets\.yaml(:\d+:\d+)?: not YAML$/)
    }
    expect(said('- canary\n')).toBe('/secrets.yaml: expected name: value on each line')
  })
})
