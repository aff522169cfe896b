/** `portwire gateway`, asked to start again. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig, startGateway } from '../../src/gateway/index.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'
import { startCli } from './run-cli.js'

const INFO = 'portwire/bridge/info'
const STATE = 'portwire/bridge/state'

test('a restart reads the config anew; one that is not usable is logged and the old one stays', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const folder = mkdtempSync(join(tmpdir(), 'portwire-restart-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'portwire.yaml')
  writeFileSync(join(folder, 'greenhouse.yaml'), readFileSync('docs/examples/greenhouse.yaml'))
  const write = (device: string) =>
    writeFileSync(
      path,
      JSON.stringify({
        version: 1,
        mqtt: { server: mosquitto.url, reconnect: { min: '20ms', max: '50ms' } },
        outbox: { dir: 'outbox' },
        devices: { [device]: { serial: join(folder, 'nothing'), contract: 'greenhouse.yaml' } },
      }),
    )
  write('first')
  const client = await connectClient(mosquitto.url)
  onTestFinished(() => client.end())
  const cli = startCli(['gateway', '--config', path])
  await client.next(INFO, ({ text }) => text.includes('"first"'))

  const restart = async (fits: (text: string) => boolean) => {
    const from = client.messages.length
    await client.publish('portwire/bridge/request/restart', { transaction: from })
    const { json } = await client.next('portwire/bridge/response/restart', undefined, from)
    expect(json).toEqual({ data: {}, status: 'ok', transaction: from })
    await client.next(STATE, ({ json: { state } }) => state === 'offline', from)
    await client.next(INFO, ({ text }) => fits(text), from)
    await client.next(STATE, ({ json: { state } }) => state === 'online', from)
  }
  write('second')
  await restart((text) => text.includes('"second"') && !text.includes('"first"'))
  writeFileSync(path, 'version: 2')
  await restart((text) => text.includes('"second"'))
  expect(cli.err()).toContain('the config is as before: CONFIG_INVALID')

  cli.stop()
  expect(await cli.code).toBe(0)
})

test('a restart that finds the outbox held waits for it, and starts when it is free', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const folder = mkdtempSync(join(tmpdir(), 'portwire-restart-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'portwire.yaml')
  const write = (outbox: string) =>
    writeFileSync(
      path,
      JSON.stringify({
        version: 1,
        mqtt: { server: mosquitto.url, reconnect: { min: '20ms', max: '50ms' } },
        outbox: { dir: outbox },
        devices: {},
      }),
    )
  write('free')
  const client = await connectClient(mosquitto.url)
  onTestFinished(() => client.end())
  const cli = startCli(['gateway', '--config', path])
  await client.next(STATE, ({ json: { state } }) => state === 'online')

  write('held')
  const config = loadConfig(path)
  const holder = await startGateway({ ...config, mqtt: { ...config.mqtt, clientId: 'other', baseTopic: 'other' } })
  onTestFinished(() => holder.close())
  const from = client.messages.length
  await client.publish('portwire/bridge/request/restart', {})
  await client.next(STATE, ({ json: { state } }) => state === 'offline', from)
  await until(() => cli.err().includes('it cannot be started again yet: OUTBOX_BUSY'), 5_000, 'it is said')
  await holder.close()
  await client.next(STATE, ({ json: { state } }) => state === 'online', from)
  cli.stop()
  expect(await cli.code).toBe(0)
})
