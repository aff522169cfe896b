/** One device that sends events as fast as a line of 1 Mbaud carries them beside 31 calm ones, all behind one gateway in a process of
 * its own: the calm ones lose nothing and are not late, the flooder is held to its quota, and every event that is dropped is counted. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { connectAsync } from 'mqtt'
import { defineContract } from '../../src/contract/index.js'
import { LIMITS } from '../../src/gateway/index.js'
import { type Server, serve } from '../../src/serve.js'
import { until } from '../gateway/until.js'
import { LOGIN, startGatewayProcess, watchRss } from './gateway-process.js'
import type { Soak, SoakResult } from './soak.js'

const CALM_DEVICES = 31
const CALM_EVENTS_PER_SECOND = 10
/** 1 Mbaud, ten bits a byte, frames of about 30 bytes. */
const FLOOD_EVENTS_PER_SECOND = 3_000
const STEP_MS = 10
const FULL_SECONDS = 60
const SHORT_SECONDS = 3
const WARM_UP_SECONDS = 5
const SETTLE_MS = 5_000
const TARGET =
  'the calm devices lose 0, p99 at most 100 ms and twice the baseline; the flooder gets its quota and no more, sent = heard + dropped; RSS +32 MB at most'

const definition = {
  name: 'flood',
  version: '1',
  events: { tick: { fields: { number: 'u32', text: { type: 'str', maxBytes: 40 } } } },
} as const
const contract = defineContract(definition)

interface Device {
  readonly name: string
  readonly server: Server<typeof definition>
  sent: number
  heard: number
  readonly sentAtMs: number[]
}

export const run: Soak = async function* ({ isFull }) {
  const seconds = isFull ? FULL_SECONDS : SHORT_SECONDS
  const bench = await startBench()
  try {
    // Until code is compiled and the heap has its size, whoever sends.
    const warmUp = await bench.phase(isFull ? WARM_UP_SECONDS : 1, FLOOD_EVENTS_PER_SECOND)
    // What it is compared with before and after it, so that both see the same machine.
    const before = await bench.phase(seconds / 2, 0)
    const flood = await bench.phase(seconds, FLOOD_EVENTS_PER_SECOND)
    const baseline = together(before, await bench.phase(seconds / 2, 0))
    const flooder = await bench.stop()
    const baselineP99Ms = p99Of(baseline.latenciesMs)
    yield resultOf(`${seconds} s without the flooder`, baseline, baselineP99Ms, {}, isFull)
    const isHeld = flooder.heard <= quotaOf(warmUp) + quotaOf(flood) && flooder.sent === flooder.heard + flooder.dropped
    const figures = {
      flooderSent: flooder.sent,
      flooderHeard: flooder.heard,
      flooderDropped: flooder.dropped,
      warmUpRssGrowthMb: round(warmUp.rssGrowthMb),
    }
    const what = `${seconds} s on end with a flooder of ${FLOOD_EVENTS_PER_SECOND} events/s`
    yield resultOf(what, flood, baselineP99Ms, figures, isFull, isHeld)
  } finally {
    await bench.stop()
  }
}

interface Phase {
  /** What was on its way at the end included. */
  readonly seconds: number
  readonly sent: number
  readonly heard: number
  readonly latenciesMs: readonly number[]
  /** Of this process, which is all devices and the client: what the machine alone adds. */
  readonly loopDelayP99Ms: number
  /** Of the gateway. */
  readonly rssGrowthMb: number
}

