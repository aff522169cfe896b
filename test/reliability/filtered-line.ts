/** Calls and reliable events together over a line whose frames are filtered. */

import { createPort } from '../../src/index.js'
import { createLine, type LineOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { checker } from './checker.contract.js'
import { createCppChip, createTypeScriptChip, KEPT_EVENTS } from './checker-chip.js'
import { type FrameFilter, framesOf } from './frame-filters.js'

export interface FilteredLineOptions {
  readonly device: 'TypeScript' | 'C++'
  readonly calls: number
  readonly events: number
  readonly seed: number
  /** Of one direction; made anew for each. */
  readonly filter?: () => FrameFilter
  readonly line?: Partial<LineOptions>
  /** Something that goes on beside it. */
  readonly beside?: (line: ReturnType<typeof createLine>, clock: VirtualClock) => void
}

export interface FilteredLineResult {
  readonly wrong: number
  readonly ranTwice: number
  readonly failed: number
  readonly eventsReceived: number
  /** Twice, or out of order. */
  readonly eventsWrong: number
  readonly medianCallMs: number
  readonly repeats: number
}

const CALL_TIMEOUT_MS = 30_000

export async function runFilteredLine(options: FilteredLineOptions): Promise<FilteredLineResult> {
  const { calls, events } = options
  const random = seeded(options.seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const ran = new Uint8Array(calls)
  const none = () => {}
  const chip = (options.device === 'C++' ? createCppChip : createTypeScriptChip)({
    clock,
    random,
    window: 4,
    bootMs: 0,
    witness: {
      ran(id) {
        ran[id]! += 1
      },
      noted: none,
      counted: none,
      answered: none,
      booted: none,
      overrun: none,
    },
  })
  const filters = { to_device: options.filter?.(), to_host: options.filter?.() }
  const line = createLine({
    board: chip,
    clock,
    random,
    middle: (run, direction) => framesOf(run).flatMap((frame) => filters[direction]?.(frame) ?? [frame]),
    ...options.line,
  })
  const port = createPort(checker, { link: line.connector, clock, random, callTimeoutMs: CALL_TIMEOUT_MS })
  let eventsReceived = 0
  let eventsWrong = 0
  port.consume('alarm', ({ n }) => {
    if (n !== eventsReceived) eventsWrong += 1
    eventsReceived += 1
  })
  await clock.until(port.ready())
  options.beside?.(line, clock)
  let emitted = 0
  const emit = () => {
    if (emitted < events && chip.keptEvents < KEPT_EVENTS && chip.alarm(emitted)) emitted += 1
    clock.after(5, emit)
  }
  emit()
  const tookMs: number[] = []
  let wrong = 0
  let failed = 0
  for (let id = 0; id < calls; id++) {
    const pad = Uint8Array.of(id & 0xff, 7)
    const startMs = clock.nowMs()
    try {
      const result = await clock.until(port.call('add', { id, pad }))
      if (result.id !== id || result.pad[0] !== pad[0] || result.pad[1] !== 7) wrong += 1
    } catch {
      failed += 1
    }
    tookMs.push(clock.nowMs() - startMs)
  }
  while (eventsReceived < events) await clock.advance(100)
  const { repeatsSent } = port.info().counters
  await clock.until(port.close())
  tookMs.sort((a, b) => a - b)
  return {
    wrong,
    ranTwice: ran.filter((times) => times > 1).length,
    failed,
    eventsReceived,
    eventsWrong,
    medianCallMs: Math.round(tookMs[tookMs.length >> 1]! * 10) / 10,
    repeats: repeatsSent,
  }
}
