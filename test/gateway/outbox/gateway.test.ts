/** The gateway with its outbox on a real disk, at a real Mosquitto. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeMsgpack, type PayloadFormat } from '../../../src/gateway/encoding.js'
import { type Gateway, OUTBOX_DEFAULTS, startGateway } from '../../../src/gateway/index.js'
import { createFakePort } from '../fake-port.js'
import { type Mosquitto, startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { configWith } from '../support.js'
import { until } from '../until.js'

async function setUp() {
  const parent = mkdtempSync(join(tmpdir(), 'portwire-gateway-outbox-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  return { dir: join(parent, 'outbox'), mosquitto }
}

async function start(dir: string, mosquitto: Mosquitto, payload: PayloadFormat = 'json') {
  const port = createFakePort()
  const config = configWith({ server: { kind: 'external', url: mosquitto.url } as const })
  const withOutbox = {
    ...config,
    devices: config.devices.map((device) => ({ ...device, payload })),
    outbox: { ...OUTBOX_DEFAULTS, dir },
  }
  const gateway: Gateway = await startGateway(withOutbox, { openPort: () => port })
  onTestFinished(() => gateway.close())
  return { gateway, port }
}

const alarm = { celsius: 31, high: true }

describe('a gateway with an outbox, the device a board or a program', () => {
  it('R12: an event of an outage is acknowledged to the device at once, and arrives after a restart, marked historical', async () => {
    const { dir, mosquitto } = await setUp()
    await mosquitto.kill()
    const first = await start(dir, mosquitto)
    await first.port.emit('alarm', alarm, { number: 7 })
    await first.gateway.close()
    await mosquitto.start()
    const client = await connectClient(mosquitto.url, ['portwire/#'], { protocolVersion: 5 })
    onTestFinished(() => client.end())
    const second = await start(dir, mosquitto)
    await second.gateway.connected
    await second.port.emit('alarm', alarm, { number: 7 }) // its ACK was lost: the device sends it again
    await second.port.emit('alarm', alarm, { number: 8 })
    await until(() => second.gateway.outbox()?.events === 0, 5_000, 'the outbox is empty')
    await until(() => client.messages.some(({ json }) => json['id'] === 'greenhouse:7f3a91c2:8'), 5_000, 'both came')
    const came = client.messages
      .filter(({ topic }) => topic === 'portwire/greenhouse/event/alarm')
      .map(({ json }) => json)
    expect(came.map(({ id }) => id)).toEqual(['greenhouse:7f3a91c2:7', 'greenhouse:7f3a91c2:8'])
    expect(came.map(({ historical }) => historical)).toEqual([true, undefined])
    expect((await client.next('portwire/bridge/outbox')).json).toEqual({ state: 'ok' })
  })

  it('R12: an event in msgpack waits on the disk as it is, and arrives in msgpack, marked historical', async () => {
    const { dir, mosquitto } = await setUp()
    await mosquitto.kill()
    const first = await start(dir, mosquitto, 'msgpack')
    await first.port.emit('alarm', alarm, { number: 7 })
    await first.gateway.close()
    await mosquitto.start()
    const client = await connectClient(mosquitto.url, ['portwire/greenhouse/event/#'], { protocolVersion: 5 })
    onTestFinished(() => client.end())
    await start(dir, mosquitto, 'msgpack')
    const { packet } = await client.next('portwire/greenhouse/event/alarm')
    expect(decodeMsgpack(packet.payload as Buffer)).toEqual({
      value: { ...alarm, id: 'greenhouse:7f3a91c2:7', at: expect.stringMatching(/^\d{4}-/), historical: true },
    })
  })

  it('R9: with a damaged outbox it starts, puts it aside under another name, and says so retained; what can be read arrives', async () => {
    const { dir, mosquitto } = await setUp()
    await mosquitto.kill()
    const first = await start(dir, mosquitto)
    for (const number of [1, 2, 3]) await first.port.emit('alarm', alarm, { number })
    await first.gateway.close()
    const log = join('db', readdirSync(join(dir, 'db')).find((file) => file.endsWith('.log'))!)
    const damaged = readFileSync(join(dir, log))
    damaged[damaged.indexOf('greenhouse:7f3a91c2:2')]! ^= 1
    writeFileSync(join(dir, log), damaged)
    await mosquitto.start()

    const client = await connectClient(mosquitto.url, ['portwire/greenhouse/event/#', 'portwire/bridge/event'])
    onTestFinished(() => client.end())
    const second = await start(dir, mosquitto)
    await second.gateway.connected
    await second.port.emit('alarm', alarm, { number: 4 })
    await until(() => second.gateway.outbox()?.events === 0, 5_000, 'the outbox is empty')
    const late = await connectClient(mosquitto.url, ['portwire/bridge/outbox'])
    onTestFinished(() => late.end())
    const said = await late.next('portwire/bridge/outbox')
    expect(said.retain).toBe(true)
    expect(said.json).toEqual({
      state: 'quarantined',
      problem: expect.any(String),
      lost: expect.any(Number),
      aside: expect.any(String),
    })
    const { lost, aside } = said.json as { lost: number; aside: string }
    expect(aside).toMatch(new RegExp(`^${dir}\\.quarantine-\\d{8}T\\d{9}Z$`))
    expect(existsSync(join(aside, 'db', 'CURRENT'))).toBe(true)
    const { json: dropped } = await client.next(
      'portwire/bridge/event',
      ({ json }) => json['type'] === 'events_dropped',
    )
    expect(dropped['data']).toEqual({ count: lost, reason: 'corrupt' })
    await until(() => client.messages.some(({ json }) => json['id'] === 'greenhouse:7f3a91c2:4'), 5_000, 'the new one')
    const ids = client.messages
      .filter(({ topic }) => topic === 'portwire/greenhouse/event/alarm')
      .map(({ json }) => json['id'])
    expect(ids).not.toContain('greenhouse:7f3a91c2:2')
    expect(ids).toContain('greenhouse:7f3a91c2:1')
    expect(lost).toBe(4 - ids.length)
  })

  it('R13: its health says how many events a broker that was killed may have forgotten', async () => {
    const { dir, mosquitto } = await setUp()
    const { gateway, port } = await start(dir, mosquitto)
    await gateway.connected
    for (const number of [1, 2, 3]) await port.emit('alarm', alarm, { number })
    await until(() => gateway.outbox()?.events === 0, 5_000, 'the broker has acknowledged them')
    await mosquitto.kill()
    await until(() => !gateway.mqtt().connected, 5_000, 'the connection is lost')
    await mosquitto.start()
    await until(() => gateway.mqtt().connected, 5_000, 'the connection is back')
    const client = await connectClient(mosquitto.url, ['portwire/bridge/response/health'])
    onTestFinished(() => client.end())
    await client.publish('portwire/bridge/request/health', '')
    const { json } = await client.next('portwire/bridge/response/health')
    expect(json).toMatchObject({ data: { outbox: { records: 0, unconfirmed: 3 } } })
  })

  it('its health says how many records and bytes wait on the disk', async () => {
    const { dir, mosquitto } = await setUp()
    await mosquitto.kill()
    const first = await start(dir, mosquitto)
    for (const number of [1, 2, 3]) await first.port.emit('alarm', alarm, { number })
    await first.gateway.close()
    await mosquitto.start()
    const client = await connectClient(mosquitto.url, ['portwire/bridge/health'])
    onTestFinished(() => client.end())
    await start(dir, mosquitto)
    const { json } = await client.next('portwire/bridge/health')
    expect(json['outbox']).toMatchObject({ records: 3, is_open: true, quarantined: 0 })
    expect((json['outbox'] as { bytes: number }).bytes).toBeGreaterThan(100)
  })

  it('a second gateway with the same outbox is refused, and told who has it', async () => {
    const { dir, mosquitto } = await setUp()
    await start(dir, mosquitto)
    await expect(start(dir, mosquitto)).rejects.toMatchObject({
      code: 'OUTBOX_BUSY',
      message: expect.stringContaining(`by process ${process.pid}`),
    })
  })
})
