/** What a port costs its neighbours when its cable flaps: their calls by turns with and without, in one run, so that the machine's own
 * ups and downs hit both alike. */

import type { Random } from '../../src/clock.js'
import { startNative } from '../../src/testing/native.js'
import { createPtyCable, PROGRAM } from './pty-cable.js'
import { callAll, MAX_AWAY_MS, pause, portOn, pull, quantile } from './pulled-cables.js'

export interface NeighboursOptions {
  /** Half of them flap. */
  readonly ports: number
  /** A phase without and one with each. */
  readonly pairs: number
  readonly phaseMs: number
  readonly random: Random
}

const MAX_PLUGGED_MS = 1_000
/** What a pull takes beside its pauses, so that both kinds of phase start about as many programs. */
const RECONNECT_MS = 200

export async function compareNeighbours({ ports, pairs, phaseMs, random }: NeighboursOptions) {
  const cables = await Promise.all(Array.from({ length: ports }, createPtyCable))
  const all = cables.map((cable) => portOn(cable, random))
  await Promise.all(all.map((port) => port.ready()))
  const steady = all.slice(ports / 2)
  const flapping = cables.slice(0, ports / 2)
  await callAll(steady, pause(phaseMs)) // warm
  let lost = 0
  let pulls = 0
  let startedBeside = 0
  const quietP99Ms: number[] = []
  const flappingP99Ms: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const untilMs = () => performance.now() + phaseMs
    const started = () => {
      startedBeside += 1
    }
    const beside = flapping.map(() => startAndEnd(untilMs(), random, started))
    const quiet = await callAll(steady, Promise.all(beside))
    const stormy = await callAll(
      steady,
      Promise.all(
        flapping.map(async (cable, which) => {
          for (const endMs = untilMs(); performance.now() < endMs; pulls++) {
            await pause(random() * MAX_PLUGGED_MS)
            await pull(cable, all[which]!, random)
          }
        }),
      ),
    )
    lost += quiet.lost + stormy.lost
    quietP99Ms.push(quantile(quiet.tookMs, 0.99))
    flappingP99Ms.push(quantile(stormy.tookMs, 0.99))
  }
  await Promise.all(all.map((port) => port.close()))
  await Promise.all(cables.map((cable) => cable.stop()))
  const ratios = flappingP99Ms.map((ms, pair) => ms / quietP99Ms[pair]!)
  const round = (value: number) => Math.round(value * 100) / 100
  return {
    lost,
    pulls,
    startedBeside,
    medianP99Ratio: round(quantile(ratios, 0.5)),
    worstP99Ratio: round(Math.max(...ratios)),
    medianQuietP99Ms: round(quantile(quietP99Ms, 0.5)),
    medianFlappingP99Ms: round(quantile(flappingP99Ms, 0.5)),
  }
}

/** What the test itself does to pull a cable, a program that ends and one that starts, with no port that has anything to do with it. */
async function startAndEnd(endMs: number, random: Random, started: () => void): Promise<void> {
  while (performance.now() < endMs) {
    await pause(random() * MAX_PLUGGED_MS)
    await pause(random() * MAX_AWAY_MS)
    const board = await startNative(PROGRAM)
    started()
    await pause(RECONNECT_MS)
    board.kill()
    await board.exited
  }
}
