/** OTP's restart intensity as a whole group shares it. Too many restarts do not end the group: it goes on at a slow pace. */

import { recordRestart } from './restart.js'

export interface SharedIntensityOptions {
  /** More restarts than this of all children together inside the period: failed. */
  readonly intensity: number
  readonly periodMs: number
  /** True when a child runs, and has for so long that what ended it before counts no more. */
  readonly isHealthy: (index: number) => boolean
}

export interface SharedIntensity {
  /** A child has ended and is to be started again. `give-up`: not now, only at the slow pace, until all children that ended
   * meanwhile are healthy again. */
  record(index: number, nowMs: number): 'restart' | 'give-up'
}

export function createSharedIntensity({ intensity, periodMs, isHealthy }: SharedIntensityOptions): SharedIntensity {
  let restartsAtMs: readonly number[] = []
  /** Since the intensity was exceeded; empty: it is not. */
  const failed = new Set<number>()
  return {
    record(index, nowMs) {
      const wasFailed = failed.size > 0
      for (const other of failed) if (isHealthy(other)) failed.delete(other)
      if (wasFailed && failed.size === 0) restartsAtMs = []
      const recorded = recordRestart(restartsAtMs, nowMs, { intensity, periodMs })
      restartsAtMs = recorded.restartsAtMs
      if (failed.size === 0 && recorded.verdict === 'restart') return 'restart'
      failed.add(index)
      return 'give-up'
    },
  }
}
