// The lives of ports: longer and more random schedules of opening, calling, killing, closing than a test run has time for.
// PORTWIRE_SCHEDULES sets how many there are, PORTWIRE_STEPS how long they are.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../setup.mjs'

/** Schedules and steps; the short ones are those of the file itself, in `npm test`. */
const KINDS = {
  board: { file: 'test/port/schedules.test.ts', full: [10_000, 60], short: [1_000, 40] },
  program: { file: 'test/port/schedules-program.test.ts', full: [1_000, 20], short: [100, 20] },
  tty: { file: 'test/port/schedules-tty.test.ts', full: [300, 20], short: [30, 20] },
}

export function* run({ seed, isFull }) {
  for (const [kind, { file, full, short }] of Object.entries(KINDS)) {
    const [schedules, steps] = isFull ? full : short
    const folder = mkdtempSync(join(tmpdir(), 'portwire-soak-'))
    const figures = join(folder, 'figures.json')
    const wanted = { PORTWIRE_SCHEDULES: String(schedules), PORTWIRE_STEPS: String(steps), ...process.env }
    const env = { ...wanted, PORTWIRE_SEED: String(seed), PORTWIRE_FIGURES: figures }
    const { status } = spawnSync('npx', ['vitest', 'run', file], { cwd: root, env, stdio: ['ignore', 2, 2] })
    const counts = status === 0 ? JSON.parse(readFileSync(figures, 'utf8')) : {}
    rmSync(folder, { recursive: true })
    const target = Number(wanted.PORTWIRE_SCHEDULES)
    yield {
      what: `${target} random schedules of up to ${wanted.PORTWIRE_STEPS} steps, ${kind}`,
      figures: counts,
      target: 'none with a fault',
      ok: counts.schedules === target,
    }
  }
}
