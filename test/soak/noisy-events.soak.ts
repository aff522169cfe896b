/** A stream of events over a noisy line: a plain one loses no more frames than were damaged, a reliable one loses nothing and
 * still uses the line. */

import { runNoisyEvents } from '../reliability/noisy-events.js'
import type { SoakOptions, SoakResult } from './soak.js'

const NOISE = { bitErrorRate: 1e-4 }

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const events = isFull ? 1_000_000 : 10_000
  for (const device of ['TypeScript', 'C++'] as const) {
    const plain = await runNoisyEvents({ device, kind: 'plain', noise: NOISE, events, window: 4, seed })
    yield {
      what: `${events} plain events of 32 bytes, back to back, bit error rate 1e-4, device in ${device}`,
      figures: { ...plain },
      target: 'at most one event lost for each frame damaged, at most 5 in a row, 0 bogus, all losses counted',
      ok:
        plain.lost <= plain.framesDamaged &&
        plain.worstRun <= 5 &&
        plain.bogus === 0 &&
        plain.lossCounted === plain.lost,
    }
    const reliable = await runNoisyEvents({ device, kind: 'reliable', noise: NOISE, events, window: 4, seed })
    yield {
      what: `${events} reliable events of 32 bytes, back to back, bit error rate 1e-4, window 4, device in ${device}`,
      figures: { ...reliable },
      target: '0 lost, 0 bogus, in order, goodput at least 0.75',
      ok: reliable.lost === 0 && reliable.bogus === 0 && reliable.goodput >= 0.75,
    }
  }
}
