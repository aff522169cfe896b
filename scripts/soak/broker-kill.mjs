// kill -9 of the broker, which keeps nothing, again and again. While the gateway holds what was acknowledged for 5 s nothing is lost;
// without hold no more is lost than the gateway says may be.

import { once } from 'node:events'
import { join } from 'node:path'
import { sleep, startBroker, startConsumer, startDevice, startGatewayProcess } from './gateway-kill/setup.mjs'

const EVENTS_PER_SECOND = 500
const HOLD_MS = 5_000
const FULL_KILLS = 30
const SHORT_KILLS = 5
/** Of the full run: no slower device, and no time without one, makes losses rare. */
const LEAST_EVENTS = 15_000
const EVERY_MS = 1_000
const DRAIN_MS = 60_000
const NOTICE_MS = 5_000

export async function* run({ isFull }) {
  const kills = isFull ? FULL_KILLS : SHORT_KILLS
  const isEnough = ({ made }) => !isFull || made >= LEAST_EVENTS
  const what = `${kills} kills of a broker without persistence at ${EVERY_MS} ms, ${EVENTS_PER_SECOND} reliable events/s`
  const held = await killed(kills, HOLD_MS)
  yield {
    what: `${what}, hold ${HOLD_MS} ms`,
    figures: held,
    target: `0 lost (of ${LEAST_EVENTS} at least, in full), each received at most 3 times on average, new events never stop for more than 5 s`,
    ok:
      isEnough(held) &&
      held.lost === 0 &&
      held.keeping === 0 &&
      held.timesReceived <= 3 &&
      held.longestPauseMs <= 5_000,
  }
  const believed = await killed(kills, 0)
  yield {
    what: `${what}, no hold, and a last kill when all was acknowledged`,
    figures: believed,
    target: 'lost at most what the gateway says is unconfirmed; nothing else is lost',
    ok: isEnough(believed) && believed.keeping === 0 && believed.lost <= believed.unconfirmed,
  }
}

async function killed(kills, holdMs) {
  const broker = await startBroker()
  const consumer = await startConsumer(broker.url)
  const gateway = await startGatewayProcess(broker.url, join(broker.folder, 'outbox'), holdMs)
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
    const isOver = async () =>
      device.keeping === 0 && (holdMs > 0 ? missing() === 0 : (await ask(gateway)).outbox.events === 0)
    for (let waitedMs = 0; waitedMs < DRAIN_MS && !(await isOver()); waitedMs += 100) await sleep(100)
    // What a broker may have forgotten is said when its connection is lost.
    await sleep(EVERY_MS)
    await broker.kill()
    let last = await ask(gateway)
    for (let waitedMs = 0; waitedMs < NOTICE_MS && last.connected; waitedMs += 20) {
      await sleep(20)
      last = await ask(gateway)
    }
    const { received, duplicates, outOfOrder, longestPauseMs } = consumer.figures
    return {
      made: device.made,
      acknowledged: device.stored.size,
      keeping: device.keeping,
      received,
      duplicates,
      timesReceived: Math.round((received / device.made) * 10) / 10,
      lost: missing(),
      unconfirmed: last.outbox.unconfirmed,
      outOfOrder,
      longestPauseMs: Math.round(longestPauseMs),
    }
  } finally {
    device.stop()
    gateway.kill('SIGKILL')
    await consumer.end()
    await broker.remove()
  }
}

async function ask(gateway) {
  gateway.send({ ask: true })
  for (;;) {
    const [answer] = await once(gateway, 'message')
    if (answer.outbox) return answer
  }
}
