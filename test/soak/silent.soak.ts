/** A device that says nothing, hangs, or speaks at another speed is found out in time; one that drops events says how many. */

import { readFileSync } from 'node:fs'
import 'serialport'
import { type Connector, createPort, type OpenOptions, type Port } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createLine } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { type Checker, checker } from '../reliability/checker.contract.js'
import { type CheckerChip, createCppChip, createTypeScriptChip } from '../reliability/checker-chip.js'
import { runFullQueue } from '../reliability/full-queue.js'
import type { SoakOptions, SoakResult } from './soak.js'

const IMAGE = 'build/firmware/uno/greenhouse.hex'
/** Heartbeat 1 s, three missed. */
const LIMIT_MS = 3_000
/** From opening the port to giving up on hello. */
const READY_TIMEOUT_MS = 3_000
const MAX_DEADLINE_MS = 5_000
const BAUD_RATE = 115_200

type Fault = 'silent' | 'another speed' | 'hung'

interface Found {
  /** From the fault, or from opening where it never said hello, to the end of the session. */
  readonly idleMs: number
}

/** What became of one fault, as `idleMs` after its bound began: the fault, or the deadline of the call that it hit. */
interface Tally {
  runs: number
  worstMs: number
  others: number
}

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const runs = isFull ? 500 : 20
  for (const device of ['TypeScript', 'C++'] as const) {
    for (const fault of ['silent', 'another speed', 'hung'] as const) {
      for (const when of ['idle', 'in a call', 'before hello'] as const) {
        const tally: Tally = { runs: 0, worstMs: 0, others: 0 }
        for (let which = 0; which < runs; which++) {
          note(tally, await findOut({ device, fault, when, seed: seed + which }))
        }
        yield resultOf(`${fault}, ${when}, device in ${device}`, tally)
      }
    }
    const result = await runFullQueue({ device, events: isFull ? 20_000 : 500, seed })
    yield {
      what: `${result.generated} events for a queue of 8, over a line that stops now and then, device in ${device}`,
      figures: { ...result },
      target:
        'generated = received + dropped in front of each event and in the end, exactly, but for what a reset took with it; some were dropped',
      ok:
        result.wrongSums === 0 &&
        result.generated === result.received + result.dropped + result.lostWithMemory &&
        result.dropped > 0,
    }
  }
  for (const when of ['idle', 'in a call', 'before hello'] as const) {
    const tally: Tally = { runs: 0, worstMs: 0, others: 0 }
    for (let which = 0; which < (isFull ? 50 : 2); which++) note(tally, await findOutUno(when, seed + which))
    yield resultOf(when === 'before hello' ? 'another speed, before hello, Uno' : `without power, ${when}, Uno`, tally)
  }
}

function note(tally: Tally, { idleMs }: Found): void {
  tally.runs += 1
  if (Number.isNaN(idleMs)) tally.others += 1
  else tally.worstMs = Math.max(tally.worstMs, Math.round(idleMs))
}

function resultOf(name: string, tally: Tally): SoakResult {
  return {
    what: `${tally.runs} times: ${name}`,
    figures: { ...tally },
    target: `found out at most ${LIMIT_MS} ms after it began, or after the deadline of the call; 0 ended otherwise`,
    ok: tally.worstMs <= LIMIT_MS && tally.others === 0,
  }
}

type When = 'idle' | 'in a call' | 'before hello'

