/**
 * Steps avr8js's CPU. Like its own `tick`, but everything that is due is done before the next instruction: the stock
 * one does one thing an instruction, so that what happens at the same time is late by how it happens to be queued.
 */

import { type AVRTimer, avrInstruction, avrInterrupt, type CPU } from 'avr8js'

/** What avr8js keeps to itself and stepping needs; the package is pinned to the version that this was read from. */
interface CpuInside {
  nextClockEvent: ClockEvent | null
  pendingInterrupts: ({ address: number; constant?: boolean } | null)[]
  clockEventPool: ClockEvent[]
}

interface ClockEvent {
  readonly cycles: number
  readonly callback: () => void
  readonly next: ClockEvent | null
}

const SREG = 95
const INTERRUPTS_ENABLED = 0x80
const POOLED_EVENTS = 10

const inside = (cpu: CPU) => cpu as unknown as CpuInside

/** Executes one instruction, then what is due, then enters an interrupt if one is pending and allowed. */
export function step(cpu: CPU): void {
  avrInstruction(cpu)
  const core = cpu as unknown as CpuInside
  let event = core.nextClockEvent
  while (event !== null && event.cycles <= cpu.cycles) {
    const { callback } = event
    core.nextClockEvent = event.next
    if (core.clockEventPool.length < POOLED_EVENTS) core.clockEventPool.push(event)
    callback()
    event = core.nextClockEvent
  }
  if (cpu.nextInterrupt >= 0 && cpu.data[SREG]! & INTERRUPTS_ENABLED) {
    const interrupt = core.pendingInterrupts[cpu.nextInterrupt]!
    avrInterrupt(cpu, interrupt.address)
    if (!interrupt.constant) cpu.clearInterrupt(interrupt as Parameters<CPU['clearInterrupt']>[0])
  }
}

/** What the timers keep to themselves. */
interface TimerInside {
  readonly count: () => void
  readonly lastCycle: number
  readonly divider: number
  readonly tcnt: number
  readonly ocrA: number
  readonly ocrB: number
  readonly countingUp: boolean
  readonly tcntUpdated: boolean
  readonly updateDivider: boolean
  readonly timerMode: number
}

const PWM_PHASE_CORRECT = 1
const PWM_PHASE_FREQUENCY_CORRECT = 4

/**
 * The first cycle at which a peripheral does anything that firmware could notice. A timer's ticks are none, only its
 * compare matches and turns: avr8js has an event for every tick, but catches up on any number of missed ones.
 */
export function nextEffectCycle(cpu: CPU, timers: readonly AVRTimer[]): number {
  let first = Number.POSITIVE_INFINITY
  for (let event = inside(cpu).nextClockEvent; event !== null; event = event.next) {
    const timer = timers.find((candidate) => (candidate as unknown as TimerInside).count === event!.callback)
    first = Math.min(first, timer === undefined ? event.cycles : nextTimerEffect(timer))
  }
  return first
}

function nextTimerEffect(timer: AVRTimer): number {
  const { lastCycle, divider, tcnt, ocrA, ocrB, countingUp, timerMode, tcntUpdated, updateDivider } =
    timer as unknown as TimerInside
  if (tcntUpdated || updateDivider || divider === 0) return lastCycle
  const phaseCorrect = timerMode === PWM_PHASE_CORRECT || timerMode === PWM_PHASE_FREQUENCY_CORRECT
  const top = timer.TOP
  const up = !phaseCorrect || countingUp
  let ticks = up ? top - tcnt + (phaseCorrect ? 0 : 1) : tcnt
  for (const compare of [ocrA, ocrB]) {
    const distance = up ? compare - tcnt : tcnt - compare
    if (distance > 0) ticks = Math.min(ticks, distance)
  }
  return lastCycle + Math.max(1, ticks) * divider
}
