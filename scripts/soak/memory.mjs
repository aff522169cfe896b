// A million calls and a million dropped events, with a spawned program and with a board: memory stays where it was.
// PORTWIRE_COUNT sets another number.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fail } from '../setup.mjs'

const CHILD = fileURLToPath(new URL('./memory/child.mjs', import.meta.url))
const FULL = 1_000_000
/** As many as `npm test` makes. */
const SHORT = 50_000

export function* run({ isFull }) {
  const count = process.env.PORTWIRE_COUNT ?? String(isFull ? FULL : SHORT)
  for (const peer of ['program', 'board']) for (const what of ['calls', 'events']) yield resultOf(peer, what, count)
}

/** Heap and RSS after the warm-up and at the end, in a process of its own. */
function resultOf(peer, what, count) {
  const figures = measure(peer, what, count)
  return {
    what: `${count} ${what === 'calls' ? 'calls, casts and streams' : 'dropped events'}, ${peer}`,
    figures,
    target: 'heap and RSS grow by at most 8 MiB, no warning',
    ok: figures.met && figures.warnings.length === 0,
  }
}

/** @param peer `program` or `board`; @param what `calls` or `events` */
export function measure(peer, what, count) {
  const args = ['--expose-gc', CHILD, peer, what, String(count)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) fail(`the measurement of ${what}, ${peer}, failed with ${status}: ${stderr}`)
  // Also what Node itself has to say: a warning of a leak is one.
  return { ...JSON.parse(stdout), warnings: stderr.split('\n').filter((line) => line.includes('Warning')) }
}
