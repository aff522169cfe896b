/**
 * An ATmega328P from one reset to the next: avr8js's CPU with timers, ADC, ports, EEPROM and watchdog, and our USART.
 * A reset makes a new one, so that no register and no half-done transfer survives it; SRAM, EEPROM and flash do.
 */

import {
  AVRADC,
  AVRClock,
  AVREEPROM,
  AVRIOPort,
  AVRTimer,
  AVRWatchdog,
  adcConfig,
  CPU,
  type EEPROMBackend,
  portBConfig,
  portCConfig,
  portDConfig,
  timer0Config,
  timer1Config,
  timer2Config,
  watchdogConfig,
} from 'avr8js'
import { step } from './core.js'
import { createIdleSkipper } from './idle.js'
import type { TickQueue } from './tick-queue.js'
import { createUsart, type Usart, type UsartCounters } from './usart.js'
import type { Wire } from './wire.js'

export const CPU_HZ = 16_000_000

/** SRAM of an ATmega328P; its data address space is this and 256 bytes of registers in front. */
export const SRAM_BYTES = 2048
const FIRST_SRAM_ADDRESS = 0x100

const MCUSR = 0x54
/** Reset flags in MCUSR. */
export const RESET_FLAGS = { power_on: 0x01, external: 0x02, brown_out: 0x04, watchdog: 0x08 } as const

const WDTCSR = 0x60
const WDCE = 0x10
const WDE = 0x08

export interface ChipOptions {
  readonly flash: Uint16Array
  readonly eeprom: EEPROMBackend
  readonly queue: TickQueue
  readonly input: Wire
  readonly output: Wire
  readonly counters: UsartCounters
  /** Where its cycle counter starts: cycles are ticks of the crystal since the board was made. */
  readonly startTick: number
  /** What MCUSR shows to the firmware. */
  readonly mcusr: number
  /** SRAM as it was before the reset. */
  readonly sram: Uint8Array
  readonly onWatchdogReset: () => void
  /** Skip the turns of idle loops. */
  readonly skipIdle: boolean
}

export interface Chip {
  readonly cpu: CPU
  readonly adc: AVRADC
  readonly ports: { readonly B: AVRIOPort; readonly C: AVRIOPort; readonly D: AVRIOPort }
  readonly timers: readonly [AVRTimer, AVRTimer, AVRTimer]
  readonly usart: Usart
  readonly sram: Uint8Array
  /** Runs instructions until `limit.tick`, which may be lowered meanwhile. */
  run(limit: { readonly tick: number }): void
  /** Cycles of idle loops that were not executed. */
  skippedCycles(): number
  /** MCUSR and SRAM, for the next one. */
  remains(): { mcusr: number; sram: Uint8Array }
}

export function createChip(options: ChipOptions): Chip {
  const cpu = new CPU(options.flash, SRAM_BYTES)
  cpu.cycles = options.startTick
  cpu.data.set(options.sram, FIRST_SRAM_ADDRESS)
  cpu.data[MCUSR] = options.mcusr

  const clock = new AVRClock(cpu, CPU_HZ)
  // The ports come first: the timers look them up when they take over a pin.
  const ports = {
    B: new AVRIOPort(cpu, portBConfig),
    C: new AVRIOPort(cpu, portCConfig),
    D: new AVRIOPort(cpu, portDConfig),
  }
  const timers = [
    new AVRTimer(cpu, timer0Config),
    new AVRTimer(cpu, timer1Config),
    new AVRTimer(cpu, timer2Config),
  ] as const
  const adc = new AVRADC(cpu, adcConfig)
  new AVREEPROM(cpu, options.eeprom)
  new AVRWatchdog(cpu, watchdogConfig, clock)
  const { queue, input, output, counters } = options
  const usart = createUsart({ cpu, queue, input, output, counters })
  cpu.reset = options.onWatchdogReset
  forceWatchdog(cpu)

  const skipper = createIdleSkipper(cpu, timers)
  let lookCycle = options.skipIdle ? cpu.cycles : Number.POSITIVE_INFINITY

  return {
    cpu,
    adc,
    ports,
    timers,
    usart,
    sram: cpu.data.subarray(FIRST_SRAM_ADDRESS, FIRST_SRAM_ADDRESS + SRAM_BYTES),
    run(limit) {
      while (cpu.cycles < limit.tick) {
        step(cpu)
        if (cpu.cycles >= lookCycle && cpu.cycles < limit.tick) lookCycle = skipper.look(limit.tick)
      }
    },
    skippedCycles: () => skipper.skippedCycles,
    remains: () => ({ mcusr: cpu.data[MCUSR]!, sram: cpu.data.slice(FIRST_SRAM_ADDRESS) }),
  }
}

/**
 * Data sheet, 11.9.2: WDE cannot be cleared while WDRF is set. After a watchdog reset the watchdog therefore runs on,
 * at its shortest period of 16 ms, until the firmware has cleared WDRF and then switched it off.
 */
function forceWatchdog(cpu: CPU): void {
  const stock = cpu.writeHooks[WDTCSR]!
  cpu.writeHooks[WDTCSR] = (value, oldValue, address, mask) =>
    stock(cpu.data[MCUSR]! & RESET_FLAGS.watchdog ? value | WDE : value, oldValue, address, mask)
  if (cpu.data[MCUSR]! & RESET_FLAGS.watchdog) {
    cpu.writeData(WDTCSR, WDCE | WDE)
    cpu.writeData(WDTCSR, WDE)
  }
}
