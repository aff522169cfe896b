/** Many devices in real time, each on a noisy line of its own, with a fault now and then: what is called, what comes, and whether
 * the sums are right, in memory that does not grow with the time. */

import type { Random } from '../../src/clock.js'
import { systemClock } from '../../src/clock.js'
import { CallError, createPort } from '../../src/index.js'
import { createLine, type NoiseOptions } from '../../src/testing/line/index.js'
import { checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip } from './checker-chip.js'

export interface ManyTotals {
  calls: number
  results: number
  /** Calls that ended with outcome unknown, in a reset or behind a pulled cable. */
  unknown: number
  /** Calls that ended saying that they did not run. */
  notRun: number
  eventsGenerated: number
  eventsReceived: number
  eventsDropped: number
  faults: number
  /** Another result than the call's; run twice or out of order; an event twice or out of order; one in front of which not all were
   * received or counted. */
  wrong: number
}

export interface ManyDevices {
  readonly totals: ManyTotals
  /** One device resets, or its cable is pulled for some time, or its line stalls. */
  fault(): void
  stop(): Promise<void>
}

const NOISE: readonly NoiseOptions[] = [
  { bitErrorRate: 1e-4 },
  { bursts: { meanQuietBits: 40_000, meanBurstBits: 80 } },
  { lossRate: 0.001, doubleRate: 0.0005 },
]
const EVERY_MS = 100
const CALL_TIMEOUT_MS = 5_000
const MAX_AWAY_MS = 3_000

export async function startManyDevices(count: number, random: Random): Promise<ManyDevices> {
  const totals: ManyTotals = {
    calls: 0,
    results: 0,
    unknown: 0,
    notRun: 0,
    eventsGenerated: 0,
    eventsReceived: 0,
    eventsDropped: 0,
    faults: 0,
    wrong: 0,
  }
  const devices = Array.from({ length: count }, (_, which) => startDevice(which, random, totals))
  await Promise.all(devices.map((device) => device.port.ready()))
  const timers = devices.map((device) => setInterval(device.turn, EVERY_MS * (0.5 + random())))
  return {
    totals,
    fault() {
      totals.faults += 1
      devices[Math.floor(random() * count)]!.fault()
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(devices.map((device) => device.stop()))
    },
  }
}

function startDevice(which: number, random: Random, totals: ManyTotals) {
  const clock = systemClock
  const none = () => {}
  let lastRan = 0
  const chip = (which % 2 === 0 ? createCppChip : createTypeScriptChip)({
    clock,
    random,
    window: 4,
    bootMs: 50,
    witness: {
      ran(id) {
        if (id <= lastRan) totals.wrong += 1
        lastRan = id
      },
      noted: none,
      counted: none,
      answered: none,
      booted: none,
      overrun: none,
    },
  })
  const noise = NOISE[which % NOISE.length]!
  const line = createLine({ board: chip, clock, random, toDevice: noise, toHost: noise })
  const restart = { intensity: 1_000_000, maxMs: 1_000 }
  const port = createPort(checker, { link: line.connector, clock, random, restart, callTimeoutMs: CALL_TIMEOUT_MS })
  /** Of the boot that is heard; `first` and what was said since. */
  const firsts = new Map<number, number>()
  let heard = { epoch: -1, sum: 0 }
  let nextEvent = 0
  let nextId = 1
  const under = new Set<Promise<void>>()
  const boot = (epoch: number) => {
    if (heard.epoch !== epoch) heard = { epoch, sum: 0 }
    return heard
  }
  port.consume('alarm', ({ n }, { epoch }) => {
    const { sum } = boot(epoch)
    if (firsts.get(epoch)! + sum !== n) totals.wrong += 1
    heard.sum += 1
    totals.eventsReceived += 1
  })
  port.watch((notice) => {
    if (notice.kind !== 'events_dropped') return
    boot(port.info().device!.epoch).sum += notice.count
    totals.eventsDropped += notice.count
  })
  const call = async () => {
    const id = nextId++
    const pad = Uint8Array.of(id & 0xff, which)
    totals.calls += 1
    try {
      const result = await port.call('add', { id, pad })
      if (result.id !== id || result.pad[0] !== pad[0] || result.pad[1] !== which) totals.wrong += 1
      totals.results += 1
    } catch (error) {
      if (error instanceof CallError && error.outcome === 'unknown') totals.unknown += 1
      else totals.notRun += 1
    }
  }
  return {
    port,
    turn() {
      const { epoch } = chip
      if (epoch !== undefined) {
        if (!firsts.has(epoch)) {
          firsts.set(epoch, nextEvent)
          if (firsts.size > 8) firsts.delete(firsts.keys().next().value!)
        }
        chip.alarm(nextEvent++)
        totals.eventsGenerated += 1
      }
      const over = call()
      under.add(over)
      void over.then(() => under.delete(over))
    },
    fault() {
      const what = Math.floor(random() * 3)
      if (what === 0) chip.reset('watchdog')
      else if (what === 1) {
        line.unplug(random() < 0.5 ? 'off' : 'own')
        clock.after(random() * MAX_AWAY_MS, () => line.plug())
      } else {
        line.toDevice.stall(random() * MAX_AWAY_MS)
        line.toHost.stall(random() * MAX_AWAY_MS)
      }
    },
    async stop() {
      await Promise.all(under)
      await port.close()
      line.unplug()
    },
  }
}
