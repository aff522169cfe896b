/** The device of the checker, in TypeScript or on the C++ library: what it does is told to an observer, as it happens. */

import { readFileSync } from 'node:fs'
import type { Clock, Random } from '../../src/clock.js'
import { RESET_CAUSES, type ResetCause } from '../../src/exit.js'
import type { LineBoard } from '../../src/testing/line/line.js'
import { createMockChip } from '../../src/testing/mock-chip.js'
import { checker } from './checker.contract.js'

/** What really happened on the device. */
export interface Witness {
  ran(id: number): void
  noted(id: number): void
  counted(id: number): void
  /** A request has ended; undefined: without an answer. */
  answered(value: number | undefined): void
  /** A boot has begun. */
  booted(epoch: number): void
  /** A run of bytes of which some found the receive ring full.
   * @param position  where the first of these stands among all bytes that came, from 0 */
  overrun(run: Uint8Array, position: number): void
}

export interface CheckerChip extends LineBoard {
  /** False: the queue is full, or the chip is not running. */
  alarm(n: number): boolean
  sample(n: number): boolean
  /** An event with the bytes that `padOf(n)` says: reliable, and plain. */
  record(n: number): boolean
  block(n: number): boolean
  ask(n: number, deadlineMs: number): boolean
  /** The epoch of the boot that runs. */
  readonly epoch: number | undefined
  /** Reliable events that are kept on the device. */
  readonly keptEvents: number
  /** loop() does not return for so long. */
  hang(ms: number): void
}

export interface ChipOptions {
  readonly clock: Clock
  readonly random: Random
  readonly witness: Witness
  readonly window: number
  readonly bootMs: number
}

/** What a record or block of this number holds. */
export function padOf(n: number): Uint8Array {
  return Uint8Array.from({ length: 15 }, (_, index) => (Math.imul(n, 31) + index * 7) & 0xff)
}

export const REQUEST_DEADLINE_MS = 1_000
export const KEPT_EVENTS = 8
/** As checker.cpp has them. */
export const CHECKER_BAUD_RATES = { opening: 115_200, others: [1_000_000, 250_000] } as const

export function createTypeScriptChip({ clock, random, witness, window, bootMs }: ChipOptions): CheckerChip {
  const chip = createMockChip({
    contract: checker,
    clock,
    random,
    window,
    bootMs,
    maxContentBytes: 56,
    maxKeptEvents: KEPT_EVENTS,
    baudRates: CHECKER_BAUD_RATES,
    handlers: {
      add({ id, pad }) {
        witness.ran(id as number)
        return { id, pad }
      },
      put({ id, pad }) {
        witness.ran(id as number)
        return { id, pad }
      },
      note({ id }) {
        witness.noted(id as number)
      },
      count({ id, steps, stepMs }, context) {
        witness.counted(id as number)
        return new Promise((resolve, reject) => {
          let step = 0
          const next = () => {
            if (context.signal.aborted) return reject(new Error('cancelled'))
            if (step === steps) return resolve(id)
            step += 1
            context.next({ id, step })
            clock.after(stepMs as number, next)
          }
          clock.after(stepMs as number, next)
        })
      },
    },
  })
  return {
    ...chip,
    powerOn: chip.powerOn,
    alarm: (n) => chip.device?.emit('alarm', { n }) ?? false,
    sample: (n) => chip.device?.emit('sample', { n }) ?? false,
    record: (n) => chip.device?.emit('record', { n, pad: padOf(n) }) ?? false,
    block: (n) => chip.device?.emit('block', { n, pad: padOf(n) }) ?? false,
    ask(n, deadlineMs) {
      const { device } = chip
      if (!device) return false
      device.ask('ask', { n }, deadlineMs).then(
        (value) => witness.answered(value as number),
        () => witness.answered(undefined),
      )
      return true
    },
    get epoch() {
      return chip.device?.epoch
    },
    get keptEvents() {
      return chip.device?.keptEvents ?? 0
    },
    hang() {},
  }
}

interface Exports {
  __wasm_call_ctors(): void
  begin(epoch: number, cause: number): void
  poll(): void
  alarm(n: number): number
  sample(n: number): number
  record(n: number): number
  block(n: number): number
  ask(n: number, deadlineMs: number): number
  keptEvents(): number
}

const modules = new Map<string, WebAssembly.Module>()

