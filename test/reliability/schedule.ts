/** One random schedule: a host and a device over a line that fails, with resets, pulled cables and killed hosts in between;
 * then quiet, in which everything has to end. The same seed gives the same schedule and the same violations. */

import type { Clock, Random } from '../../src/clock.js'
import { type Connector, createPort } from '../../src/index.js'
import { createLine, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { count, type Host, note, send } from './callers.js'
import { checker } from './checker.contract.js'
import { type CheckerChip, createCppChip, createTypeScriptChip, REQUEST_DEADLINE_MS } from './checker-chip.js'
import { createMortalClock, createMortalConnector } from './host.js'
import { createLedger, type Ledger } from './ledger.js'
import { watchFirstCopies } from './overruns.js'

export interface ScheduleOptions {
  readonly seed: number
  /** What the device is written in. */
  readonly device: 'TypeScript' | 'C++'
  /** Default 200. */
  readonly maxSteps?: number
  /** What happens how often; what is left out is drawn anew for each schedule. */
  readonly weather?: Weather
  /** Of the consumer of reliable events. Default 1. */
  readonly ahead?: number
}

/** Chances are a step's. */
export interface Weather {
  readonly noise?: NoiseOptions
  readonly latencyMs?: number
  readonly kill?: number
  readonly reset?: number
  readonly unplug?: number
  readonly freeze?: number
  readonly hang?: number
  readonly storm?: number
  /** A call, made as an emergency. Default 0. */
  readonly emergency?: number
  /** `restart()` of the port, with calls waiting and on their way. Default 0. */
  readonly restart?: number
  /** A call ended by its signal while it waits or is on its way. Default 0. */
  readonly abort?: number
  /** Reliable events in each step, besides the others. Default 0. */
  readonly alarms?: number
}

/** Resets, kills and pulled cables come in bursts, over a line that loses frames and answers late. */
export const STORMS: Weather = { noise: { lossRate: 0.02 }, latencyMs: 100, storm: 0.2 }

/** What users do in a hurry: emergencies, restarts and calls that are called off, over a line on which sessions end again and again. */
export const HURRY: Weather = { emergency: 0.3, restart: 0.05, abort: 0.2, unplug: 0.03, reset: 0.02, kill: 0 }

/** Many reliable events, and sessions that end in the middle of them. */
export const ALARMS: Weather = { alarms: 4, restart: 0.2, kill: 0.1, reset: 0, noise: {}, latencyMs: 1 }

export interface ScheduleResult {
  readonly violations: readonly string[]
  readonly calls: number
  readonly executed: number
  readonly delivered: number
  readonly boots: number
  readonly hosts: number
  readonly repeats: number
  readonly virtualMs: number
}

const NOISE: readonly NoiseOptions[] = [
  {},
  { bitErrorRate: 1e-4 },
  { bitErrorRate: 1e-3 },
  { bursts: { meanQuietBits: 20_000, meanBurstBits: 80 } },
  { lossRate: 0.002, doubleRate: 0.001, insertRate: 0.001 },
  { lossRate: 0.02 },
]

/** Longer than a port that has failed waits for its next try, and its backoff and hello. */
const QUIET_MS = 150_000
/** How long the line was free of noise at the end before a call has to get through. */
const LIVELY_MS = 100_000

export async function runSchedule({
  seed,
  device,
  maxSteps = 200,
  weather = {},
  ahead = 1,
}: ScheduleOptions): Promise<ScheduleResult> {
  const random = seeded(seed)
  const int = (below: number) => Math.floor(random() * below)
  const pick = <T>(of: readonly T[]): T => of[int(of.length)]!
  const clock = createVirtualClock({ quietTurns: 1 })
  const ledger = createLedger()
  let boots = 0
  const makeChip = device === 'C++' ? createCppChip : createTypeScriptChip
  const overruns = watchFirstCopies(ledger)
  const chip = makeChip({
    clock,
    random,
    window: pick([1, 4]),
    bootMs: pick([0, 0, 300]),
    witness: {
      ran: ledger.ran,
      noted: ledger.ran,
      counted: ledger.ran,
      answered: ledger.answered,
      booted: () => {
        boots += 1
      },
      overrun(run) {
        // Bytes that nobody wrote take room that nobody can have counted.
        if (!toDevice.doubleRate && !toDevice.insertRate) overruns.overrun(run)
      },
    },
  })
  const latencyMs = weather.latencyMs ?? pick([0, 0, 1, 16, 100])
  const resetOnOpen = random() < 0.2
  const toDevice = weather.noise ?? pick(NOISE)
  const line = createLine({
    board: chip,
    clock,
    random,
    latencyMs,
    resetOnOpen,
    toDevice,
    toHost: weather.noise ?? pick(NOISE),
  })
  const connector = overruns.watch(line.connector)
  const perils = {
    kill: pick([0, 0, 0.02, 0.1]),
    reset: pick([0, 0, 0.02]),
    unplug: pick([0, 0, 0.02]),
    freeze: pick([0, 0.02]),
    hang: pick([0, 0.05]),
    storm: pick([0, 0, 0, 0.05]),
    ...weather,
  }
  let host = startHost({ connector, clock, random, ledger, ahead })
  let hosts = 1
  let nextId = 1
  let nextEvent = 1
  let calls = 0
  let repeats = 0

  const act = () => {
    switch (int(8)) {
      case 0:
      case 1:
        calls += 1
        return void send(host, 'add', nextId++, pick([200, 1_000, 5_000, 30_000]), int(33), ledger)
      case 2:
        calls += 1
        return void send(host, 'put', nextId++, pick([200, 1_000, 5_000, 30_000]), int(33), ledger)
      case 3:
        calls += 1
        return note(host, nextId++, ledger)
      case 4:
        calls += 1
        return void count(host, nextId++, int(6), int(100), random, ledger)
      case 5:
        return alarm(chip, nextEvent++, ledger)
      case 6:
        return void chip.sample(nextEvent++)
      case 7: {
        const n = nextEvent++
        ledger.asked(n + 1)
        return void chip.ask(n, REQUEST_DEADLINE_MS)
      }
    }
  }
  /** An action that may be repeated or one that may not, before what waits, and perhaps called off. */
  const hurry = () => {
    const emergency = weather.emergency ? random() < weather.emergency : false
    const isAborted = weather.abort ? random() < weather.abort : false
    if (!emergency && !isAborted) return
    calls += 1
    const abort = new AbortController()
    const how = { emergency, ...(isAborted ? { signal: abort.signal } : {}) }
    void send(host, pick(['add', 'put']), nextId++, pick([200, 1_000, 5_000]), int(33), ledger, how)
    if (isAborted) clock.after(pick([0, 1, 10, 100, 1_000]), () => abort.abort())
  }
  const dead: Host[] = []
  const kill = () => {
    dead.push(host)
    repeats += host.port.info().counters.repeatsSent
    host.clock.kill()
    line.hangUp()
    host = startHost({ connector, clock, random, ledger, ahead })
    hosts += 1
  }
  const reset = () => chip.reset(pick(['external', 'watchdog', 'brown_out']))
  const unplug = (maxMs: number) => {
    line.unplug(pick(['off', 'own']))
    clock.after(int(maxMs), () => line.plug())
  }
  const freeze = () => pick([line.toDevice, line.toHost]).stall(int(2_000))
  const disturb = async () => {
    if (random() < perils.kill) kill()
    if (random() < perils.reset) reset()
    if (random() < perils.unplug) unplug(2_000)
    if (random() < perils.freeze) freeze()
    if (random() < perils.hang) chip.hang(int(500))
    if (weather.restart && random() < weather.restart) host.port.restart().catch(() => {}) // it may be killed before it is up
    if (random() >= perils.storm) return
    for (let blows = 2 + int(6); blows > 0; blows--) {
      pick([kill, kill, reset, reset, freeze, () => unplug(100)])()
      await clock.advance(pick([0, 1, 5, 20, 100, 260]))
      if (random() < 0.5) act()
    }
  }

  const steps = 1 + int(maxSteps)
  for (let step = 0; step < steps; step++) {
    for (let burst = pick([1, 1, 1, 3, 10]); burst > 0; burst--) {
      act()
      hurry()
    }
    for (let more = weather.alarms ?? 0; more > 0; more--) alarm(chip, nextEvent++, ledger)
    await disturb()
    await clock.advance(pick([0, 1, 5, 20, 100, 100, 300, 1_000]))
  }
  line.toDevice.noise.silence()
  line.toHost.noise.silence()
  await clock.until(Promise.all(host.pending), QUIET_MS).catch(() => ledger.violation('calls have not ended'))
  // A reset that is not known yet costs the call that finds it out.
  const livelyUntilMs = clock.nowMs() + LIVELY_MS
  let isLively = false
  while (!isLively && clock.nowMs() < livelyUntilMs) {
    const id = nextId++
    await clock.until(send(host, 'add', id, LIVELY_MS, 8, ledger), 2 * LIVELY_MS)
    isLively = ledger.endedWell(id)
  }
  if (!isLively) ledger.violation(`no call gets through: ${JSON.stringify(host.port.info())}`)
  await clock.advance(10_000)
  ledger.close(chip.epoch)
  const info = host.port.info()
  repeats += info.counters.repeatsSent
  if (info.waitingCalls > 0) ledger.violation(`${info.waitingCalls} calls still wait`)
  await clock.until(host.port.close())
  for (const { port } of dead) void port.close() // else they would stay in the list of open ports
  line.unplug()
  const { violations, executed, delivered } = ledger
  return { violations, calls, executed, delivered, boots, hosts, repeats, virtualMs: clock.nowMs() }
}

function startHost(on: {
  readonly connector: Connector
  readonly clock: Clock
  readonly random: Random
  readonly ledger: Ledger
  readonly ahead: number
}): Host {
  const { random, ledger } = on
  const clock = createMortalClock(on.clock)
  const connector = createMortalConnector(on.connector, clock)
  const port = createPort(checker, { link: connector, clock, random })
  ledger.hostStarted()
  const isAlive = () => clock.isAlive
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  port.consume(
    'alarm',
    async ({ n }, meta) => {
      if (!isAlive()) return
      ledger.alarmBegan(n, meta)
      await wait(random() < 0.7 ? 0 : random() * 100)
      ledger.alarmFinished(n, meta)
    },
    { ahead: on.ahead },
  )
  port.on('sample', ({ n }, meta) => isAlive() && ledger.sampled(n, meta))
  port.handle('ask', async ({ n }) => {
    ledger.handled(n + 1)
    await wait(random() < 0.7 ? 0 : random() * 2 * REQUEST_DEADLINE_MS)
    return n + 1
  })
  port.watch((notice) => {
    if (notice.kind === 'events_dropped' && isAlive()) ledger.alarmsDropped(notice.count)
    if (notice.kind === 'consumer_stopped') ledger.violation(`a consumer was stopped: ${notice.error}`)
  })
  return { port, clock, pending: new Set() }
}

function alarm(chip: CheckerChip, n: number, ledger: Ledger): void {
  const { epoch } = chip
  if (epoch === undefined) return
  ledger.alarmed(n, epoch, chip.alarm(n))
}
