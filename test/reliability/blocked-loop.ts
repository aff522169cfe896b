/** Calls, casts, jobs, events, requests, ticks and hellos compete for a ring of 63 bytes, while loop() is blocked at random. */

import { type Connector, createPort } from '../../src/index.js'
import { createLine } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { checker } from './checker.contract.js'
import { createCppChip } from './checker-chip.js'
import { createRingLosses, type LossCause } from './ring-losses.js'

export interface BlockedLoopOptions {
  readonly rounds: number
  readonly seed: number
  readonly window: 1 | 4
  /** Of the host's end of the line. */
  readonly change?: (connector: Connector) => Connector
}

export interface BlockedLoopResult {
  /** Messages that the ring has cut, by what they were. */
  readonly cut: Readonly<Record<LossCause, number>>
  readonly firsts: number
  readonly wrong: number
  readonly ranTwice: number
  readonly answered: number
  /** By a new session, or in their time. */
  readonly failed: number
  readonly alarms: number
  readonly requests: number
  readonly ticks: number
  readonly sessions: number
}

/** Of one round: loop() is blocked for up to this. */
const LONGEST_BLOCK_MS = 300
const USUAL_BLOCK_MS = 50
/** Share of the rounds that begin a new session. */
const HELLO_SHARE = 0.02
const MAX_PAD_BYTES = 32
const HEARTBEAT_MS = 400
const CALL_TIMEOUT_MS = 5_000
const MOST_WAITING_CALLS = 8

export async function runBlockedLoop({ rounds, seed, window, change }: BlockedLoopOptions): Promise<BlockedLoopResult> {
  const random = seeded(seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const losses = createRingLosses()
  const ran = new Map<number, number>()
  const mayRunAgain = new Set<number>()
  const none = () => {}
  const chip = createCppChip({
    clock,
    random,
    window,
    bootMs: 0,
    witness: {
      ran: (id) => void ran.set(id, (ran.get(id) ?? 0) + 1),
      noted: none,
      counted: none,
      answered: none,
      booted: none,
      overrun: (run, position) => losses.lost(position, run.length === 0 ? 0 : 1),
    },
  })
  const line = createLine({
    board: chip,
    clock,
    random,
    middle(run, direction) {
      if (direction === 'to_device') for (const byte of run) losses.sent(byte)
      return [run]
    },
  })
  const port = createPort(checker, {
    link: (change ?? ((connector) => connector))(line.connector),
    clock,
    random,
    heartbeatMs: HEARTBEAT_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
  })
  let alarms = 0
  let requests = 0
  port.consume('alarm', () => void alarms++)
  port.handle('ask', ({ n }) => {
    requests += 1
    return n
  })
  await clock.until(port.ready())
  let wrong = 0
  let answered = 0
  let failed = 0
  const waiting = new Set<Promise<void>>()
  const track = (call: Promise<void>) => {
    const ended = call
      .then(
        () => void answered++,
        () => void failed++,
      )
      .finally(() => waiting.delete(ended))
    waiting.add(ended)
  }
  const act = (id: number) => {
    const pad = Uint8Array.from({ length: Math.floor(random() * (MAX_PAD_BYTES + 1)) }, () =>
      Math.floor(random() * 256),
    )
    const kind = random()
    if (kind < 0.5 && waiting.size < MOST_WAITING_CALLS) {
      const isIdempotent = random() < 0.5
      if (isIdempotent) mayRunAgain.add(id)
      const call = port.call(isIdempotent ? 'put' : 'add', { id, pad })
      track(
        call.then((result) => {
          if (result.id !== id || result.pad.length !== pad.length) wrong += 1
        }),
      )
    } else if (kind < 0.6 && waiting.size < MOST_WAITING_CALLS) {
      track(port.call('count', { id, steps: 3, stepMs: 5 }).then(() => {}))
    } else port.cast('note', { id }, { lossy: kind < 0.8 })
    if (random() < 0.3) chip.alarm(id)
    if (random() < 0.2) chip.ask(id, 2_000)
  }
  for (let round = 0; round < rounds; round++) {
    chip.hang(random() * (random() < 0.2 ? LONGEST_BLOCK_MS : USUAL_BLOCK_MS))
    for (let acts = Math.floor(random() * 4); acts >= 0; acts--) act(round * 4 + acts)
    if (random() < HELLO_SHARE) await clock.until(port.restart())
    await clock.advance(random() * 2 * USUAL_BLOCK_MS)
  }
  while (waiting.size > 0) await clock.until(Promise.all(waiting))
  const { session: sessions, counters } = port.info()
  const { ticks } = counters
  await clock.until(port.close())
  const ranTwice = [...ran].filter(([id, times]) => times > 1 && !mayRunAgain.has(id)).length
  const cut = losses.causes()
  return { cut, firsts: losses.firsts, wrong, ranTwice, answered, failed, alarms, requests, ticks, sessions }
}
