// kill -9 of the broker, which keeps nothing, again and again, while the gateway holds what was acknowledged for 5 s: nothing is lost.

import { join } from 'node:path'
import { sleep, startBroker, startConsumer, startDevice, startGatewayProcess } from './gateway-kill/setup.mjs'

const EVENTS_PER_SECOND = 500
const HOLD_MS = 5_000
const FULL_KILLS = 30
const SHORT_KILLS = 5
const EVERY_MS = 1_000
const DRAIN_MS = 60_000

export async function* run({ isFull }) {
  const kills = isFull ? FULL_KILLS : SHORT_KILLS
  const broker = await startBroker()
  const consumer = await startConsumer(broker.url)
  const gateway = await startGatewayProcess(broker.url, join(broker.folder, 'outbox'), HOLD_MS)
  const device = startDevice(EVENTS_PER_SECOND)
  device.attach(gateway)
  try {
    for (let kill = 0; kill < kills; kill++) {
      await sleep(EVERY_MS)
      await broker.kill()
      await broker.start()
    }
    await sleep(EVERY_MS)
    device.stop()
    const missing = () => [...device.stored].filter((n) => !consumer.seen.has(n)).length
    for (let waitedMs = 0; waitedMs < DRAIN_MS && (device.keeping > 0 || missing() > 0); waitedMs += 100)
      await sleep(100)
    const { received, duplicates, outOfOrder, longestPauseMs } = consumer.figures
    const timesReceived = Math.round((received / device.made) * 10) / 10
    yield {
      what: `${kills} kills of a broker without persistence at ${EVERY_MS} ms, ${EVENTS_PER_SECOND} reliable events/s, hold ${HOLD_MS} ms`,
      figures: {
        made: device.made,
        acknowledged: device.stored.size,
        received,
        duplicates,
        timesReceived,
        lost: missing(),
        outOfOrder,
        longestPauseMs: Math.round(longestPauseMs),
      },
      target: '0 lost, each received at most 3 times on average, new events never stop for more than 5 s',
      ok: missing() === 0 && device.keeping === 0 && timesReceived <= 3 && longestPauseMs <= 5_000,
    }
  } finally {
    device.stop()
    gateway.kill('SIGKILL')
    await consumer.end()
    await broker.remove()
  }
}
