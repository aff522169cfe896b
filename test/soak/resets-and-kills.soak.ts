/** Resets of the device and kills of the host in the middle of calls: each ends with its result or as unknown, none runs twice. */

import { runResetsAndKills } from '../reliability/resets-and-kills.js'
import type { SoakOptions, SoakResult } from './soak.js'

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const calls = isFull ? 10_000 : 1_000
  const faults = isFull ? 200 : 20
  const leastFromCache = faults / 2
  for (const device of ['TypeScript', 'C++'] as const) {
    const noise = { bitErrorRate: 5e-4 }
    const result = await runResetsAndKills({ device, calls, resets: faults, kills: faults, noise, seed })
    yield {
      what: `${calls} calls, ${faults} resets, ${faults} kills of the host, bit error rate 5e-4, device in ${device}`,
      figures: { ...result },
      target: `all end with their result or as unknown; 0 wrong, 0 run twice; at most ${2 * faults} unknown; at least ${leastFromCache} answered from the cache`,
      ok:
        result.results + result.unknown === calls &&
        result.wrong === 0 &&
        result.ranTwice === 0 &&
        result.unknown <= 2 * faults &&
        result.answeredFromCache >= leastFromCache,
    }
  }
}
