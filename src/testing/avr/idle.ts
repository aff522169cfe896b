/**
 * Skips the turns of an idle loop. When the machine comes back to an instruction with every register and all of memory
 * as they were, and did nothing in between that depends on time, it goes on like that until something from outside
 * reaches it. Those turns need not be executed: the result is the same to the cycle.
 */

import type { AVRTimer, CPU } from 'avr8js'
import { nextEffectCycle, step } from './core.js'

/** Cycles between two looks, doubled up to the second figure while the firmware is found busy. */
const FIRST_LOOK_CYCLES = 200
const LATEST_LOOK_CYCLES = 6_400

/** The longest turn that is looked for. */
const TURN_CYCLES = 1_500

/** A look costs about as much as this many cycles; less than that is not worth one. */
const WORTH_CYCLES = 500

/** Cycles executed before the next effect, so that overdue timer ticks are caught up with before it. */
const LEAD_CYCLES = 64

export interface IdleSkipper {
  /** Looks whether the CPU turns in an idle loop and skips what it can before `limitCycle`; returns when to look again. */
  look(limitCycle: number): number
  /** Cycles skipped so far. */
  readonly skippedCycles: number
}

export function createIdleSkipper(cpu: CPU, timers: readonly AVRTimer[]): IdleSkipper {
  const before = new Uint8Array(cpu.data.length)
  const beforeBuffer = Buffer.from(before.buffer)
  const dataBuffer = Buffer.from(cpu.data.buffer)
  const hooks = cpu as { -readonly [K in 'readHooks' | 'writeHooks']: CPU[K] }
  const { readHooks, writeHooks } = cpu
  let touched = false
  let waitCycles = FIRST_LOOK_CYCLES
  let skippedCycles = 0

  // A turn that goes through a peripheral's hook may read the time or change what is not in memory: it is not skipped.
  const watchedReads: CPU['readHooks'] = []
  for (const [address, hook] of Object.entries(readHooks)) {
    watchedReads[Number(address)] = (...args) => {
      touched = true
      return hook(...args)
    }
  }
  const watchedWrites: CPU['writeHooks'] = []
  for (const [address, hook] of Object.entries(writeHooks)) {
    watchedWrites[Number(address)] = (...args) => {
      touched = true
      return hook(...args)
    }
  }

  /** Executes until the machine is as it was, and returns the cycles that took; 0: it does not come back. */
  function turn(endCycle: number): number {
    before.set(cpu.data)
    const { pc, cycles } = cpu
    touched = false
    hooks.readHooks = watchedReads
    hooks.writeHooks = watchedWrites
    let found = 0
    while (!touched && cpu.cycles < endCycle) {
      step(cpu)
      if (cpu.pc === pc && beforeBuffer.equals(dataBuffer)) {
        found = cpu.cycles - cycles
        break
      }
    }
    hooks.readHooks = readHooks
    hooks.writeHooks = writeHooks
    return touched || cpu.nextInterrupt >= 0 ? 0 : found
  }

  return {
    look(limitCycle) {
      const effectCycle = Math.min(limitCycle, nextEffectCycle(cpu, timers))
      if (effectCycle - cpu.cycles < WORTH_CYCLES || cpu.nextInterrupt >= 0) return cpu.cycles + FIRST_LOOK_CYCLES
      const turnCycles = turn(Math.min(cpu.cycles + TURN_CYCLES, effectCycle - LEAD_CYCLES))
      if (turnCycles === 0) {
        waitCycles = Math.min(LATEST_LOOK_CYCLES, waitCycles * 2)
        return cpu.cycles + waitCycles
      }
      waitCycles = FIRST_LOOK_CYCLES
      // The last turn is executed: a watchdog reset in it belongs to its own cycle.
      const turns = Math.floor((effectCycle - LEAD_CYCLES - cpu.cycles) / turnCycles) - 1
      if (turns > 0) {
        cpu.cycles += turns * turnCycles
        skippedCycles += turns * turnCycles
      }
      return effectCycle + FIRST_LOOK_CYCLES
    },
    get skippedCycles() {
      return skippedCycles
    },
  }
}
