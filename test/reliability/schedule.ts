/** One random schedule: a host and a device over a line that fails, with resets, pulled cables and killed hosts in between;
 * then quiet, in which everything has to end. The same seed gives the same schedule and the same violations. */

import type { Clock, Random } from '../../src/clock.js'
import { CallError, type Connector, createPort, type Port, RemoteError } from '../../src/index.js'
import { createLine, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { type Checker, checker } from './checker.contract.js'
import { type CheckerChip, createCppChip, createTypeScriptChip, REQUEST_DEADLINE_MS } from './checker-chip.js'
import { createMortalClock, createMortalConnector, type MortalClock } from './host.js'
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
}

/** Resets, kills and pulled cables come in bursts, over a line that loses frames and answers late. */
export const STORMS: Weather = { noise: { lossRate: 0.02 }, latencyMs: 100, storm: 0.2 }

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

interface Host {
  readonly port: Port<Checker>
  readonly clock: MortalClock
  /** Every call made, as something that settles. */
  readonly pending: Set<Promise<void>>
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
      overrun: overruns.overrun,
    },
  })
  const line = createLine({
    board: chip,
    clock,
    random,
    latencyMs: weather.latencyMs ?? pick([0, 0, 1, 16, 100]),
    resetOnOpen: random() < 0.2,
    toDevice: weather.noise ?? pick(NOISE),
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
  let host = startHost({ connector, clock, random, ledger })
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
  const dead: Host[] = []
  const kill = () => {
    dead.push(host)
    repeats += host.port.info().counters.repeatsSent
    host.clock.kill()
    line.hangUp()
    host = startHost({ connector, clock, random, ledger })
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
    if (random() >= perils.storm) return
    for (let blows = 2 + int(6); blows > 0; blows--) {
      pick([kill, kill, reset, reset, freeze, () => unplug(100)])()
      await clock.advance(pick([0, 1, 5, 20, 100, 260]))
      if (random() < 0.5) act()
    }
  }

  const steps = 1 + int(maxSteps)
  for (let step = 0; step < steps; step++) {
    for (let burst = pick([1, 1, 1, 3, 10]); burst > 0; burst--) act()
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
}): Host {
  const { random, ledger } = on
  const clock = createMortalClock(on.clock)
  const connector = createMortalConnector(on.connector, clock)
  const port = createPort(checker, { link: connector, clock, random })
  ledger.hostStarted()
  const isAlive = () => clock.isAlive
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  port.consume('alarm', async ({ n }, meta) => {
    if (!isAlive()) return
    ledger.alarmBegan(n, meta)
    await wait(random() < 0.7 ? 0 : random() * 100)
    ledger.alarmFinished(n, meta)
  })
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

/** Keeps the book of a call; what a killed host is told counts no more. */
function follow(host: Host, id: number, call: Promise<boolean>, ledger: Ledger, isIdempotent = false): Promise<void> {
  ledger.called(id, isIdempotent)
  const over = call.then(
    (right) => {
      if (host.clock.isAlive) ledger.ended(id, { kind: 'result', right })
    },
    (error: unknown) => {
      if (!host.clock.isAlive) return
      if (error instanceof CallError) {
        ledger.ended(id, { kind: 'error', outcome: error.outcome })
        void error.finalOutcome.then((outcome) => host.clock.isAlive && ledger.settled(id, outcome))
      } else if (error instanceof RemoteError) ledger.ended(id, { kind: 'error', outcome: error.outcome })
      else ledger.ended(id, { kind: 'error', outcome: 'no' })
    },
  )
  host.pending.add(over)
  void over.then(() => host.pending.delete(over))
  return over
}

function send(
  host: Host,
  action: 'add' | 'put',
  id: number,
  timeoutMs: number,
  padBytes: number,
  ledger: Ledger,
): Promise<void> {
  const pad = Uint8Array.from({ length: padBytes }, (_, index) => (id * 31 + index) & 0xff)
  const isRight = (result: { readonly id: number; readonly pad: Uint8Array }) =>
    result.id === id && result.pad.length === padBytes && result.pad.every((byte, index) => byte === pad[index])
  return follow(host, id, host.port.call(action, { id, pad }, { timeoutMs }).then(isRight), ledger, action === 'put')
}

function note(host: Host, id: number, ledger: Ledger): void {
  ledger.called(id)
  try {
    host.port.cast('note', { id })
  } catch {
    ledger.ended(id, { kind: 'error', outcome: 'no' })
  }
}

/** A job: its items come in order, and those that are missing are counted. A quarter of the readers leave early. */
function count(host: Host, id: number, steps: number, stepMs: number, random: Random, ledger: Ledger): Promise<void> {
  const leaveAfter = random() < 0.25 ? Math.floor(random() * 3) : Number.POSITIVE_INFINITY
  const stream = host.port.stream('count', { id, steps, stepMs }, { timeoutMs: 20_000 })
  const read = async () => {
    let last = 0
    let items = 0
    for await (const item of stream) {
      if (item.id !== id) ledger.violation(`job ${id} was given an item of ${item.id}`)
      if (item.step <= last) ledger.violation(`job ${id}: step ${item.step} after ${last}`)
      last = item.step
      items += 1
      if (items > leaveAfter) return
    }
    if (items + stream.lost !== steps) ledger.violation(`job ${id}: ${items} items, ${stream.lost} lost, of ${steps}`)
  }
  const items = read().catch(() => {}) // it ends as the result does
  return follow(
    host,
    id,
    stream.result.then(async (result) => {
      await items
      return result === id
    }),
    ledger,
  )
}

function alarm(chip: CheckerChip, n: number, ledger: Ledger): void {
  const { epoch } = chip
  if (epoch === undefined) return
  ledger.alarmed(n, epoch, chip.alarm(n))
}
