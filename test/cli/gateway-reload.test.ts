/** SIGHUP at the built program: two devices that are the firmware, built for this machine. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configFolder } from '../gateway/config/support.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'
import { spawnCli } from './built.js'

/** `npm run build:firmware` makes it. */
const NATIVE = fileURLToPath(new URL('../../build/firmware/native/greenhouse', import.meta.url))

const device = (name: string, more = '') =>
  `  ${name}:\n    spawn: [${NATIVE}]\n    contract: greenhouse.yaml\n    restart: {initial: 10ms}\n${more}`

interface Row {
  readonly name: string
  readonly state: string
  readonly session: number
  readonly epoch: string
  readonly restarts: number
}

async function start() {
  const broker = await startMosquitto()
  onTestFinished(() => broker.remove())
  const client = await connectClient(broker.url, ['portwire/#'])
  onTestFinished(() => client.end())
  const folder = configFolder()
  const write = (...devices: string[]) =>
    folder.write('portwire.yaml', `version: 1\nmqtt: {server: "${broker.url}"}\ndevices:\n${devices.join('')}`)
  const config = write(device('steady'), device('other'))
  const cli = spawnCli(['gateway', '--config', config])
  onTestFinished(() => void cli.child.kill('SIGTERM'))
  const rows = (from: number, fits: (rows: readonly Row[]) => boolean) =>
    client
      .next('portwire/bridge/devices', ({ json }) => fits(json as unknown as readonly Row[]), from)
      .then(({ json }) => json as unknown as readonly Row[])
  const allRun = (list: readonly Row[]) => list.length > 0 && list.every(({ state }) => state === 'running')
  const before = await rows(0, (list) => list.length === 2 && allRun(list))
  /** The processes below the gateway, by the order of their start. */
  const programs = () => readFileSync(`/proc/${cli.child.pid}/task/${cli.child.pid}/children`, 'utf8').trim().split(' ')
  return { broker, client, cli, write, rows, allRun, before, programs, folder }
}

describe('SIGHUP of a gateway over programs', () => {
  test('a device that did not change keeps its session and loses no call, while the other is started anew', async () => {
    const { client, cli, write, rows, allRun, before, programs } = await start()
    const [steadyPid] = programs()
    let sent = 0
    let stopped = false
    const calling = (async () => {
      while (!stopped) {
        await client.publish('portwire/steady/call/setVent', { open: 0.5, transaction: sent++ })
        const mine = sent - 1
        await client.next('portwire/steady/response', ({ json }) => json['transaction'] === mine)
      }
    })()
    const from = client.messages.length
    write(device('steady'), device('other', '    call_timeout: 2s\n'), device('third'))
    cli.child.kill('SIGHUP')
    const event = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'config_reloaded')
    expect(event.json['data']).toEqual({
      kept: ['steady'],
      changed: ['other'],
      added: ['third'],
      removed: [],
      needsRestart: [],
    })
    const after = await rows(from, (list) => list.length === 3 && allRun(list))
    stopped = true
    await calling
    const answers = client.messages.filter(({ topic }) => topic === 'portwire/steady/response')
    expect(answers.map(({ json }) => [json['transaction'], json['status']])).toEqual(
      Array.from({ length: sent }, (_, transaction) => [transaction, 'ok']),
    )
    const row = (list: readonly Row[], name: string) => list.find((one) => one.name === name)!
    expect(row(after, 'steady')).toEqual(row(before, 'steady'))
    expect(row(after, 'other').epoch).not.toBe(row(before, 'other').epoch)
    expect(programs()).toContain(steadyPid)
    expect(programs()).toHaveLength(3)
    const steadyStates = client.messages.slice(from).filter(({ topic }) => topic === 'portwire/steady/availability')
    expect(steadyStates).toEqual([])
  })

  test('a config that is wrong changes nothing, and says where', async () => {
    const { client, cli, folder, before, programs } = await start()
    const pids = programs()
    const file = folder.write('portwire.yaml', 'version: 1\ndevices:\n  steady: {seral: x}\n')
    cli.child.kill('SIGHUP')
    const { json } = await client.next('portwire/bridge/event', (message) => message.json['type'] === 'config_refused')
    const problem = `${file}:3:12: devices.steady.seral: unknown key (did you mean serial?) (and 1 more)`
    expect(json['data']).toEqual({ problem })
    await until(() => cli.err().includes(problem), 5_000, 'the line in the log')
    expect(programs()).toEqual(pids)
    expect(before.map(({ session }) => session)).toEqual([1, 1])
  })

  test('a device that is gone is ended and its retained topics are cleared; bridge/info has the new config', async () => {
    const { broker, client, cli, write, rows, allRun, programs } = await start()
    const from = client.messages.length
    write(device('steady'))
    cli.child.kill('SIGHUP')
    await rows(from, (list) => list.length === 1 && allRun(list))
    await client.next('portwire/other/contract', ({ text }) => text === '', from)
    await until(() => programs().length === 1, 5_000, 'its program has ended')
    const late = await connectClient(broker.url, ['portwire/#'])
    onTestFinished(() => late.end())
    const { json } = await late.next('portwire/bridge/info')
    expect(Object.keys((json['config'] as { devices: object }).devices)).toEqual(['steady'])
    await late.next('portwire/steady/availability', (message) => message.json['state'] === 'online')
    expect(late.messages.filter(({ topic }) => topic.startsWith('portwire/other'))).toEqual([])
  })

  test('what changed in mqtt waits for a restart, and is named', async () => {
    const { client, cli, folder } = await start()
    const file = `${folder.path}/portwire.yaml`
    writeFileSync(file, readFileSync(file, 'utf8').replace('mqtt: {', 'mqtt: {keepalive: 5s, '))
    cli.child.kill('SIGHUP')
    const { json } = await client.next('portwire/bridge/event', (message) => message.json['type'] === 'config_reloaded')
    expect(json['data']).toMatchObject({ kept: ['steady', 'other'], needsRestart: ['mqtt.keepalive'] })
    await until(() => cli.err().includes('mqtt.keepalive: the change is taken over'), 5_000, 'the line in the log')
    cli.child.kill('SIGTERM')
    expect(await cli.exited()).toEqual({ code: 0, signal: null })
  })
})
