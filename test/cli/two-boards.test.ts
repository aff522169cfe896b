/** The gateway as a stranger meets it: the example of the documentation and the one of the README, run as they stand. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startNative } from '../../src/testing/native.js'
import { configFolder } from '../gateway/config/support.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { spawnCli } from './built.js'

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
    const [printed] = /(?<=```yaml\n)# portwire\.yaml\n.*?(?=```)/s.exec(readFileSync(`${ROOT}README.md`, 'utf8'))!
    const { url, client } = await broker()
    const folder = configFolder()
    folder.write('secrets.yaml', 'broker: "not shown"\n')
    const asPrinted = folder.write('portwire.yaml', printed)
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
})
