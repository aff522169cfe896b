/** Cables that are pulled and put back, over real ttys: each port is soon there again, its neighbours notice nothing, and
 * nothing is left behind. */

import { seeded } from '../../src/testing/seeded.js'
import { compareNeighbours } from '../reliability/flapping.js'
import { heldResources } from '../reliability/held-resources.js'
import { createPtyCable } from '../reliability/pty-cable.js'
import { callAll, MAX_AWAY_MS, pause, portOn, pull, quantile } from '../reliability/pulled-cables.js'
import type { SoakOptions, SoakResult } from './soak.js'

const MAX_RECONNECT_P95_MS = 1_000
const MAX_GROWN_BYTES = 5 * 1_024 * 1_024
const MAX_P99_RATIO = 1.2

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  yield await pullOne(isFull ? 1_000 : 10, seed)
  yield await pullHalf(isFull ? 32 : 8, isFull ? 20 : 3, seed)
  yield await compareHalf(isFull ? 32 : 8, isFull, seed)
}

async function pullOne(times: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const cable = await createPtyCable()
  const port = portOn(cable, random)
  await port.ready()
  for (let warmUp = 0; warmUp < 3; warmUp++) await pull(cable, port, random)
  const before = heldResources()
  const reconnectMs: number[] = []
  for (let time = 0; time < times; time++) reconnectMs.push(await pull(cable, port, random))
  const after = heldResources()
  const { restarts, exits } = port.info()
  await port.close()
  await cable.stop()
  const p95Ms = Math.round(quantile(reconnectMs, 0.95))
  const grown = {
    descriptors: after.descriptors - before.descriptors,
    timers: after.timers - before.timers,
    listeners: after.listeners - before.listeners,
    rssBytes: after.rssBytes - before.rssBytes,
  }
  return {
    what: `a cable pulled and put back ${times} times, over a pty`,
    figures: {
      p95Ms,
      worstMs: Math.round(Math.max(...reconnectMs)),
      restarts,
      unplugged: exits.unplugged ?? 0,
      ...grown,
    },
    target: `back p95 at most ${MAX_RECONNECT_P95_MS} ms after the port is; descriptors, timers, listeners + 0; RSS + at most ${MAX_GROWN_BYTES} bytes (in full)`,
    ok:
      p95Ms <= MAX_RECONNECT_P95_MS &&
      restarts === times + 3 &&
      grown.descriptors === 0 &&
      grown.timers === 0 &&
      grown.listeners === 0 &&
      // A short run has not reached its level yet, and shares the process with other tests.
      (times < 1_000 || grown.rssBytes <= MAX_GROWN_BYTES),
  }
}

/** Half of the cables flap while the others are called: none of those may lose a call or a session. */
async function pullHalf(ports: number, times: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const cables = await Promise.all(Array.from({ length: ports }, createPtyCable))
  const all = cables.map((cable) => portOn(cable, random))
  await Promise.all(all.map((port) => port.ready()))
  const steady = all.slice(ports / 2)
  const quiet = await callAll(steady, pause(1_000))
  const pulls = cables.slice(0, ports / 2).map(async (cable, which) => {
    let worstMs = 0
    for (let time = 0; time < times; time++) {
      await pause(random() * MAX_AWAY_MS)
      worstMs = Math.max(worstMs, await pull(cable, all[which]!, random))
    }
    return worstMs
  })
  const stormy = await callAll(steady, Promise.all(pulls))
  const worstMs = Math.round(Math.max(...(await Promise.all(pulls))))
  const sessions = steady.filter((port) => port.info().session !== 1).length
  const flapped = all.slice(0, ports / 2).every((port) => port.info().restarts === times)
  await Promise.all(all.map((port) => port.close()))
  await Promise.all(cables.map((cable) => cable.stop()))
  return {
    what: `${ports / 2} of ${ports} cables pulled ${times} times each while the other ports are called`,
    figures: {
      calls: stormy.calls,
      lost: stormy.lost + quiet.lost,
      restartedOthers: sessions,
      worstMs,
      quietP99Ms: Math.round(quantile(quiet.tookMs, 0.99) * 10) / 10,
      p99Ms: Math.round(quantile(stormy.tookMs, 0.99) * 10) / 10,
    },
    target: 'the others: 0 calls lost, 0 sessions ended',
    ok: stormy.lost + quiet.lost === 0 && stormy.calls > 0 && sessions === 0 && flapped,
  }
}

/** The time of the calls to the others, with and without half of the cables flapping, by turns in one run. */
async function compareHalf(ports: number, isFull: boolean, seed: number): Promise<SoakResult> {
  const pairs = isFull ? 9 : 1
  const result = await compareNeighbours({ ports, pairs, phaseMs: isFull ? 5_000 : 400, random: seeded(seed) })
  return {
    what: `calls to ${ports / 2} of ${ports} boards by turns with and without the cables of the others flapping, ${pairs} times each`,
    figures: result,
    target: `0 calls lost; median of the ratios of p99 at most ${MAX_P99_RATIO} (in full)`,
    // A short phase has too few calls for a p99.
    ok: result.lost === 0 && result.pulls > 0 && (!isFull || result.medianP99Ratio <= MAX_P99_RATIO),
  }
}
