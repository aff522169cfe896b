/** The gateway with its outbox on a real disk, at a real Mosquitto. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
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

async function start(dir: string, mosquitto: Mosquitto) {
  const port = createFakePort()
  const config = {
    ...configWith({ server: { kind: 'external', url: mosquitto.url } as const }),
    outbox: { ...OUTBOX_DEFAULTS, dir },
  }
  const gateway: Gateway = await startGateway(config, { openPort: () => port })
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

  it('a second gateway with the same outbox is refused, and told who has it', async () => {
    const { dir, mosquitto } = await setUp()
    await start(dir, mosquitto)
    await expect(start(dir, mosquitto)).rejects.toMatchObject({
      code: 'OUTBOX_BUSY',
      message: expect.stringContaining(`by process ${process.pid}`),
    })
  })
})