/** loop() of the device runs this often, beside each time that bytes come. */
const LOOP_MS = 1
/** The ring of a stock Arduino holds one byte less than its 64. */
const RING_BYTES = 63
const ANSWERED = 0

/** The C++ library, compiled by `node scripts/reliability-device.mjs`. A boot is a new instance. */
export function createCppChip({ clock, random, witness, window, bootMs }: ChipOptions): CheckerChip {
  const file = `build/reliability/checker-window-${window}.wasm`
  const module = modules.get(file) ?? new WebAssembly.Module(readFileSync(file))
  modules.set(file, module)

  let send: ((bytes: Uint8Array) => void) | undefined
  let setBaudRate: (baudRate: number) => void = () => {}
  let running: { readonly exports: Exports; readonly epoch: number } | undefined
  let cancelTimer = () => {}
  let ring: number[] = []
  let blockedUntilMs = 0
  let restarts = false
  /** Bytes that came, since there is a chip. */
  let cameBytes = 0

  const start = (cause: ResetCause) => {
    const bootedAtMs = clock.nowMs()
    const epoch = Math.floor(random() * 0xffff_ffff) + 1
    let out: number[] = []
    const imports = {
      nowMs: () => Math.floor(clock.nowMs() - bootedAtMs),
      available: () => ring.length,
      read: () => ring.shift()!,
      write: (byte: number) => void out.push(byte),
      commit() {
        const bytes = Uint8Array.from(out)
        out = []
        send?.(bytes)
      },
      restart() {
        restarts = true
      },
      setBaudRate: (baudRate: number) => setBaudRate(baudRate >>> 0),
      ran: (id: number) => witness.ran(id >>> 0),
      noted: (id: number) => witness.noted(id >>> 0),
      counted: (id: number) => witness.counted(id >>> 0),
      answered: (outcome: number, value: number) => witness.answered(outcome === ANSWERED ? value >>> 0 : undefined),
    }
    const exports = new WebAssembly.Instance(module, { env: imports }).exports as unknown as Exports
    running = { exports, epoch }
    exports.__wasm_call_ctors()
    witness.booted(epoch)
    exports.begin(epoch, RESET_CAUSES.indexOf(cause))
    loop()
  }
  const stop = () => {
    cancelTimer()
    running = undefined
    ring = []
    blockedUntilMs = 0
  }
  const boot = (cause: ResetCause) => {
    stop()
    cancelTimer = clock.after(bootMs, () => start(cause))
  }
  const poll = () => {
    if (!running || clock.nowMs() < blockedUntilMs) return
    // As loop() runs again and again while there is something to read.
    do running.exports.poll()
    while (ring.length > 0 && !restarts)
    if (!restarts) return
    restarts = false
    boot('software')
  }
  const loop = () => {
    poll()
    if (running) cancelTimer = clock.after(Math.max(LOOP_MS, blockedUntilMs - clock.nowMs()), loop)
  }
  return {
    powerOn(toHost, setRate = () => {}) {
      send = toHost
      setBaudRate = setRate
      boot('power_on')
    },
    powerOff() {
      stop()
      send = undefined
    },
    reset(cause) {
      if (send) boot(cause)
    },
    receive(bytes) {
      const from = cameBytes
      cameBytes += bytes.length
      if (!running) return
      let firstLost: number | undefined
      for (const [index, byte] of bytes.entries()) {
        // A chip that is not blocked reads while the bytes come in.
        if (ring.length >= RING_BYTES) poll()
        if (!running) return
        if (ring.length < RING_BYTES) ring.push(byte)
        else firstLost ??= from + index
      }
      if (firstLost !== undefined) witness.overrun(bytes, firstLost)
      poll()
    },
    alarm: (n) => running?.exports.alarm(n) === 1,
    sample: (n) => running?.exports.sample(n) === 1,
    record: (n) => running?.exports.record(n) === 1,
    block: (n) => running?.exports.block(n) === 1,
    ask: (n, deadlineMs) => running?.exports.ask(n, deadlineMs) === 1,
    get epoch() {
      return running?.epoch
    },
    get keptEvents() {
      return running?.exports.keptEvents() ?? 0
    },
    hang(ms) {
      blockedUntilMs = Math.max(blockedUntilMs, clock.nowMs() + ms)
    },
  }
}
