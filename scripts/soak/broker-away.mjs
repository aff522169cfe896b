// The broker is away for an hour of 500 events/s, as fast as they can be made: all of them are on the disk, and in memory next to
// nothing. Then it comes back. And the same with less room than events. PORTWIRE_EVENTS sets another number. PORTWIRE_REAL_TIME=1 makes
// them at 500/s, an hour for each of the two: the weekly run.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { root } from '../setup.mjs'
import { sleep, startBroker } from './gateway-kill/setup.mjs'

const DEVICES = 16
/** In real time; the process that makes them may be late by a hundredth. */
const EVENTS_PER_SECOND = 500
const LEAST_PER_SECOND = 495
/** For an hour. */
const FULL_EVENTS = EVENTS_PER_SECOND * 3_600
const SHORT_EVENTS = 20_000
/** Before that with the broker there, at the same rate: what the heap grows to then is no matter of the outage. */
const FULL_WARM_EVENTS = 100_000
const SHORT_WARM_EVENTS = 20_000
const MAX_BYTES = 512 * 1024 * 1024
/** Of an event, with all that is stored beside its payload; for the run that has room for a third of them. */
const EVENT_BYTES = 190
const MAX_GROWTH_MB = 50
const MIN_DRAIN_PER_SECOND = 5_000
const DRAIN_MS = 1_200_000

export async function* run({ isFull }) {
  const events = Number(process.env.PORTWIRE_EVENTS ?? (isFull ? FULL_EVENTS : SHORT_EVENTS))
  const warmEvents = isFull ? FULL_WARM_EVENTS : SHORT_WARM_EVENTS
  const isRealTime = process.env.PORTWIRE_REAL_TIME === '1'
  const pace = isRealTime ? { eventsPerSecond: EVENTS_PER_SECOND } : {}
  const whole = await away({ events, warmEvents, maxBytes: MAX_BYTES, pace })
  const { figures } = whole
  yield {
    what: `${events} reliable events of ${DEVICES} devices while the broker is away${isRealTime ? `, ${EVENTS_PER_SECOND} a second in real time` : ''}, then drained`,
    figures,
    target: `0 lost, per-device order, 512 MiB at most, resident memory at most ${MAX_GROWTH_MB} MB over that with the broker there, drained at ${MIN_DRAIN_PER_SECOND} events/s (full run)`,
    ok:
      figures.received === figures.made &&
      figures.dropped + figures.outOfOrder === 0 &&
      figures.diskMb <= MAX_BYTES / 1024 / 1024 &&
      figures.rssGrowthMb <= MAX_GROWTH_MB &&
      (!isRealTime || figures.storedPerSecond >= LEAST_PER_SECOND) &&
      (!isFull || figures.drainPerSecond >= MIN_DRAIN_PER_SECOND),
  }
  const over = await away({ events, warmEvents, maxBytes: Math.round((events * EVENT_BYTES) / 3), pace })
  yield {
    what: `the same with room for about a third of them`,
    figures: over.figures,
    target: 'generated = received + said to be dropped, exactly; per-device order; memory as before',
    ok:
      over.figures.dropped > 0 &&
      over.figures.received + over.figures.dropped === over.figures.made &&
      over.figures.outOfOrder === 0 &&
      over.figures.rssGrowthMb <= MAX_GROWTH_MB,
  }
}

async function away({ events, warmEvents, maxBytes, pace }) {
  const broker = await startBroker()
  const dir = join(broker.folder, 'outbox')
  const script = `${root}/scripts/soak/broker-away/gateway.mjs`
  const gateway = fork(script, [broker.url, dir, String(maxBytes), String(DEVICES)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let consumer
  try {
    await answerOf(gateway)
    gateway.send({ make: warmEvents })
    await answerOf(gateway)
    while ((await ask(gateway)).outbox.events > 0) await sleep(20)
    const { most: warm } = await ask(gateway)
    await broker.kill()
    gateway.send({ make: events, ...pace })
    const { made, perSecond } = await answerOf(gateway)
    const waiting = (await ask(gateway)).outbox
    const diskMb = megabytes(folderBytes(dir))
    // So that the consumer has subscribed before the first event goes out.
    gateway.kill('SIGSTOP')
    await broker.start()
    consumer = await startConsumer(broker.url)
    gateway.kill('SIGCONT')
    const startMs = performance.now()
    while ((await ask(gateway)).outbox.events > 0 && performance.now() - startMs < DRAIN_MS) await sleep(20)
    const drainMs = performance.now() - startMs
    const isThere = () => consumer.figures.received + consumer.figures.dropped >= made
    for (let waitedMs = 0; waitedMs < 10_000 && !isThere(); waitedMs += 20) await sleep(20)
    const { most } = await ask(gateway)
    return {
      figures: {
        made,
        storedPerSecond: perSecond,
        stored: waiting.events,
        diskMb,
        ...consumer.figures,
        drainPerSecond: Math.round(waiting.events / (drainMs / 1_000)),
        rssMb: megabytes(warm.rss),
        rssGrowthMb: megabytes(most.rss - warm.rss),
        // Private memory (RssAnon), and mapped files (RssFile): the most of each, not at the same time.
        ownGrowthMb: megabytes(most.own - warm.own),
        filesGrowthMb: megabytes(most.files - warm.files),
      },
    }
  } finally {
    gateway.kill('SIGKILL')
    await consumer?.end()
    await broker.remove()
  }
}

async function ask(gateway) {
  gateway.send({ ask: true })
  return answerOf(gateway)
}

/** Its next message. @throws  it has ended */
async function answerOf(gateway) {
  const stop = new AbortController()
  const { signal } = stop
  const ended = once(gateway, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`the gateway ended: ${by ?? `exit code ${code}`}`)
  })
  try {
    const [answer] = await Promise.race([once(gateway, 'message', { signal }), ended])
    return answer
  } finally {
    stop.abort()
  }
}

async function startConsumer(url) {
  const figures = { received: 0, duplicates: 0, outOfOrder: 0, dropped: 0 }
  /** By device, those that came; and the highest. */
  const seen = new Map()
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  client.on('message', (topic, bytes) => {
    const payload = JSON.parse(bytes)
    if (topic === 'portwire/bridge/event') {
      if (payload.type === 'events_dropped') figures.dropped += payload.data.count
      return
    }
    const device = topic.split('/')[1]
    const of = seen.get(device) ?? { highest: -1, numbers: new Set() }
    seen.set(device, of)
    if (of.numbers.has(payload.n)) return void figures.duplicates++
    of.numbers.add(payload.n)
    figures.received += 1
    if (payload.n < of.highest) figures.outOfOrder += 1
    of.highest = Math.max(of.highest, payload.n)
  })
  await client.subscribeAsync(['portwire/+/event/+', 'portwire/bridge/event'], { qos: 1 })
  return { figures, end: () => client.endAsync(true) }
}

function folderBytes(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

function megabytes(bytes) {
  return Math.round(bytes / 1024 / 102.4) / 10
}
