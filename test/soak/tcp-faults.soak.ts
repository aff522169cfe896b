/** Reliable events to a real Mosquitto over a network that fails in each of eight ways, with the outbox on the disk as by default: none
 * is lost, and a dead link is found out. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MQTT_DEFAULTS, OUTBOX_DEFAULTS, startGateway } from '../../src/gateway/index.js'
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
/** Before the fault, so that it meets a link in use. */
const BEFORE_MS = 1_000

interface Length {
  readonly faultMs: number
  readonly keepaliveSeconds: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
  /** More than what is said after every connection. */
  readonly limitBytes: number
  /** What a shared machine may add to 1.5 times the keepalive. */
  readonly slackMs: number
}
const FULL: Length = {
  faultMs: 60_000,
  keepaliveSeconds: 10,
  reconnectMinMs: 1_000,
  reconnectMaxMs: 30_000,
  limitBytes: 64_000,
  slackMs: 0,
}
const SHORT: Length = {
  faultMs: 3_000,
  keepaliveSeconds: 1,
  reconnectMinMs: 50,
  reconnectMaxMs: 300,
  limitBytes: 24_000,
  slackMs: 500,
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
  const folder = mkdtempSync(join(tmpdir(), 'portwire-tcp-faults-'))
  const mosquitto = await startMosquitto()
  const proxy = await startToxicProxy(mosquitto.port, random)
  const client = await connectClient(mosquitto.url, ['portwire/greenhouse/event/#'])
  const port = createFakePort()
  let noticedMs: number | undefined
  let faultAtMs = 0
  const { faultMs, keepaliveSeconds, reconnectMinMs, reconnectMaxMs } = length
  const gateway = await startGateway(
    {
      mqtt: {
        ...MQTT_DEFAULTS,
        server: { kind: 'external', url: `mqtt://127.0.0.1:${proxy.port}` },
        keepaliveSeconds,
        reconnectMinMs,
        reconnectMaxMs,
      },
      outbox: { ...OUTBOX_DEFAULTS, dir: join(folder, 'outbox') },
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
    const pending: Promise<void>[] = []
    let number = 0
    const emitFor = async (ms: number) => {
      const fromMs = performance.now()
      while (performance.now() - fromMs < ms) {
        number += 1
        pending.push(port.emit('alarm', { celsius: number, high: true }, { number }))
        await new Promise((resolve) => setTimeout(resolve, 1_000 / EVENTS_PER_SECOND))
      }
    }
    await emitFor(BEFORE_MS)
    const heardBefore = client.messages.length
    await proxy.set(toxic)
    faultAtMs = performance.now()
    await emitFor(faultMs)
    const heardMeanwhile = client.messages.length - heardBefore
    await proxy.set({ kind: 'none' })
    const healedAtMs = performance.now()
    // What is late is waited for; what is missing then is counted as lost.
    const all = () => distinct(client.messages) >= number
    await until(all, faultMs + 120_000, 'all events').catch(() => {})
    const healedMs = performance.now() - healedAtMs
    // Each was acknowledged to its device, when it was on the disk.
    await Promise.all(pending)
    const lost = number - distinct(client.messages)
    const isHalfOpen = toxic.kind === 'timeout'
    const noticedLimitMs = keepaliveSeconds * NOTICED * 1_000 + length.slackMs
    return {
      what: `${toxic.kind}, ${faultMs / 1_000} s`,
      figures: {
        events: number,
        lost,
        duplicates: client.messages.length - distinct(client.messages),
        heardMeanwhile,
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
    rmSync(folder, { recursive: true })
  }
}

function distinct(messages: readonly { readonly json: Record<string, unknown> }[]): number {
  return new Set(messages.map(({ json }) => json['id'])).size
}
