// Events from devices to a real Mosquitto, beside bare loops of mqtt.js in the same run: reliable ones, on disk before their device is
// acknowledged; plain ones of spawned devices; one device on a slow disk; and 64 and 256 devices that are called.

import { join } from 'node:path'
import mqtt from 'mqtt'
import { MQTT_DEFAULTS, OUTBOX_DEFAULTS, startGateway } from '../../dist/gateway/index.js'
import { defineContract } from '../../dist/index.js'
import { startBroker } from '../soak/gateway-kill/setup.mjs'
import { nativeRows } from './bridge/native.mjs'
import { plainRows } from './bridge/plain.mjs'
import { slowDiskRows } from './bridge/slow-disk.mjs'
import { run as manyRows } from './many.mjs'

const EVENTS = 100_000
/** Devices that hand over reliable events, each one after the other. */
const DEVICES = 128
const TARGET_PER_SECOND = 20_000
/** More than the devices here make: the quota of a device is not what is measured. */
const NO_QUOTA = { eventsPerSecond: 100_000, burst: 100_000 }

const contract = defineContract({
  name: 'meter',
  version: '1',
  actions: { ping: { args: {}, result: 'u8' } },
  events: { reading: { fields: { n: 'u32' }, acknowledged: true } },
})

export async function* run() {
  const broker = await startBroker()
  try {
    const bare = await bareLoop(broker.url)
    yield { figure: 'bare loop of mqtt.js, QoS 1, 128 in flight', events: EVENTS, events_per_second: bare }
    const perSecond = await durable(broker)
    yield {
      figure: `reliable events of ${DEVICES} devices, durable, QoS 1, acknowledged by Mosquitto`,
      events: EVENTS,
      events_per_second: perSecond,
      of_bare: Math.round((perSecond / bare) * 100) / 100,
      target_per_second: TARGET_PER_SECOND,
      met: perSecond >= TARGET_PER_SECOND,
    }
    yield* nativeRows(broker)
    yield* plainRows(broker)
    yield* slowDiskRows(broker)
  } finally {
    await broker.remove()
  }
  yield* manyRows()
}

async function bareLoop(url) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  const startMs = performance.now()
  let sent = 0
  const worker = async () => {
    for (; sent < EVENTS; ) {
      sent += 1
      await client.publishAsync(
        'portwire/bare/event/reading',
        `{"n":${sent},"id":"meter:00000001:${sent}","at":"2026-11-20T10:15:02.120Z"}`,
        { qos: 1 },
      )
    }
  }
  await Promise.all(Array.from({ length: 128 }, worker))
  const perSecond = Math.round(EVENTS / ((performance.now() - startMs) / 1_000))
  await client.endAsync()
  return perSecond
}

async function durable(broker) {
  const consumers = new Map()
  const names = Array.from({ length: DEVICES }, (_, n) => `meter${n}`)
  const gateway = await startGateway(
    {
      mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url: broker.url } },
      outbox: { ...OUTBOX_DEFAULTS, dir: join(broker.folder, 'outbox') },
      devices: names.map((name) => ({ name, target: { serial: name }, contract, retain: false, eventQuota: NO_QUOTA })),
      shown: {},
    },
    { openPort: ({ name }) => portOf(name, consumers) },
  )
  await gateway.connected
  const startMs = performance.now()
  let made = 0
  const worker = async (name) => {
    for (let number = 0; made < EVENTS; number++) {
      made += 1
      await consumers.get(name)({ n: number }, { epoch: 1, number, id: `${name}:00000001:${number}` })
    }
  }
  await Promise.all(names.map(worker))
  while (gateway.outbox().events > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const perSecond = Math.round(EVENTS / ((performance.now() - startMs) / 1_000))
  await gateway.close()
  return perSecond
}

function portOf(name, consumers) {
  return {
    watch: () => () => {},
    on: () => () => {},
    consume(_event, consumer) {
      consumers.set(name, consumer)
      return () => {}
    },
    call: async () => 0,
    close: async () => ({ kind: 'closed' }),
    info: () => ({ link: name, state: 'running', session: 1, restarts: 0 }),
  }
}