async function startBench() {
  const calm = await Promise.all(Array.from({ length: CALM_DEVICES }, (_, number) => startDevice(`calm${number}`)))
  const flooder = await startDevice('flooder')
  const all = [...calm, flooder]
  const byName = new Map(all.map((device) => [device.name, device]))
  const targets = all.map(({ name, server }) => [name, { tcp: server.addresses.tcp, contract: 'flood.json' }])
  const gateway = await startGatewayProcess(Object.fromEntries(targets), { 'flood.json': definition })
  const client = await connectAsync(gateway.url, { ...LOGIN, protocolVersion: 4 })
  const isClosed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  const latenciesMs: number[] = []
  let dropped = 0
  let running = 0
  client.on('message', (topic, payload) => {
    const [, name, kind] = topic.split('/')
    const json = JSON.parse(payload.toString())
    if (kind === 'devices') running = json.filter(({ state }: { state: string }) => state === 'running').length
    else if (name !== 'bridge') heard(byName.get(name!)!, json.number)
    else if (json.type === 'events_dropped' && json.data.name === 'flooder') dropped += json.data.count
  })
  const heard = (device: Device, number: number) => {
    device.heard += 1
    if (device !== flooder) latenciesMs.push(performance.now() - device.sentAtMs[number]!)
  }
  await client.subscribeAsync(['portwire/+/event/+', 'portwire/bridge/event', 'portwire/bridge/devices'], { qos: 1 })
  await until(
    () => running === all.length,
    20_000,
    () => `all run; on stderr: ${gateway.log()}`,
  )

  const sum = (of: (device: Device) => number) => calm.reduce((total, device) => total + of(device), 0)
  return {
    async phase(seconds: number, floodPerSecond: number): Promise<Phase> {
      latenciesMs.length = 0
      const [sentBefore, heardBefore] = [sum(({ sent }) => sent), sum((device) => device.heard)]
      const rss = watchRss(gateway)
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const fromMs = performance.now()
      await sendFor(seconds, calm, flooder, floodPerSecond)
      delay.disable()
      await until(() => calm.every((device) => device.heard === device.sent), SETTLE_MS, 'all calm').catch(() => {})
      return {
        seconds: (performance.now() - fromMs) / 1_000,
        sent: sum(({ sent }) => sent) - sentBefore,
        heard: sum((device) => device.heard) - heardBefore,
        latenciesMs: [...latenciesMs].sort((a, b) => a - b),
        loopDelayP99Ms: delay.percentile(99) / 1e6,
        rssGrowthMb: rss.stop(),
      }
    },
    /** The gateway says at its end what was dropped and not said yet. */
    stop: once(async () => {
      await gateway.stop()
      await isClosed
      await client.endAsync(true)
      await Promise.all(all.map(({ server }) => server.close()))
      return { sent: flooder.sent, heard: flooder.heard, dropped }
    }),
  }
}

async function startDevice(name: string): Promise<Device> {
  const server = await serve(contract, {}, { tcp: '127.0.0.1:0' })
  return { name, server, sent: 0, heard: 0, sentAtMs: [] }
}

async function sendFor(seconds: number, calm: readonly Device[], flooder: Device, floodPerSecond: number) {
  const fromMs = performance.now()
  let [calmMade, flooded] = [0, 0]
  for (;;) {
    const elapsedSeconds = (performance.now() - fromMs) / 1_000
    if (elapsedSeconds >= seconds) return
    if (calmMade < elapsedSeconds * CALM_EVENTS_PER_SECOND) {
      calmMade += 1
      for (const device of calm) send(device, 'calm')
    }
    for (; flooded < elapsedSeconds * floodPerSecond; flooded++) send(flooder, 'a flood at the rate of the line')
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}

function send(device: Device, text: string): void {
  device.sentAtMs.push(performance.now())
  if (device.server.emit('tick', { number: device.sent, text }) !== 1) throw new Error(`${device.name} was not taken`)
  device.sent += 1
}

/** Two phases without the flooder as one: counts added, growth the larger. */
function together(one: Phase, other: Phase): Phase {
  return {
    seconds: one.seconds + other.seconds,
    sent: one.sent + other.sent,
    heard: one.heard + other.heard,
    latenciesMs: [...one.latenciesMs, ...other.latenciesMs].sort((a, b) => a - b),
    loopDelayP99Ms: Math.max(one.loopDelayP99Ms, other.loopDelayP99Ms),
    rssGrowthMb: Math.max(one.rssGrowthMb, other.rssGrowthMb),
  }
}

/** @param sorted  ascending */
function p99Of(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}

function resultOf(
  what: string,
  { sent, heard, latenciesMs, loopDelayP99Ms, rssGrowthMb }: Phase,
  baselineP99Ms: number,
  more: Readonly<Record<string, number>>,
  isFull: boolean,
  isHeld = true,
): SoakResult {
  const p99Ms = p99Of(latenciesMs)
  return {
    what: `${CALM_DEVICES} devices of ${CALM_EVENTS_PER_SECOND} events/s each, ${what}`,
    figures: {
      calmSent: sent,
      calmHeard: heard,
      p99Ms: round(p99Ms),
      baselineP99Ms: round(baselineP99Ms),
      loopDelayP99Ms: round(loopDelayP99Ms),
      ...more,
      rssGrowthMb: round(rssGrowthMb),
    },
    target: TARGET,
    // A shared machine delays a short run for reasons of its own, and a process that has just begun grows.
    ok:
      heard === sent &&
      sent > 0 &&
      isHeld &&
      (!isFull || (p99Ms <= 100 && p99Ms <= 2 * baselineP99Ms && rssGrowthMb <= 32)),
  }
}

/** The most that the flooder may get through in it. */
function quotaOf({ seconds }: Phase): number {
  return LIMITS.eventBurst + Math.ceil(seconds * LIMITS.eventsPerSecond)
}

const round = (value: number) => Math.round(value * 10) / 10

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}
