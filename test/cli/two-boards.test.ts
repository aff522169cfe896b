/** The gateway as a stranger meets it: the example of the documentation and the one of the README, run as they stand. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startNative } from '../../src/testing/native.js'
import { configFolder } from '../gateway/config/support.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'
import { spawnCli } from './built.js'

/** The YAML of the README that begins with its own name as a comment. */
function readmeYaml(name: string): string {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8')
  const printed = [...readme.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml!)
  const found = printed.find((yaml) => yaml.startsWith(`# ${name}\n`))
  if (found === undefined) throw new Error(`the README has no ${name}`)
  return found
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** `npm run build:firmware` makes it. */
const NATIVE = `${ROOT}build/firmware/native/greenhouse`

async function board(): Promise<string> {
  const native = await startNative(NATIVE)
  onTestFinished(() => native.kill())
  return native.path
}

async function broker() {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const client = await connectClient(mosquitto.url, ['portwire/#'])
  onTestFinished(() => client.end())
  return { url: mosquitto.url, client }
}

describe('examples of a gateway over a board', () => {
  test('two-boards.yaml runs without a change: this machine is in the environment', async () => {
    const { url, client } = await broker()
    const env = {
      ...process.env,
      PORTWIRE_CONFIG_MQTT_SERVER: url,
      PORTWIRE_CONFIG_DEVICES_GREENHOUSE_SERIAL: await board(),
      PORTWIRE_CONFIG_DEVICES_CELLAR_SERIAL: await board(),
      PORTWIRE_CONFIG_DEVICES_CELLAR_EVENT_SERVERS_0_PORT: '0',
    }
    const cli = spawnCli(['gateway', '--config', `${ROOT}docs/examples/two-boards.yaml`], { env })
    for (const device of ['greenhouse', 'cellar']) {
      await client.next(`portwire/${device}/availability`, ({ json }) => json['state'] === 'online')
      await client.publish(`portwire/${device}/call/setVent`, { open: 0.4, transaction: device })
      const { json } = await client.next(`portwire/${device}/response`)
      expect(json).toEqual({ data: 0.4, status: 'ok', transaction: device })
    }
    cli.child.kill('SIGTERM')
    expect((await cli.exited()).code).toBe(0)
  })

  test('the config of the README runs as it is printed, once its boards and its secret are there', async () => {
    const { url, client } = await broker()
    const folder = configFolder()
    folder.write('secrets.yaml', 'broker: "not shown"\n')
    const asPrinted = folder.write('portwire.yaml', readmeYaml('portwire.yaml'))
    const check = spawnCli(['gateway', '--config', asPrinted, '--check'])
    expect({ ...(await check.exited()), err: check.err() }).toEqual({ code: 0, signal: null, err: '' })
    expect(JSON.parse(check.out())).toMatchObject({
      mqtt: { server: { url: 'mqtt://broker.local:1883' }, user: '(removed)', password: '(removed)' },
      devices: {
        greenhouse: { target: { serial: { vendorId: '2341', serialNumber: '75735303431351E0A152' } } },
        cellar: { target: { serial: '/dev/ttyUSB0', baudRate: 57_600 } },
      },
    })
    const env = {
      ...process.env,
      PORTWIRE_CONFIG_MQTT_SERVER: url,
      PORTWIRE_CONFIG_DEVICES_CELLAR_SERIAL: await board(),
    }
    spawnCli(['gateway', '--config', asPrinted], { env })
    await client.next('portwire/cellar/availability', ({ json }) => json['state'] === 'online')
    // The other board is not on this machine: it is said, and disturbs nobody.
    const { json } = await client.next('portwire/bridge/devices', (message) => message.text.includes('backoff'))
    expect(json).toContainEqual(
      expect.objectContaining({ name: 'greenhouse', last_exit: expect.stringContaining('USB 2341:0043') }),
    )
  })

  test('the one with a broker, users, Home Assistant and an outbox does what the README says of it', async () => {
    const folder = configFolder()
    folder.write('home-assistant.password', 'not shown')
    const path = folder.write('greenhouse-only.yaml', readmeYaml('greenhouse-only.yaml'))
    const env = {
      ...process.env,
      PORTWIRE_CONFIG_MQTT_EMBEDDED_LISTEN: '127.0.0.1:0',
      PORTWIRE_CONFIG_DEVICES_GREENHOUSE_SERIAL: await board(),
    }
    const cli = spawnCli(['gateway', '--config', path], { env })
    const listening = /listening on (127\.0\.0\.1:\d+)/
    await until(
      () => listening.test(cli.err()),
      8_000,
      () => `its broker listens: ${cli.err()}`,
    )
    const url = `mqtt://${listening.exec(cli.err())![1]}`
    const login = { protocolVersion: 4, username: 'home-assistant' } as const
    await expect(connectClient(url, ['portwire/#'], { ...login, password: 'wrong' })).rejects.toThrow()
    const client = await connectClient(url, ['portwire/#', 'homeassistant/#'], { ...login, password: 'not shown' })
    onTestFinished(() => client.end())
    for (const device of ['greenhouse', 'cellar']) {
      await client.next(`portwire/${device}/availability`, ({ json }) => json['state'] === 'online')
      await client.next(`homeassistant/device/portwire_portwire_${device}/config`)
    }
    await client.publish('portwire/cellar/set', { open: 0.4, transaction: 1 })
    const { json } = await client.next('portwire/cellar/response')
    expect(json).toEqual({ data: { open: 0.4 }, status: 'ok', transaction: 1 })
    // Each reading of the one is acknowledged, those of the other are sent once.
    await client.next('portwire/cellar/event/reading', ({ packet }) => packet.qos === 1)
    await client.next('portwire/greenhouse/event/reading', ({ packet }) => packet.qos === 0)
    expect(readdirSync(`${folder.path}/outbox/db`)).toContain('CURRENT')
    cli.child.kill('SIGTERM')
    expect((await cli.exited()).code).toBe(0)
  })
})
