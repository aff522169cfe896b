/** Random schedules of calls, events, requests and jobs, with noise, resets, pulled cables, killed hosts, of users in a hurry, and of
 * supervised groups: no rule is broken. */

import { runGroupSchedule } from '../reliability/group-schedule.js'
import { ALARMS, HURRY, runSchedule, STORMS, type Weather } from '../reliability/schedule.js'
import type { SoakOptions, SoakResult } from './soak.js'

interface Kind {
  readonly what: string
  readonly schedules: { readonly full: number; readonly short: number }
  weather(which: number): Weather
  /** Of the consumer of events. Default 1. */
  readonly ahead?: number
}

const KINDS: readonly Kind[] = [
  {
    what: 'random schedules of up to 200 steps',
    schedules: { full: 10_000, short: 60 },
    weather: (which) => (which % 4 === 3 ? STORMS : {}),
  },
  {
    what: 'random schedules with emergencies, restarts and calls called off',
    schedules: { full: 3_000, short: 20 },
    weather: () => HURRY,
  },
  {
    what: 'random schedules with a consumer that takes events ahead',
    schedules: { full: 3_000, short: 20 },
    weather: (which) => [{}, ALARMS, STORMS][which % 3]!,
    ahead: 64,
  },
]

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  for (const { what, schedules, weather, ahead = 1 } of KINDS) {
    for (const device of ['TypeScript', 'C++'] as const) {
      const count = isFull ? schedules.full : schedules.short
      const sum = { calls: 0, executed: 0, delivered: 0, hosts: 0, repeats: 0 }
      const broken: string[] = []
      for (let which = 0; which < count && broken.length < 5; which++) {
        const result = await runSchedule({ seed: seed + which, device, weather: weather(which), ahead })
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key]
        if (result.violations.length > 0) broken.push(`seed ${seed + which}: ${result.violations.join('; ')}`)
      }
      yield {
        what: `${count} ${what}, host in TypeScript, device in ${device}`,
        figures: { ...sum, broken: broken.length, ...(broken.length > 0 ? { first: broken[0]! } : {}) },
        target:
          '0 broken: at most once, in order, acknowledged when finished, ids stable, ring never overrun, all ends',
        ok: broken.length === 0,
      }
    }
  }
  const count = isFull ? 2_000 : 15
  for (const device of ['TypeScript', 'C++'] as const) {
    const sum = { calls: 0, executed: 0, restarts: 0 }
    const broken: string[] = []
    for (let which = 0; which < count && broken.length < 5; which++) {
      const result = await runGroupSchedule({ seed: seed + which, device })
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key]
      if (result.violations.length > 0) broken.push(`seed ${seed + which}: ${result.violations.join('; ')}`)
    }
    yield {
      what: `${count} random schedules of a group of three, by all strategies, devices in ${device}`,
      figures: { ...sum, broken: broken.length, ...(broken.length > 0 ? { first: broken[0]! } : {}) },
      target: '0 broken: started in order, taken along by their strategy, at most once, all run again',
      ok: broken.length === 0,
    }
  }
}
