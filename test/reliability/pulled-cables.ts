/** Ports on ttys whose cables are pulled, and how long the calls to others take meanwhile. */

import { createPort, type Port } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import type { PtyCable } from './pty-cable.js'

export type Greenhouse = Port<(typeof greenhouse)['definition']>

/** It would count as failed, being pulled so often; how soon it is back is what is looked at. */
const RESTART = { intensity: 1_000_000 } as const
export const MAX_AWAY_MS = 300
const CALL_EVERY_MS = 20

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export function portOn(cable: PtyCable, random: () => number): Greenhouse {
  return createPort(greenhouse, { serial: cable.path, restart: RESTART, random })
}

/** Pulls the cable, puts it back, and measures from then to the answer of the first call, in ms. */
export async function pull(cable: PtyCable, port: Greenhouse, random: () => number): Promise<number> {
  await cable.unplug()
  while (port.info().state === 'running') await pause(1)
  await pause(random() * MAX_AWAY_MS)
  await cable.plug()
  const fromMs = performance.now()
  await port.ready()
  await port.call('setLamp', { on: true })
  return performance.now() - fromMs
}

/** Calls all ports in turn until `over`. */
export async function callAll(ports: readonly Greenhouse[], over: Promise<unknown>) {
  let isOver = false
  void over.then(() => {
    isOver = true
  })
  const result = { calls: 0, lost: 0, tookMs: [] as number[] }
  const call = async (port: Greenhouse) => {
    const fromMs = performance.now()
    const data = Uint8Array.of(result.calls++ & 0xff)
    const answer = await port.call('echo', { data }).catch(() => undefined)
    if (answer?.[0] !== data[0]) result.lost += 1
    result.tookMs.push(performance.now() - fromMs)
  }
  while (!isOver) {
    await Promise.all(ports.map(call))
    await pause(CALL_EVERY_MS)
  }
  return result
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}
