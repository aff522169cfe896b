/** Runs an emulated board against the wall clock: for the demonstration, and for boards behind a real tty. */

import { type Clock, systemClock } from '../clock.js'
import type { Runner } from './virtual-clock.js'

export interface RealTimeOptions {
  /** Time between two looks while there is traffic, ms; default 1. */
  paceMs?: number
  /** The same after 100 ms without any; default 10. A byte from the host wakes the board at once. */
  idlePaceMs?: number
  /** The wall clock; default the system's. */
  clock?: Clock
}

export interface RealTime {
  /** Stops the board's time; harmless when called again. */
  stop(): void
  /** Wall-clock time that the machine was too slow for, ms: the board's clock is late by it. */
  readonly slippedMs: number
}

/** A board that can be run so; `onHostInput` tells the driver that bytes are about to come, and not to wait for its next look. */
export interface RealTimeRunner extends Runner {
  onHostInput?(listener: () => void): void
}

/** Emulated at a time; what is missing then follows after the event loop had a turn. */
const SLICE_MS = 10

/** A board that is later than this gives the time up instead of running after it. */
const LATE_MS = 250

const TRAFFIC_MS = 100

/** Keeps the runner's time at the wall clock's until `stop()`. */
export function runInRealTime(runner: RealTimeRunner, options: RealTimeOptions = {}): RealTime {
  const { paceMs = 1, idlePaceMs = 10, clock = systemClock } = options
  let slippedMs = 0
  let lastTrafficMs = clock.nowMs()
  let stopped = false
  let running = false
  let cancel: (() => void) | undefined

  const boardNowMs = () => clock.nowMs() - slippedMs

  function soon(): void {
    cancel?.()
    const immediate = setImmediate(run)
    cancel = () => clearImmediate(immediate)
  }

  /** Brings the board up to the wall clock, as far as one slice goes; true when there is more to do at once. */
  function catchUp(): boolean {
    const lateMs = boardNowMs() - runner.reachedMs()
    if (lateMs > LATE_MS) slippedMs += lateMs - SLICE_MS
    const targetMs = boardNowMs()
    const limitMs = Math.min(targetMs, runner.reachedMs() + SLICE_MS)
    running = true
    const noticed = runner.runTo(limitMs)
    running = false
    if (noticed) lastTrafficMs = clock.nowMs()
    return noticed || limitMs < targetMs
  }

  function run(): void {
    cancel = undefined
    if (stopped) return
    if (catchUp()) soon()
    else cancel = clock.after(clock.nowMs() - lastTrafficMs < TRAFFIC_MS ? paceMs : idlePaceMs, run)
  }

  runner.attached?.(boardNowMs())
  runner.onHostInput?.(() => {
    if (stopped || running) return
    lastTrafficMs = clock.nowMs()
    // What comes now must not reach a board that is still at the time of its last look.
    catchUp()
    soon()
  })
  soon()

  return {
    stop() {
      stopped = true
      cancel?.()
      cancel = undefined
    },
    get slippedMs() {
      return slippedMs
    },
  }
}
