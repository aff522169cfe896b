// kill -9 of the gateway while a device sends 500 reliable events a second, at a real Mosquitto: what was acknowledged to the device
// reaches the consumer, in order, and what comes twice has an id that was seen. PORTWIRE_KILLS sets another number: 1,000 every night.

import { once } from 'node:events'
import { join } from 'node:path'
import { sleep, startBroker, startConsumer, startDevice, startGatewayProcess } from './gateway-kill/setup.mjs'

const EVENTS_PER_SECOND = 500
const FULL_KILLS = 100
const SHORT_KILLS = 10
/** Less is no test; a slow disk makes the device keep the rest. */
const LEAST_PER_KILL = 50
/** A gateway runs so long before it is killed, drawn evenly. */
const LIFE_MS = [500, 1_500]
const DRAIN_MS = 30_000

export async function* run({ seed, isFull }) {
  const kills = Number(process.env.PORTWIRE_KILLS ?? (isFull ? FULL_KILLS : SHORT_KILLS))
  const random = seeded(seed)
  const broker = await startBroker()
  const consumer = await startConsumer(broker.url)
  const device = startDevice(EVENTS_PER_SECOND)
  const dir = join(broker.folder, 'outbox')
  const recoveriesMs = []
  let gateway
  try {
    for (let kill = 0; kill <= kills; kill++) {
      const startMs = performance.now()
      gateway = await startGatewayProcess(broker.url, dir)
      const before = consumer.figures.received
      device.attach(gateway)
      while (consumer.figures.received === before) await sleep(2)
      if (kill > 0) recoveriesMs.push(consumer.figures.atMs - startMs)
      await sleep(LIFE_MS[0] + random() * (LIFE_MS[1] - LIFE_MS[0]))
      if (kill === kills) break
      device.detach()
      gateway.kill('SIGKILL')
      await once(gateway, 'exit')
    }
    device.stop()
    for (
      let waitedMs = 0;
      waitedMs < DRAIN_MS && (device.keeping > 0 || consumer.seen.size < device.stored.size);
      waitedMs += 20
    )
      await sleep(20)
    const lost = [...device.stored].filter((n) => !consumer.seen.has(n)).length
    const { received, duplicates, outOfOrder, foreign, windowDuplicates } = consumer.figures
    recoveriesMs.sort((a, b) => a - b)
    const p95Ms = Math.round(recoveriesMs[Math.ceil(recoveriesMs.length * 0.95) - 1])
    const maxMs = Math.round(recoveriesMs.at(-1))
    const duplicatesPercent = Math.round((duplicates / device.stored.size) * 1_000) / 10
    yield {
      what: `${kills} kills of the gateway at ${EVENTS_PER_SECOND} reliable events/s, Mosquitto, QoS 1`,
      figures: {
        made: device.made,
        acknowledged: device.stored.size,
        received,
        lost,
        duplicatesPercent,
        windowDuplicates,
        outOfOrder,
        foreign,
        recoveryP95Ms: p95Ms,
        recoveryMaxMs: maxMs,
      },
      target:
        '0 acknowledged lost, at most 10 % duplicates, all of a seen id and none for a consumer that remembers 4,096 ids, 0 first deliveries out of order; in full: recovery p95 at most 1,500 ms, at most 3,000 ms',
      ok:
        lost === 0 &&
        device.stored.size >= LEAST_PER_KILL * kills &&
        duplicatesPercent <= 10 &&
        windowDuplicates + outOfOrder + foreign === 0 &&
        (!isFull || (p95Ms <= 1_500 && maxMs <= 3_000)),
    }
  } finally {
    device.stop()
    gateway?.kill('SIGKILL')
    await consumer.end()
    await broker.remove()
  }
}

/** Mulberry32 by Tommy Ettinger, public domain. */
function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
