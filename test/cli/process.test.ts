/** The built program in a process of its own: signals, pipes, exit codes. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'
import { spawnCli } from './built.js'

const CONTRACT = join(import.meta.dirname, '../../docs/examples/greenhouse.yaml')

function configFile(mqtt: string, target = 'serial: /dev/ttyNONE9'): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'portwire.yaml')
  const device = `devices:\n  greenhouse:\n    ${target}\n    contract: ${CONTRACT}\n`
  writeFileSync(file, `version: 1\nmqtt:\n  ${mqtt}\n${device}`)
  return file
}

async function mosquitto() {
  const broker = await startMosquitto()
  onTestFinished(() => broker.remove())
  const client = await connectClient(broker.url, ['portwire/#'])
  onTestFinished(() => client.end())
  return { broker, client, file: configFile(`server: ${broker.url}`) }
}

test('a gateway that is killed leaves `offline` behind, retained: its last will', async () => {
  const { broker, client, file } = await mosquitto()
  const cli = spawnCli(['gateway', '--config', file])
  await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'online')
  cli.child.kill('SIGKILL')
  await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'offline')
  const late = await connectClient(broker.url, ['portwire/bridge/state'])
  onTestFinished(() => late.end())
  expect(await late.next('portwire/bridge/state')).toMatchObject({ json: { state: 'offline' }, retain: true })
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the gateway within a second: offline, exit code 0',
  async (signal) => {
    const { client, file } = await mosquitto()
    const cli = spawnCli(['gateway', '--config', file])
    await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'online')
    const startMs = performance.now()
    cli.child.kill(signal)
    expect(await cli.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - startMs).toBeLessThan(1_000)
    expect((await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'offline')).retain).toBe(false)
    expect(cli.out()).toBe('')
  },
)

test('a gateway that ends leaves no program behind, not even one that ignores SIGTERM and the end of its input', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-stubborn-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const pidFile = join(folder, 'pid')
  const script = `trap '' TERM INT HUP; echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; while :; do sleep 0.2; done`
  const spawn = `spawn: ${JSON.stringify(['sh', '-c', script])}`
  const cli = spawnCli(['gateway', '--config', configFile('embedded: 127.0.0.1:0', spawn)])
  await until(() => existsSync(pidFile), 8_000, 'the program runs')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  onTestFinished(() => {
    if (isThere(pid)) process.kill(-pid, 'SIGKILL')
  })
  cli.child.kill('SIGTERM')
  expect(await cli.exited()).toEqual({ code: 0, signal: null })
  await until(() => !isThere(pid), 1_000, 'the program is gone')
})

test('a gateway whose embedded broker finds its port taken says so, and which', async () => {
  const { broker } = await mosquitto()
  const cli = spawnCli(['gateway', '--config', configFile(`embedded: 127.0.0.1:${broker.port}`)])
  expect((await cli.exited()).code).toBe(1)
  expect(cli.err()).toBe(
    `portwire: PORT_BUSY: 127.0.0.1:${broker.port} is taken: another broker, or another gateway, listens there. ` +
      `Use that broker (mqtt.server: mqtt://127.0.0.1:${broker.port}), or give mqtt.embedded another port.\n`,
  )
})

test('a broker that is away is one line in the log, and the gateway goes on', async () => {
  const { broker, file } = await mosquitto()
  await broker.kill()
  const cli = spawnCli(['gateway', '--config', file, '--log', 'json'])
  const lines = () =>
    cli
      .err()
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { namespace: string; msg: string })
  const { until } = await import('../gateway/until.js')
  await until(
    () => lines().some((line) => line.namespace === 'portwire:mqtt'),
    5_000,
    () => `a line; there are: ${cli.err()}`,
  )
  expect(lines().find((line) => line.namespace === 'portwire:mqtt')?.msg).toBe(
    `no MQTT broker at 127.0.0.1:${broker.port}: connect ECONNREFUSED 127.0.0.1:${broker.port}; trying again, every 1 to 30 s`,
  )
  cli.child.kill('SIGINT')
  expect((await cli.exited()).code).toBe(0)
})

test('--check prints what the config comes to, and starts nothing', async () => {
  const cli = spawnCli(['gateway', '--check', '--config', configFile('server: mqtt://127.0.0.1:9')])
  expect((await cli.exited()).code).toBe(0)
  expect(cli.err()).toBe('')
  expect(JSON.parse(cli.out())).toMatchObject({
    mqtt: { baseTopic: 'portwire', version: 5 },
    devices: {
      greenhouse: { target: { serial: '/dev/ttyNONE9' }, contract: expect.stringMatching(/^greenhouse 1 \(/) },
    },
  })
})

test('nobody reads stdout any more: it ends quietly', async () => {
  const cli = spawnCli(['gateway', '--check', '--config', configFile('server: mqtt://127.0.0.1:9')])
  cli.child.stdout.destroy()
  expect((await cli.exited()).code).toBe(0)
  expect(cli.err()).toBe('')
})

test('--help and --version go to stdout, and are there at once', async () => {
  const help = spawnCli(['--help'])
  expect((await help.exited()).code).toBe(0)
  for (const command of ['list', 'call', 'monitor', 'gateway']) expect(help.out()).toContain(command)
  expect(help.err()).toBe('')
  const version = spawnCli(['--version'])
  await version.exited()
  expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('a usage error is exit code 2', async () => {
  const cli = spawnCli(['lst'])
  expect((await cli.exited()).code).toBe(2)
  expect(cli.err()).toBe("portwire: unknown command 'lst' (did you mean list?); see portwire --help\n")
})

function isThere(pid: number): boolean {
  try {
    // One that nobody has waited for yet is gone as well.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
