/** Every file of an outbox cut off at every byte, and a bit flipped in every byte: nothing wrong is handed on, all else is counted. */

import { seeded } from '../../src/testing/seeded.js'
import { createDamagedOutbox, type DamageFigures } from '../reliability/outbox-damage.js'
import type { SoakOptions, SoakResult } from './soak.js'

/** Places that are tried by the short version, evenly over all of them. */
const SAMPLED = 1_000
/** A gateway that starts on a damaged outbox. */
const MAX_START_MS = 1_000
/** At once: opening waits for the disk. */
const PARALLEL = 2

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const random = seeded(seed)
  const outbox = await createDamagedOutbox(random)
  try {
    const all = outbox.damages
    const step = isFull ? 1 : all.length / SAMPLED
    const offset = random() * step
    const figures: DamageFigures = {
      cases: 0,
      wrong: 0,
      exceptions: 0,
      unsaid: 0,
      saidTooMuch: 0,
      quarantined: 0,
      again: 0,
      lost: 0,
      slowestMs: 0,
    }
    let next = offset
    const worker = async () => {
      for (; next < all.length; ) {
        const damage = all[Math.floor(next)]!
        next += step
        await outbox.tryWith(damage, figures)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    yield {
      what: `${figures.cases} of ${all.length} damages of an outbox of ${outbox.bytes} bytes, in tables and in the log`,
      figures: { ...figures, slowestMs: Math.round(figures.slowestMs) },
      target: '0 wrong records handed on, 0 exceptions, none lost without a word, each opened within 1 s',
      ok:
        figures.cases >= Math.min(all.length, SAMPLED - 1) &&
        figures.wrong + figures.exceptions + figures.unsaid === 0 &&
        figures.quarantined > 0 &&
        // A shared machine delays a short run for reasons of its own.
        (!isFull || figures.slowestMs <= MAX_START_MS),
    }
  } finally {
    outbox.remove()
  }
}
