/** Runs many schedules, and shrinks the one that fails. */

import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import type { Ledger } from './ledger.js'
import { type Schedule, type Shape, schedules } from './plan.js'
import { runSchedule } from './run.js'
import type { WorldKind } from './world.js'

/** PORTWIRE_SEED repeats a run; PORTWIRE_SCHEDULES sets how many, PORTWIRE_STEPS how long; PORTWIRE_FIGURES is a file that
 * the counts are written to. */
export const SEED = Number(process.env['PORTWIRE_SEED'] ?? Date.now() % 1_000_000)
const RUNS = process.env['PORTWIRE_SCHEDULES']
const STEPS = process.env['PORTWIRE_STEPS']
const FIGURES = process.env['PORTWIRE_FIGURES']

export async function checkSchedules(
  kind: WorldKind,
  shape: Omit<Shape, 'peers'> & { readonly runs: number },
): Promise<Ledger['counts'] & { schedules: number }> {
  const total = { schedules: 0, promises: 0, calls: 0, answered: 0 }
  const arbitrary = schedules({
    ...shape,
    maxSteps: STEPS ? Number(STEPS) : shape.maxSteps,
    peers: kind.peers.length,
  })
  const property = fc.asyncProperty(arbitrary, async (schedule: Schedule) => {
    const { problems, counts } = await runSchedule(kind, schedule)
    total.schedules += 1
    total.promises += counts.promises
    total.calls += counts.calls
    total.answered += counts.answered
    if (problems.length > 0) throw new Error(`${kind.peers[schedule.peer]}: ${problems.join('; ')}`)
  })
  const details = await fc.check(property, { seed: SEED, numRuns: RUNS ? Number(RUNS) : shape.runs })
  if (details.failed) {
    const { counterexample, errorInstance, numShrinks } = details
    throw new Error(
      `PORTWIRE_SEED=${SEED}, run ${details.numRuns}, after ${numShrinks} shrinks: ${(errorInstance as Error)?.message}\n` +
        `${JSON.stringify(counterexample?.[0])}`,
    )
  }
  if (FIGURES) writeFileSync(FIGURES, JSON.stringify(total))
  return total
}