async function findOut(options: {
  readonly device: 'TypeScript' | 'C++'
  readonly fault: Fault
  readonly when: When
  readonly seed: number
}): Promise<Found> {
  const { fault, when } = options
  const random = seeded(options.seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  let isFaulty = when === 'before hello'
  const garbled = (run: Uint8Array) => run.map(() => random() * 256)
  /** After so many frames of the device nothing more comes; undefined: not that fault. */
  let framesLeft = fault === 'hung' ? Math.floor(random() * (isFaulty ? 2 : 20)) : undefined
  let faultAtMs = 0
  const middle = (run: Uint8Array, direction: 'to_device' | 'to_host') => {
    if (!isFaulty) return [run]
    if (framesLeft === undefined) return fault === 'silent' ? [] : [garbled(run)]
    if (direction === 'to_device') return [run]
    if (framesLeft === 0) return []
    framesLeft -= 1
    // Silence begins when the last frame is through.
    faultAtMs = Math.max(clock.nowMs(), line.toHost.idleAtMs) + (run.length * 10_000) / BAUD_RATE
    return [run]
  }
  const board = chipOf(options.device, clock, random)
  const line = createLine({ board, clock, random, baudRate: BAUD_RATE, middle })
  const port = openChecker(line.connector, clock, random)
  if (when !== 'before hello') {
    await clock.until(port.ready())
    await clock.advance(random() * 3_000)
  }
  isFaulty = true
  faultAtMs = Math.max(clock.nowMs(), line.toHost.idleAtMs) // a frame on its way still comes
  const call = when === 'in a call' ? callOf(clock, random, (timeoutMs) => add(port, timeoutMs)) : undefined
  return over(port, clock, () => Math.max(faultAtMs, call?.deadlineMs() ?? 0), when)
}

/** The emulated board loses its power behind its converter, which stays; or the port is opened at half its speed. */
async function findOutUno(when: When, seed: number): Promise<Found> {
  const random = seeded(seed)
  const clock = createVirtualClock()
  const board = createUno({ image: readFileSync(IMAGE, 'utf8'), clock, resetOnOpen: false })
  const binding = createBoardBinding({ '/dev/uno': board })
  const port = createPort(greenhouse, {
    serial: '/dev/uno',
    binding,
    clock,
    random,
    ...(when === 'before hello' ? { baudRate: 57_600 } : {}),
    readyTimeoutMs: READY_TIMEOUT_MS,
    restart: { type: 'temporary' },
  } as OpenOptions<(typeof greenhouse)['definition']>)
  let faultAtMs = clock.nowMs()
  let call: ReturnType<typeof callOf> | undefined
  if (when !== 'before hello') {
    await clock.until(port.ready())
    await clock.advance(random() * 3_000)
    faultAtMs = clock.nowMs()
    board.powerOff()
    if (when === 'in a call') {
      call = callOf(clock, random, (timeoutMs) => port.call('setLamp', { on: true }, { timeoutMs }))
    }
  }
  return over(port, clock, () => Math.max(faultAtMs, call?.deadlineMs() ?? 0), when)
}

function openChecker(link: Connector, clock: VirtualClock, random: () => number): Port<Checker> {
  const restart = { type: 'temporary' } as const
  return createPort(checker, { link, clock, random, readyTimeoutMs: READY_TIMEOUT_MS, restart })
}

function add(port: Port<Checker>, timeoutMs: number): Promise<unknown> {
  return port.call('add', { id: 1, pad: new Uint8Array(8) }, { timeoutMs })
}

/** A call that gets no answer. */
function callOf(clock: VirtualClock, random: () => number, make: (timeoutMs: number) => Promise<unknown>) {
  const timeoutMs = 100 + Math.floor(random() * MAX_DEADLINE_MS)
  let deadlineMs = clock.nowMs() + timeoutMs
  make(timeoutMs).then(
    () => {
      deadlineMs = 0 // it was answered before the device hung
    },
    () => {},
  )
  return { deadlineMs: () => deadlineMs }
}

/** @returns how long after `fromMs()` the port ended; NaN when it ended in any other way */
async function over(port: Pick<Port, 'exited'>, clock: VirtualClock, fromMs: () => number, when: When): Promise<Found> {
  const exit = await clock.until(port.exited)
  const isHello = exit.kind === 'failed' && exit.error.code === 'HELLO_TIMEOUT'
  const isExpected = when === 'before hello' ? isHello || exit.kind === 'silent' : exit.kind === 'silent'
  const fromOpenMs = isHello ? 0 : fromMs()
  return { idleMs: isExpected ? clock.nowMs() - fromOpenMs : Number.NaN }
}

function chipOf(device: 'TypeScript' | 'C++', clock: VirtualClock, random: () => number): CheckerChip {
  const none = () => {}
  const witness = { ran: none, noted: none, counted: none, answered: none, booted: none, overrun: none }
  return (device === 'C++' ? createCppChip : createTypeScriptChip)({ clock, random, witness, window: 1, bootMs: 0 })
}
