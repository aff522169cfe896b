/** An hour of many devices with faults, in real time: the sums are right, and nothing grows. `PORTWIRE_MINUTES` sets how long. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { seeded } from '../../src/testing/seeded.js'
import { heldResources } from '../reliability/held-resources.js'
import { startManyDevices } from '../reliability/many-devices.js'
import type { SoakOptions, SoakResult } from './soak.js'

const DEVICES = 32
const FAULT_EVERY_MS = 10_000
const SAMPLES = 60
/** Of the time, until what the engine sizes for itself has its size. */
const WARM_SHARE = 0.25
const MAX_BYTES_PER_HOUR = 1_024 * 1_024
const MAX_DELAY_P99_MS = 50
const MS_PER_HOUR = 3_600_000

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const minutes = isFull ? Number(process.env['PORTWIRE_MINUTES'] ?? 60) : 0.05
  const sampleMs = (minutes * 60_000) / SAMPLES
  let rejections = 0
  const rejected = () => {
    rejections += 1
  }
  process.on('unhandledRejection', rejected)
  const devices = await startManyDevices(isFull ? DEVICES : 6, seeded(seed))
  const faults = setInterval(devices.fault, isFull ? FAULT_EVERY_MS : 300)
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const heap: { readonly hours: number; readonly bytes: number }[] = []
  const rss: { readonly hours: number; readonly bytes: number }[] = []
  const descriptors = new Set<number>()
  for (let sample = 0; sample < SAMPLES; sample++) {
    await new Promise((resolve) => setTimeout(resolve, sampleMs))
    delay.disable() // the collection of garbage that a sample makes is not the devices'
    if (sample >= SAMPLES * WARM_SHARE) {
      const { rssBytes, heapBytes, descriptors: count } = heldResources()
      const hours = ((sample + 1) * sampleMs) / MS_PER_HOUR
      heap.push({ hours, bytes: heapBytes })
      rss.push({ hours, bytes: rssBytes })
      descriptors.add(count)
    }
    delay.enable()
  }
  delay.disable()
  clearInterval(faults)
  await devices.stop()
  process.off('unhandledRejection', rejected)
  const { totals } = devices
  const delayP99Ms = Math.round(delay.percentile(99) / 1e4) / 100
  const rssBytesPerHour = Math.round(slope(rss))
  const ended = totals.results + totals.unknown + totals.notRun
  yield {
    what: `${minutes} minutes of ${isFull ? DEVICES : 6} devices in real time, each on a noisy line, a fault of one each ${isFull ? 10 : 0.3} s`,
    figures: {
      ...totals,
      rejections,
      delayP99Ms,
      rssBytesPerHour,
      heapBytesPerHour: Math.round(slope(heap)),
      descriptorCounts: descriptors.size,
    },
    target: `0 wrong, all calls end; 0 rejections; descriptors constant, RSS at most ${MAX_BYTES_PER_HOUR} bytes an hour, delay of the event loop p99 at most ${MAX_DELAY_P99_MS} ms (in full)`,
    ok:
      totals.wrong === 0 &&
      ended === totals.calls &&
      totals.faults > 0 &&
      rejections === 0 &&
      (!isFull || (descriptors.size === 1 && rssBytesPerHour <= MAX_BYTES_PER_HOUR && delayP99Ms <= MAX_DELAY_P99_MS)),
  }
}

/** Of the straight line nearest to the samples, by least squares. */
function slope(samples: readonly { readonly hours: number; readonly bytes: number }[]): number {
  const mean = (of: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const hours = mean((sample) => sample.hours)
  const bytes = mean((sample) => sample.bytes)
  const covariance = mean((sample) => (sample.hours - hours) * (sample.bytes - bytes))
  return covariance / mean((sample) => (sample.hours - hours) ** 2)
}
