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
const SAMPLED = 8_000
/** A gateway that starts on a damaged outbox. */
const MAX_START_MS = 1_000
/** A case that took longer is opened again, alone, so many times: a machine that had other work is not slow each time. */
const TRIES_ALONE = 3
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
      const startMs = performance.now()
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
          seconds: Math.round((performance.now() - startMs) / 1_000),
          load: Math.round(loadavg()[0]! * 10) / 10,
          cpus: availableParallelism(),
        },
        target:
          '0 wrong records handed on, 0 exceptions, none lost without a word, each opened within 1 s (one that was not is opened again, alone)',
        ok:
          figures.cases === places.length &&
          figures.wrong + figures.exceptions + figures.unsaid + figures.wronglySaid + figures.slow === 0 &&
          figures.quarantined > 0,
      }
    }
  } finally {
    outbox.remove()
  }
}

interface TurnFigures extends DamageFigures {
  /** Opened later than within a second, next to others. */
  late: number
  /** The same each time, alone. */
  slow: number
}

async function tryAll(outbox: DamagedOutbox, damages: readonly Damage[]): Promise<TurnFigures> {
  const figures: TurnFigures = { ...noFigures(), late: 0, slow: 0 }
  const late: Damage[] = []
  let next = 0
  const worker = async () => {
    while (next < damages.length) {
      const damage = damages[next++]!
      const openMs = await outbox.tryWith(damage, figures)
      if (openMs !== undefined && openMs > MAX_START_MS) late.push(damage)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  figures.late = late.length
  for (const damage of late) if (!(await isQuickAlone(outbox, damage))) figures.slow += 1
  return figures
}

async function isQuickAlone(outbox: DamagedOutbox, damage: Damage): Promise<boolean> {
  for (let tries = 0; tries < TRIES_ALONE; tries++) {
    const openMs = await outbox.tryWith(damage, noFigures())
    if (openMs !== undefined && openMs <= MAX_START_MS) return true
  }
  return false
}

function noFigures(): DamageFigures {
  return {
    cases: 0,
    wrong: 0,
    exceptions: 0,
    unsaid: 0,
    wronglySaid: 0,
    saidTooMuch: 0,
    quarantined: 0,
    again: 0,
    lost: 0,
    openMs: [],
  }
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
