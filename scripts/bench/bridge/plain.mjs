// Plain events of a spawned device over the whole gateway, beside bare loops of mqtt.js in the same run.

import { join } from 'node:path'
import mqtt from 'mqtt'
import { startSpawned } from './gateway.mjs'

const REPEATS = 5
const EVENTS = 20_000
const BURST = 500
/** The device is not asked for more while so many wait: none is to be dropped. */
const WAITING = 4_000

export async function* plainRows(broker) {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 })
  const memory = await startSpawned({ url: broker.url, clientId: 'memory' })
  const disk = await startSpawned({ url: broker.url, clientId: 'disk', outbox: join(broker.folder, 'outbox-plain') })
  const rows = [
    { name: 'bare loop of mqtt.js, QoS 0', once: () => bare(client, 0) },
    { name: 'bare loop of mqtt.js, QoS 1, 128 in flight', once: () => bare(client, 1) },
    { name: 'plain events of a spawned device, outbox: memory, QoS 1', once: () => spawned(memory) },
    { name: 'plain events of a spawned device, durable, QoS 1', once: () => spawned(disk) },
  ]
  const rates = new Map(rows.map(({ name }) => [name, []]))
  for (const { once } of rows) await once() // warm
  // Interleaved: a load from outside falls on all of a repeat.
  for (let repeat = 0; repeat < REPEATS; repeat++) for (const { name, once } of rows) rates.get(name).push(await once())
  const lost = [memory, disk].reduce(
    (sum, { gateway }) => sum + gateway.mqtt().dropped.full + (gateway.outbox()?.dropped.full ?? 0),
    0,
  )
  await Promise.all([client.endAsync(), memory.gateway.close(), disk.gateway.close()])
  const over = (name, other) =>
    Math.round(median(rates.get(name).map((rate, i) => rate / rates.get(other)[i])) * 100) / 100
  for (const [at, { name }] of rows.entries()) {
    const figure = {
      figure: name,
      repeats: REPEATS,
      events: EVENTS,
      events_per_second: Math.round(median(rates.get(name))),
    }
    if (at < 2) yield figure
    else {
      const ofQos1 = over(name, rows[1].name)
      yield {
        ...figure,
        dropped: lost,
        of_bare_qos0: over(name, rows[0].name),
        of_bare_qos1: ofQos1,
      }
    }
  }
}

async function bare(client, qos) {
  const startMs = performance.now()
  let sent = 0
  const worker = async () => {
    while (sent < EVENTS) {
      sent += 1
      await client.publishAsync(
        'bare/meter/event/reading',
        `{"n":${sent},"id":"meter:00000001:${sent}","at":"2026-11-20T10:15:02.120Z"}`,
        { qos },
      )
    }
  }
  await Promise.all(Array.from({ length: 128 }, worker))
  return perSecond(startMs)
}

async function spawned({ gateway, port }) {
  const waiting = () =>
    gateway.mqtt().waiting.messages + (gateway.outbox()?.events ?? 0) + (gateway.outbox()?.waiting ?? 0)
  const startMs = performance.now()
  for (let sent = 0; sent < EVENTS; sent += BURST) {
    await port.call('burst', { count: BURST })
    while (waiting() > WAITING) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  return perSecond(startMs)
}

const perSecond = (startMs) => EVENTS / ((performance.now() - startMs) / 1_000)

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
}
