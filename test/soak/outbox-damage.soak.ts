/** Every file of an outbox cut off at every byte, and a bit flipped in every byte: nothing wrong is handed on, all else is counted. */

import { availableParallelism, loadavg } from 'node:os'
import { seeded } from '../../src/testing/seeded.js'
import {
  createDamagedOutbox,
  type Damage,
  type DamagedOutbox,
  type DamageFigures,
} from '../reliability/outbox-damage.js'
import type { SoakOptions, SoakResult } from './soak.js'

/** Places that are tried by the short version, evenly over all of them. */
const SAMPLED = 3_000
/** A gateway that starts on a damaged outbox. */
const MAX_START_MS = 1_000
/** Parts of the full run, each with a figure of its own. */
const FULL_TURNS = 16
/** At once: opening waits for the disk. */
const PARALLEL = 2

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const random = seeded(seed)
  const outbox = await createDamagedOutbox(random)
  try {
    const all = outbox.damages
    // In full by turns of every sixteenth place, so that a run that is ended early has looked at all of the outbox.
    const turns = isFull ? FULL_TURNS : 1
    const step = isFull ? FULL_TURNS : Math.max(1, all.length / SAMPLED)
    const offset = isFull ? 0 : random() * step
    for (let turn = 0; turn < turns; turn++) {
      const places: number[] = []
      for (let place = offset + turn; place < all.length; place += step) places.push(Math.floor(place))
      const { openMs, ...figures } = await tryAll(
        outbox,
        places.map((place) => all[place]!),
      )
      const open = distributionOf(openMs)
      yield {
        what: `${figures.cases} of ${all.length} damages of an outbox of ${outbox.bytes} bytes, in tables and in the log (${turn + 1} of ${turns} turns)`,
        // Beside what else the machine had to do: processes that ran or waited to, on average of the last minute.
        figures: {
          ...figures,
          openP50Ms: open.p50,
          openP99Ms: open.p99,
          openMaxMs: open.max,
          load: Math.round(loadavg()[0]! * 10) / 10,
          cpus: availableParallelism(),
        },
        target: '0 wrong records handed on, 0 exceptions, none lost without a word, each opened within 1 s',
        ok:
          figures.cases === places.length &&
          figures.wrong + figures.exceptions + figures.unsaid === 0 &&
          figures.quarantined > 0 &&
          // A shared machine delays a short run for reasons of its own.
          (!isFull || open.max <= MAX_START_MS),
      }
    }
  } finally {
    outbox.remove()
  }
}

async function tryAll(outbox: DamagedOutbox, damages: readonly Damage[]): Promise<DamageFigures> {
  const figures: DamageFigures = {
    cases: 0,
    wrong: 0,
    exceptions: 0,
    unsaid: 0,
    saidTooMuch: 0,
    quarantined: 0,
    again: 0,
    lost: 0,
    openMs: [],
  }
  let next = 0
  const worker = async () => {
    while (next < damages.length) await outbox.tryWith(damages[next++]!, figures)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return figures
}

/** By the nearest rank, to a tenth. */
function distributionOf(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => {
    const value = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY
    return Math.round(value * 10) / 10
  }
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
