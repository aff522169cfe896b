import { describe, expect, it } from 'vitest'
import { createLoader } from '../../scripts/load-ts.mjs'
import { MUTANTS } from './mutants.js'
import type { ScheduleOptions, ScheduleResult } from './schedule.js'

/** A rule that is missing shows within so many schedules, or the checker is too weak. */
const MAX_SCHEDULES = Number(process.env['PORTWIRE_SCHEDULES'] ?? 400)
const MANY = 2_000

describe('the checker sees when this rule is switched off:', () => {
  it.each(MUTANTS.filter(({ isRare }) => !isRare || MAX_SCHEDULES >= MANY))(
    '$rule',
    async ({ file, find, replace, device = 'TypeScript', weather = {}, ahead = 1, isOfGroup = false }) => {
      let applied = 0
      const loader = await createLoader((code, path) => {
        if (path !== file) return code
        applied = code.split(find).length - 1
        return code.replace(find, () => replace)
      })
      try {
        const { runSchedule } = await loader.load('test/reliability/schedule.ts')
        const { runGroupSchedule } = await loader.load('test/reliability/group-schedule.ts')
        expect(applied, `how often ${file} has the text that the mutant replaces`).toBe(1)
        const run = (isOfGroup ? runGroupSchedule : runSchedule) as (
          options: ScheduleOptions,
        ) => Promise<Pick<ScheduleResult, 'violations'>>
        let seen: readonly string[] = []
        for (let seed = 1; seed <= MAX_SCHEDULES && seen.length === 0; seed++) {
          seen = (
            await run({ seed, device, weather, ahead }).catch((error: Error) => ({ violations: [String(error)] }))
          ).violations
        }
        expect(seen).not.toEqual([])
      } finally {
        await loader.close()
      }
    },
    240_000,
  )
})
