/** Commands that a broker has kept while nobody took them: how old they are is known under MQTT 5, and not under 3.1.1. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.js'
import { LIMITS, startGateway } from '../../../src/gateway/index.js'
import { createFakePort } from '../fake-port.js'
import { startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { startProxy } from '../proxy.js'
import { configWith, startTestGateway } from '../support.js'
import { until } from '../until.js'

const SET_VENT = 'portwire/greenhouse/call/setVent'
const RESPONSE = 'portwire/greenhouse/response'

async function start() {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const client = await connectClient(mosquitto.url, [RESPONSE], { protocolVersion: 5 })
  onTestFinished(() => client.end())
  const answered = (transaction: string) => client.next(RESPONSE, ({ json }) => json['transaction'] === transaction)
  return { mosquitto, client, answered }
}

const at = (url: string, version: 4 | 5) => ({ server: { kind: 'external', url } as const, version })

describe('a command that was sent while no gateway was there', () => {
  it('is not run under MQTT 3.1.1, where nobody can say how old it is, and the log says so', async () => {
    const { mosquitto, client, answered } = await start()
    const first = await startTestGateway(at(mosquitto.url, 4))
    await first.gateway.close()
    await client.publish(SET_VENT, { open: 1, transaction: 'old' })
    const second = await startTestGateway(at(mosquitto.url, 4))
    await client.publish(SET_VENT, { open: 0.5, transaction: 'new' })
    await answered('new')
    expect(second.port.calls.map(({ args }) => args)).toEqual([{ open: 0.5 }])
    expect(second.log.filter((line) => line.includes('kept'))).toHaveLength(1)
  })

  it('is run under MQTT 5 unless it has expired', async () => {
    const { mosquitto, client, answered } = await start()
    const first = await startTestGateway(at(mosquitto.url, 5))
    await first.gateway.close()
    await client.publish(SET_VENT, { open: 1, transaction: 'brief' }, { properties: { messageExpiryInterval: 1 } })
    await client.publish(SET_VENT, { open: 0.5, transaction: 'lasting' }, { properties: { messageExpiryInterval: 60 } })
    await new Promise((resolve) => systemClock.after(2_100, () => resolve(undefined)))
    const second = await startTestGateway(at(mosquitto.url, 5))
    await answered('lasting')
    expect(second.port.calls.map(({ args }) => args)).toEqual([{ open: 0.5 }])
  })
})

describe('a command that was sent while the link was down, under MQTT 3.1.1', () => {
  /** Cuts the link and holds the next try until the test lets it go, so much later by the clock of the gateway. */
  async function outage(afterMs: number) {
    const { mosquitto, client, answered } = await start()
    const proxy = await startProxy(mosquitto.port)
    const port = createFakePort()
    let addedMs = 0
    let retry: (() => void) | undefined
    const reconnectMs = 777
    const config = configWith({ ...at(proxy.url, 4), reconnectMinMs: reconnectMs, reconnectMaxMs: reconnectMs })
    const gateway = await startGateway(config, {
      openPort: () => port,
      clock: {
        nowMs: () => systemClock.nowMs() + addedMs,
        after(delayMs, run) {
          if (delayMs !== reconnectMs) return systemClock.after(delayMs, run)
          retry = run
          return () => {}
        },
      },
    })
    onTestFinished(() => gateway.close())
    await gateway.connected
    proxy.cut()
    await until(() => retry !== undefined, 5_000, 'the link is lost')
    await client.publish(SET_VENT, { open: 1, transaction: 'kept' })
    addedMs = afterMs
    retry!()
    await until(() => gateway.mqtt().connected, 5_000, 'the link is back')
    await client.publish(SET_VENT, { open: 0.5, transaction: 'new' })
    await answered('new')
    return port.calls.map(({ args }) => args)
  }

  it('is run when the link is back before a session at an MQTT 5 broker would be over', async () => {
    expect(await outage(LIMITS.sessionExpirySeconds * 1_000 - 10_000)).toEqual([{ open: 1 }, { open: 0.5 }])
  })

  it('is not run when the link was down for longer', async () => {
    expect(await outage(LIMITS.sessionExpirySeconds * 1_000 + 1_000)).toEqual([{ open: 0.5 }])
  })
})
