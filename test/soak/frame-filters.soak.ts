/** Whole frames lost, doubled, swapped, held up, or in single bytes: calls and reliable events stay whole. */

import { seeded } from '../../src/testing/seeded.js'
import { type FilteredLineOptions, runFilteredLine } from '../reliability/filtered-line.js'
import { double, drop, keepThenDrop, swap } from '../reliability/frame-filters.js'
import type { SoakOptions, SoakResult } from './soak.js'

type Fault = Pick<FilteredLineOptions, 'filter' | 'line' | 'beside'>

const FAULTS: Readonly<Record<string, (seed: number) => Fault>> = {
  '1 % of frames lost': (seed) => ({ filter: () => drop(0.01, seeded(seed)) }),
  '20 % of frames lost': (seed) => ({ filter: () => drop(0.2, seeded(seed)) }),
  '0.5 % of frames swapped with the next': (seed) => ({ filter: () => swap(0.005, seeded(seed)) }),
  'every sixth frame lost': () => ({ filter: () => keepThenDrop(5) }),
  'every fourth frame lost': () => ({ filter: () => keepThenDrop(3) }),
  // As many as the window: what goes out again a window at a time loses the same one each time.
  'every fourth frame lost, the ways two apart': () => ({ filter: phases(0, 2) }),
  'every fourth frame lost, the ways one apart': () => ({ filter: phases(3, 2) }),
  '5 % of frames doubled': (seed) => ({ filter: () => double(0.05, seeded(seed)) }),
  'one byte at a time': () => ({ line: { pieces: 'bytes' } }),
  'frozen for a second, every ten': () => ({
    beside(line, clock) {
      const freeze = () => {
        line.toDevice.stall(1_000)
        line.toHost.stall(1_000)
        clock.after(10_000, freeze)
      }
      freeze()
    },
  }),
}

/** Every fourth frame is lost, each way from another one on: the first filter is for the way to the device. */
function phases(toDevice: number, toHost: number) {
  const left = [toDevice, toHost]
  return () => keepThenDrop(3, left.shift())
}

/** Three times the timer that a line of 115,200 baud has for its first copies. */
const MEDIAN_CALL_MS = 60
/** Where every frame has the same chance; a fault that keeps step with the repeats may hit all of them. */
const IS_EVEN = /^20 %/

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const count = isFull ? 10_000 : 500
  for (const device of ['TypeScript', 'C++'] as const) {
    for (const [name, fault] of Object.entries(FAULTS)) {
      const result = await runFilteredLine({ device, calls: count, events: count, seed, ...fault(seed) })
      yield {
        what: `${count} calls and ${count} reliable events, ${name}, device in ${device}`,
        figures: { ...result },
        target: `0 wrong, 0 run twice, 0 failed, all events in order${IS_EVEN.test(name) ? `; median call at most ${MEDIAN_CALL_MS} ms` : ''}`,
        ok:
          result.wrong + result.ranTwice + result.failed + result.eventsWrong === 0 &&
          result.eventsReceived === count &&
          (!IS_EVEN.test(name) || result.medianCallMs <= MEDIAN_CALL_MS),
      }
    }
  }
}
