/** Calls over a line that damages bits: none may be answered wrong, run twice or fail, and the line's time must be used. */

import type { NoiseOptions } from '../../src/testing/line/index.js'
import { runNoisyCalls } from '../reliability/noisy-calls.js'
import type { SoakOptions, SoakResult } from './soak.js'

interface Line {
  readonly name: string
  readonly noise: NoiseOptions
  /** What a stop-and-wait line of 115,200 baud can do at this rate, less a margin. 185.8 calls/s is the ceiling without errors. */
  readonly callsPerSecond: number
  /** Share of calls that may fail, saying so. */
  readonly maxFailed: number
  readonly calls: { readonly full: number; readonly short: number }
}

const LINES: readonly Line[] = [
  {
    name: 'bit error rate 1e-4',
    noise: { bitErrorRate: 1e-4 },
    callsPerSecond: 130,
    maxFailed: 0,
    calls: { full: 100_000, short: 3_000 },
  },
  {
    name: 'bit error rate 1e-3',
    noise: { bitErrorRate: 1e-3 },
    callsPerSecond: 30,
    maxFailed: 0.005,
    calls: { full: 20_000, short: 1_000 },
  },
  {
    name: 'bursts of 80 bits, one in 40,000',
    noise: { bursts: { meanQuietBits: 40_000, meanBurstBits: 80 } },
    callsPerSecond: 130,
    maxFailed: 0,
    calls: { full: 100_000, short: 3_000 },
  },
]

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  for (const device of ['TypeScript', 'C++'] as const) {
    for (const line of LINES) {
      const calls = isFull ? line.calls.full : line.calls.short
      const result = await runNoisyCalls({ device, noise: line.noise, calls, seed })
      const { wrong, ranTwice, ranWrong, failed, callsPerSecond } = result
      yield {
        what: `${calls} calls of 24 bytes each way, ${line.name}, device in ${device}`,
        figures: { ...result },
        target: `0 wrong, 0 run twice, 0 run wrong, at most ${line.maxFailed * 100} % failed, at least ${line.callsPerSecond} calls/s of line time`,
        ok:
          wrong === 0 &&
          ranTwice === 0 &&
          ranWrong === 0 &&
          failed <= calls * line.maxFailed &&
          callsPerSecond >= line.callsPerSecond,
      }
    }
  }
}
