/** Events back to back over a noisy line: plain ones, whose loss is counted, or reliable ones, which all come. */

import { createPort } from '../../src/index.js'
import { createLine, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip, KEPT_EVENTS, padOf } from './checker-chip.js'

export interface NoisyEventsOptions {
  readonly device: 'TypeScript' | 'C++'
  readonly kind: 'plain' | 'reliable'
  readonly noise: NoiseOptions
  readonly events: number
  readonly window: 1 | 4
  readonly seed: number
}

export interface NoisyEventsResult {
  readonly received: number
  readonly lost: number
  /** Runs on the line towards the host that were damaged, each of one frame. */
  readonly framesDamaged: number
  /** Most events missing in a row. */
  readonly worstRun: number
  /** Events with a content that was never sent, twice, or out of order. */
  readonly bogus: number
  /** What `info()` says was lost. */
  readonly lossCounted: number
  /** Share of the line's time that delivered events took. */
  readonly goodput: number
}

/** Content 25: action, token, array, number (5 bytes), bin 8 (2), 15 bytes; 7 of framing. */
const FRAME_BYTES = 32
/** So that each number takes five bytes. */
const FIRST = 65_536
const BAUD = 115_200
/** The device is kept this far ahead of the line. */
const AHEAD_BYTES = 4 * FRAME_BYTES

export async function runNoisyEvents(options: NoisyEventsOptions): Promise<NoisyEventsResult> {
  const { device, kind, noise, events, window, seed } = options
  const random = seeded(seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const none = () => {}
  const chip = (device === 'C++' ? createCppChip : createTypeScriptChip)({
    clock,
    random,
    window,
    bootMs: 0,
    witness: { ran: none, noted: none, counted: none, answered: none, booted: none, overrun: none },
  })
  const line = createLine({ board: chip, clock, random, baudRate: BAUD, toDevice: noise, toHost: noise })
  const port = createPort(checker, { link: line.connector, clock, random })
  let received = 0
  let bogus = 0
  let worstRun = 0
  let next = FIRST
  let expected = FIRST
  const heard = ({ n, pad }: { readonly n: number; readonly pad: Uint8Array }) => {
    const right = padOf(n)
    if (n < expected || n >= next || pad.length !== right.length || pad.some((byte, index) => byte !== right[index])) {
      bogus += 1
      return
    }
    received += 1
    worstRun = Math.max(worstRun, n - expected)
    expected = n + 1
  }
  if (kind === 'plain') port.on('block', heard)
  else port.consume('record', heard)
  await clock.until(port.ready())
  await clock.advance(100) // bound
  const startMs = clock.nowMs()
  let finished: () => void
  const isFed = new Promise<void>((resolve) => {
    finished = resolve
  })
  const hasRoom = () => (kind === 'plain' ? line.toHost.queuedBytes < AHEAD_BYTES : chip.keptEvents < KEPT_EVENTS)
  const feed = () => {
    while (next < FIRST + events && hasRoom()) {
      if (!(kind === 'plain' ? chip.block(next) : chip.record(next))) throw new Error(`event ${next} was not taken`)
      next += 1
    }
    if (next === FIRST + events && (kind === 'plain' ? line.toHost.queuedBytes === 0 : received === events)) finished()
    else clock.after(1, feed)
  }
  feed()
  await clock.until(isFed, Number.POSITIVE_INFINITY)
  const lastedMs = clock.nowMs() - startMs
  await clock.advance(3_000) // a TICK counts the plain ones
  const { plainEventsLost } = port.info().counters
  await clock.until(port.close())
  return {
    received,
    lost: events - received,
    framesDamaged: line.toHost.noise.counters.runsDamaged,
    worstRun,
    bogus,
    lossCounted: plainEventsLost,
    goodput: Math.round(((received * FRAME_BYTES * 10_000) / BAUD / lastedMs) * 1_000) / 1_000,
  }
}
