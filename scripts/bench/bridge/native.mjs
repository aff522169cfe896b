// Plain events of spawned native devices over the whole gateway, beside bare loops of mqtt.js in the same run. The loops send the same
// messages: the topic, the JSON of each event made of an object, and every 100 ms the state, retained, QoS 1.

import mqtt from 'mqtt'
import { MQTT_DEFAULTS, startGateway } from '../../../dist/gateway/index.js'
import { createPort } from '../../../dist/index.js'
import { buildEvents } from '../ports/build.mjs'
import { nativeMeter } from './contract.mjs'
import { median } from './plain.mjs'

const REPEATS = 7
const EVENTS = 100_000
const DEVICES = 4
const BURST = 250
/** No device is asked for more while so much waits: none is to be dropped. */
const WAITING_MESSAGES = 4_000
const SOCKET_BYTES = 64 * 1024
const STATE_MS = 100
const TARGET_OF_BARE = 0.8

export async function* nativeRows(broker) {
  const program = buildEvents()
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 })
  const at = [0, 1].map((qos) => startNative(broker.url, program, qos))
  const [once, confirmed] = await Promise.all(at)
  const rows = [
    { name: 'bare loop of mqtt.js, QoS 0, JSON of an object', run: () => bareOnce(client) },
    { name: 'bare loop of mqtt.js, QoS 1, 128 in flight, JSON of an object', run: () => bareConfirmed(client) },
    { name: `plain events of ${DEVICES} native devices, qos: 0`, run: () => events(once), bare: 0 },
    { name: `plain events of ${DEVICES} native devices, outbox: memory, QoS 1`, run: () => events(confirmed), bare: 1 },
  ]
  // Log lines from before the connection are none of the events.
  const droppedOf = ({ gateway }) => Object.values(gateway.mqtt().dropped).reduce((sum, count) => sum + count, 0)
  const droppedBefore = droppedOf(once) + droppedOf(confirmed)
  const receivedBefore = received(once) + received(confirmed)
  const taken = rows.map(() => [])
  for (const { run } of rows) await run() // warm
  // Interleaved: a load from outside falls on all of a repeat.
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const [n, { run }] of rows.entries()) taken[n].push(await measured(run))
  }
  const dropped = droppedOf(once) + droppedOf(confirmed) - droppedBefore
  const missing = 2 * (REPEATS + 1) * EVENTS - (received(once) + received(confirmed) - receivedBefore)
  await Promise.all([client.endAsync(), once.gateway.close(), confirmed.gateway.close()])
  for (const [n, { name, bare }] of rows.entries()) {
    const over = (key) => taken[n].map((figure, i) => figure[key] / taken[bare][i][key])
    const rate = {
      figure: name,
      repeats: REPEATS,
      events: EVENTS,
      events_per_second: Math.round(median(taken[n].map(({ perSecond }) => perSecond))),
      processor_us_per_event: round(median(taken[n].map(({ cpuUs }) => cpuUs))),
    }
    if (bare === undefined) yield rate
    else {
      const ofBare = median(over('perSecond'))
      yield {
        ...rate,
        dropped,
        missing,
        of_bare: round(ofBare),
        of_bare_lowest: round(Math.min(...over('perSecond'))),
        // The target is one of QoS 0.
        ...(bare === 0 && {
          target_of_bare: TARGET_OF_BARE,
          met: ofBare >= TARGET_OF_BARE && dropped === 0 && missing === 0,
        }),
      }
    }
  }
}

const received = ({ ports }) => ports.reduce((sum, port) => sum + port.info().counters.eventsReceived, 0)

async function measured(run) {
  const before = process.cpuUsage()
  const startMs = performance.now()
  await run()
  const perSecond = EVENTS / ((performance.now() - startMs) / 1_000)
  const { user, system } = process.cpuUsage(before)
  return { perSecond, cpuUs: (user + system) / EVENTS }
}

const reading = (n) => ({ n, celsius: 20 + (n % 100) / 10 })

function payloadOf(n) {
  return JSON.stringify({ ...reading(n), id: `meter0:00000001:0badcafe-${n}`, at: new Date().toISOString() })
}

function withState(client) {
  const say = () => client.publish('bare/meter0', JSON.stringify(reading(0)), { qos: 1, retain: true })
  const timer = setInterval(say, STATE_MS)
  return () => clearInterval(timer)
}

/** As fast as the socket takes them. */
async function bareOnce(client) {
  const stop = withState(client)
  for (let sent = 0; sent < EVENTS; ) {
    for (let burst = 0; burst < BURST; burst++, sent++) {
      client.publish('bare/meter0/event/reading', payloadOf(sent), { qos: 0 })
    }
    do await new Promise(setImmediate)
    while (client.stream.writableLength > SOCKET_BYTES)
  }
  while (client.stream.writableLength > 0) await new Promise(setImmediate)
  stop()
}

async function bareConfirmed(client) {
  const stop = withState(client)
  let sent = 0
  const worker = async () => {
    while (sent < EVENTS) {
      sent += 1
      await client.publishAsync('bare/meter0/event/reading', payloadOf(sent), { qos: 1 })
    }
  }
  await Promise.all(Array.from({ length: 128 }, worker))
  stop()
}

async function startNative(url, program, qos) {
  const ports = []
  const gateway = await startGateway(
    {
      mqtt: {
        ...MQTT_DEFAULTS,
        server: { kind: 'external', url },
        clientId: `native${qos}`,
        baseTopic: `native${qos}`,
      },
      devices: Array.from({ length: DEVICES }, (_, n) => ({
        name: `meter${n}`,
        target: { spawn: program },
        eventQuota: { eventsPerSecond: 100_000, burst: 100_000 },
        contract: nativeMeter,
        retain: true,
        qos,
      })),
      shown: {},
    },
    {
      openPort({ name }) {
        const port = createPort(nativeMeter, { spawn: program, name })
        ports.push(port)
        return port
      },
    },
  )
  await Promise.all([gateway.connected, ...ports.map((port) => port.ready())])
  return { gateway, ports }
}

async function events({ gateway, ports }) {
  const waiting = () => gateway.mqtt().waiting
  let asked = 0
  const worker = async (port) => {
    while (asked < EVENTS) {
      asked += BURST // EVENTS is a multiple
      await port.call('burst', { count: BURST })
      while (waiting().messages > WAITING_MESSAGES || waiting().socketBytes > SOCKET_BYTES)
        await new Promise(setImmediate)
    }
  }
  await Promise.all(ports.map(worker))
  while (waiting().messages > 0 || waiting().socketBytes > 0) await new Promise(setImmediate)
}

const round = (figure) => Math.round(figure * 100) / 100
