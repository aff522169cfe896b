/** Reliable events to a real Mosquitto over a network that fails in each of eight ways: none is lost, and a dead link is found out. */

import { MQTT_DEFAULTS, startGateway } from '../../src/gateway/index.js'
import type { Contract } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { seeded } from '../../src/testing/seeded.js'
import { createFakePort } from '../gateway/fake-port.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { startToxicProxy, type Toxic } from '../gateway/toxic-proxy.js'
import { until } from '../gateway/until.js'
import type { Soak, SoakResult } from './soak.js'

const EVENTS_PER_SECOND = 20
/** mqtt.js gives up a link after 1.5 times the keepalive. */
const NOTICED = 1.5
const LOOK_MS = 500

interface Length {
  readonly faultMs: number
  readonly keepaliveSeconds: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
  /** More than what is said after every connection. */
  readonly limitBytes: number
}
const FULL: Length = {
  faultMs: 60_000,
  keepaliveSeconds: 10,
  reconnectMinMs: 1_000,
  reconnectMaxMs: 30_000,
  limitBytes: 64_000,
}
const SHORT: Length = {
  faultMs: 3_000,
  keepaliveSeconds: 1,
  reconnectMinMs: 50,
  reconnectMaxMs: 300,
  limitBytes: 24_000,
}

export const run: Soak = async function* ({ isFull, seed }) {
  const length = isFull ? FULL : SHORT
  const toxics: readonly Toxic[] = [
    { kind: 'latency', latencyMs: 500, jitterMs: 300 },
    { kind: 'bandwidth', bytesPerSecond: 10_000 },
    { kind: 'slicer', bytes: 1 },
    { kind: 'reset_peer', afterMs: 2_000 },
    { kind: 'timeout' },
    { kind: 'slow_close', afterMs: 1_500, delayMs: 1_000 },
    { kind: 'limit_data', bytes: length.limitBytes },
    { kind: 'down' },
  ]
  for (const [at, toxic] of toxics.entries()) yield await suffer(toxic, length, seed + at)
}

async function suffer(toxic: Toxic, length: Length, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const mosquitto = await startMosquitto()
  const proxy = await startToxicProxy(mosquitto.port, random)
  const client = await connectClient(mosquitto.url, ['portwire/greenhouse/event/#'])
  const port = createFakePort()
  let noticedMs: number | undefined
  let faultAtMs = 0
  const { faultMs, limitBytes: _, ...mqtt } = length
  const gateway = await startGateway(
    {
      mqtt: { ...MQTT_DEFAULTS, ...mqtt, server: { kind: 'external', url: `mqtt://127.0.0.1:${proxy.port}` } },
      devices: [
        {
          name: 'greenhouse',
          target: { serial: '/dev/fake' },
          contract: greenhouse as unknown as Contract,
          retain: true,
        },
      ],
      shown: { version: 1 },
    },
    {
      openPort: () => port,
      random,
      log: (_level, _namespace, message) => {
        if (faultAtMs > 0 && /trying again/.test(message)) noticedMs ??= performance.now() - faultAtMs
      },
    },
  )
  try {
    await gateway.connected
    await proxy.set(toxic)
    faultAtMs = performance.now()
    const pending: Promise<void>[] = []
    let number = 0
    while (performance.now() - faultAtMs < faultMs) {
      number += 1
      pending.push(port.emit('alarm', { celsius: number, high: true }, { number }))
      await new Promise((resolve) => setTimeout(resolve, 1_000 / EVENTS_PER_SECOND))
    }
    const acknowledgedMeanwhile = client.messages.length
    await proxy.set({ kind: 'none' })
    const healedAtMs = performance.now()
    // Acknowledged to the device; what was acknowledged has to be with the subscriber.
    await within(Promise.all(pending), faultMs + 120_000)
    const healedMs = performance.now() - healedAtMs
    await until(() => distinct(client.messages) >= number, 5_000, 'all events').catch(() => {})
    const lost = number - distinct(client.messages)
    const isHalfOpen = toxic.kind === 'timeout'
    const noticedLimitMs = length.keepaliveSeconds * NOTICED * 1_000 + LOOK_MS
    return {
      what: `${toxic.kind}, ${faultMs / 1_000} s`,
      figures: {
        events: number,
        lost,
        duplicates: client.messages.length - distinct(client.messages),
        heardMeanwhile: acknowledgedMeanwhile,
        connections: proxy.connections,
        healedMs: Math.round(healedMs),
        ...(isHalfOpen && { noticedMs: Math.round(noticedMs ?? Number.NaN) }),
      },
      target: isHalfOpen ? `0 lost, noticed <= ${noticedLimitMs} ms` : '0 lost',
      ok: lost === 0 && (!isHalfOpen || (noticedMs ?? Number.POSITIVE_INFINITY) <= noticedLimitMs),
    }
  } finally {
    await gateway.close()
    await client.end()
    await proxy.close()
    await mosquitto.remove()
  }
}

function distinct(messages: readonly { readonly json: Record<string, unknown> }[]): number {
  return new Set(messages.map(({ json }) => json['id'])).size
}

/** Resolves also when it takes longer: what is missing then is counted as lost. */
async function within(all: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([all, late])
  clearTimeout(timer)
}
