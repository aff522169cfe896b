// The short version of each long run of this folder; `npm run soak -- NAME` runs it in full.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Soak } from './soak.js'

/** The short versions are too short for targets that hold for any seed; the long runs draw a new one each time.
 * `SEED=... npx vitest run test/soak` */
const seed = Number(process.env['SEED'] ?? 1)
const names = readdirSync('test/soak')
  .filter((file) => file.endsWith('.soak.ts'))
  .map((file) => file.replace(/\.soak\.ts$/, ''))

describe.each(names)(`the short version of the run %s, seed ${seed}`, (name) => {
  it('reaches its targets', async () => {
    const { run } = (await import(`./${name}.soak.ts`)) as { readonly run: Soak }
    const missed: unknown[] = []
    let results = 0
    for await (const result of run({ seed, isFull: false })) {
      results += 1
      if (!result.ok) missed.push(result)
    }
    expect(missed).toEqual([])
    expect(results).toBeGreaterThan(0)
  }, 240_000)
})
