/** `portwire gateway`, asked to start again. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { gatewayCommand } from '../../src/cli/gateway.js'
import type { Io } from '../../src/cli/io.js'
import { loadConfig, startGateway } from '../../src/gateway/index.js'
import { configFolder } from '../gateway/config/support.js'
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

test('a restart that finds an address not there waits for it, too, and takes over the config when it is mended', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const folder = configFolder()
  const write = (host: string) => {
    const device = { serial: '/nothing/there', contract: 'greenhouse.yaml', event_servers: [{ port: 0, host }] }
    const mqtt = { server: mosquitto.url, reconnect: { min: '20ms', max: '50ms' } }
    return folder.write('portwire.yaml', JSON.stringify({ version: 1, mqtt, outbox: 'memory', devices: { a: device } }))
  }
  const client = await connectClient(mosquitto.url)
  onTestFinished(() => client.end())
  const cli = startCli(['gateway', '--config', write('127.0.0.1')])
  await client.next(STATE, ({ json: { state } }) => state === 'online')

  // One of RFC 5737, which no machine has.
  write('203.0.113.9')
  const from = client.messages.length
  await client.publish('portwire/bridge/request/restart', {})
  await until(() => cli.err().includes('it cannot be started again yet: PORT_FAILED'), 5_000, 'it is said')
  write('127.0.0.1')
  await client.next(STATE, ({ json: { state } }) => state === 'online', from)
  cli.stop()
  expect(await cli.code).toBe(0)
})

test('a reload that is asked for while the gateway starts is done when it has, and does not end it', async () => {
  const folder = configFolder()
  const device = { serial: '/nothing/there', contract: 'greenhouse.yaml' }
  const config = { version: 1, mqtt: { embedded: '127.0.0.1:0' }, devices: { a: device } }
  const path = folder.write('portwire.yaml', JSON.stringify(config))
  const abort = new AbortController()
  const listeners: (() => void)[] = []
  const stderr = new PassThrough()
  let err = ''
  stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr, signal: abort.signal }
  const io: Io = { ...streams, onReload: (listener) => void listeners.push(listener) }
  const options = { check: false, mosquittoAcl: false, schema: false, logFormat: undefined, logLevel: undefined }
  const code = gatewayCommand(io, { config: path, ...options })
  expect(listeners).toHaveLength(1)
  for (const reload of listeners) reload()
  await until(() => err.includes('the config was read again; devices kept: a'), 5_000, 'it was read again')
  abort.abort()
  expect(await code).toBe(0)
})

test('a gateway that is told to end before it has begun opens nothing, and ends with 0', async () => {
  const folder = configFolder()
  const spawned = join(folder.path, 'spawned')
  const device = { spawn: ['sh', '-c', `echo > ${spawned}; cat`], contract: 'greenhouse.yaml' }
  const config = { version: 1, mqtt: { embedded: '127.0.0.1:0' }, devices: { a: device } }
  const cli = startCli(['gateway', '--config', folder.write('portwire.yaml', JSON.stringify(config))])
  cli.stop()
  expect(await cli.code).toBe(0)
  expect({ isSpawned: existsSync(spawned), said: cli.err() }).toEqual({ isSpawned: false, said: '' })
})
