/** Random schedules of calls, events, requests and jobs, with noise, resets, pulled cables, killed hosts: no rule is broken. */

import { runSchedule, STORMS } from '../reliability/schedule.js'
import type { SoakOptions, SoakResult } from './soak.js'

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const schedules = isFull ? 10_000 : 60
  for (const device of ['TypeScript', 'C++'] as const) {
    const sum = { calls: 0, executed: 0, delivered: 0, hosts: 0, repeats: 0 }
    const broken: string[] = []
    for (let which = 0; which < schedules && broken.length < 5; which++) {
      const result = await runSchedule({ seed: seed + which, device, weather: which % 4 === 3 ? STORMS : {} })
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key]
      if (result.violations.length > 0) broken.push(`seed ${seed + which}: ${result.violations.join('; ')}`)
    }
    yield {
      what: `${schedules} random schedules of up to 200 steps, host in TypeScript, device in ${device}`,
      figures: { ...sum, broken: broken.length, ...(broken.length > 0 ? { first: broken[0]! } : {}) },
      target: '0 broken: at most once, in order, acknowledged when finished, ids stable, ring never overrun, all ends',
      ok: broken.length === 0,
    }
  }
}
