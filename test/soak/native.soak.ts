/** The C++ library as a program behind a real tty, in real time, over a line that damages bits and loses bytes: nothing is wrong,
 * runs twice or is lost. */

import type { NoiseOptions } from '../../src/testing/line/index.js'
import { runNoisyProgram } from '../reliability/noisy-program.js'
import type { SoakOptions, SoakResult } from './soak.js'

const LINES: Readonly<Record<string, NoiseOptions>> = {
  'bit error rate 1e-4': { bitErrorRate: 1e-4 },
  'bursts of 80 bits, one in 40,000': { bursts: { meanQuietBits: 40_000, meanBurstBits: 80 } },
  '0.2 % of bytes lost, 0.1 % doubled': { lossRate: 0.002, doubleRate: 0.001 },
}

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const calls = isFull ? 10_000 : 120
  const events = isFull ? 3_000 : 40
  const everyMs = isFull ? 20 : 15
  for (const [name, noise] of Object.entries(LINES)) {
    const result = await runNoisyProgram({ noise, calls, events, requests: events, everyMs, seed })
    yield {
      what: `${calls} calls, one in 40 a job, ${events} reliable events and requests beside them, program behind a real tty, ${name}`,
      figures: { ...result },
      target:
        '0 wrong, 0 failed, 0 run twice; events kept = received, in order, generated = received + dropped; each request answered once',
      ok:
        result.wrong + result.failed + result.ranWrong === 0 &&
        result.eventsWrong === 0 &&
        result.eventsReceived === result.eventsKept &&
        result.eventsDropped === result.dropsTold &&
        result.eventsReceived + result.dropsTold === events &&
        result.requestsAsked === events &&
        result.requestsAnswered === events &&
        result.requestsWrong === 0 &&
        result.sessions === 1 &&
        result.bitsInverted + result.bytesLost > 0,
    }
  }
}
