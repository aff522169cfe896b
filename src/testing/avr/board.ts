/** An emulated Arduino Uno: an ATmega328P at 16 MHz that runs a firmware image, behind a USB-to-serial converter. */

import type { Runner, VirtualClock } from '../virtual-clock.js'
import { type Bridge, createBridge } from './bridge.js'
import { type Chip, CPU_HZ, createChip, RESET_FLAGS, SRAM_BYTES } from './chip.js'
import { createEeprom } from './eeprom.js'
import { parseIntelHex } from './intel-hex.js'
import { levelOf, type PinLevel, pinOf } from './pins.js'
import { pwmDuty } from './pwm.js'
import { createTickQueue } from './tick-queue.js'
import type { UsartCounters } from './usart.js'
import { createWire } from './wire.js'

export type { PinLevel } from './pins.js'

/** What can reset the chip; the names are those of the protocol's reset causes. */
export type BoardResetCause = keyof typeof RESET_FLAGS

export interface UnoOptions {
  /** The firmware, as Intel HEX text. */
  image: string
  /** The clock that it lives on; without one, attach the board yourself or give it to `runInRealTime`. */
  clock?: VirtualClock
  /** Time after an external reset in which a bootloader runs and swallows what comes; default 0, Optiboot's is 1,000. */
  bootMs?: number
  /** Opening the port resets the board, as the capacitor between DTR and RESET does on an Uno; default true. */
  resetOnOpen?: boolean
  /** Without the cable the board has no power; default true. */
  poweredByUsb?: boolean
  /** The serial number of its USB converter. */
  serialNumber?: string
  /** EEPROM contents to begin with, at most 1,024 bytes; the rest is 0xFF. */
  eeprom?: Uint8Array
  /** Which bytes of the EEPROM are worn out: they keep what they hold, whatever is written; asked at each write. Default: none. */
  isEepromWorn?: (address: number) => boolean
  /** Skip the turns of idle loops, which changes nothing but the time it takes; default true. */
  skipIdle?: boolean
}

export interface BoardStatistics extends Readonly<UsartCounters> {
  /** Ticks of the 16 MHz crystal since the board was made, with or without power. */
  readonly cycles: number
  /** Those of them that an idle loop spent and that were not executed. */
  readonly skippedCycles: number
  /** Resets and power-ups, by cause. */
  readonly resets: Readonly<Record<BoardResetCause, number>>
}

/** What the board tells whoever holds the host's end of its cable. */
export interface CableListener {
  unplugged(): void
  plugged(): void
}

export interface UnoBoard extends Runner {
  readonly serialNumber: string
  readonly resetOnOpen: boolean
  /** The USB-to-serial converter: bytes to and from the board. */
  readonly bridge: Bridge
  /** Resets the chip now. EEPROM, and but for `power_on` SRAM, keep their contents. */
  reset(cause: BoardResetCause): void
  powerOff(): void
  powerOn(): void
  readonly powered: boolean
  /** Pulls the cable. Bytes on the way are lost; the board loses power if it has no other supply. */
  unplug(): void
  plug(): void
  readonly plugged: boolean
  /** Returns how to stop listening. */
  onCable(listener: CableListener): () => void
  /** The level of an Uno's pin, 0 to 13, or 14 to 19 for A0 to A5. A PWM pin shows what it is at this moment. */
  pin(number: number): PinLevel
  /** Drives a pin from outside; it shows where the firmware has it as an input. */
  setPin(number: number, high: boolean): void
  /** Share of time that an output is high, 0 to 1: the duty of a pin under PWM, else 0 or 1. */
  pwmDuty(number: number): number
  /** Voltage at A0 to A5 (channel 0 to 5), from 0 to 5 V. */
  setAnalogVolts(channel: number, volts: number): void
  /** The EEPROM, 1,024 bytes; writing to it changes what the firmware reads. */
  readonly eeprom: Uint8Array
  /** The SRAM as it is now, 2,048 bytes from address 0x100 on; another array after a reset. Paint it to see how deep the stack went. */
  readonly sram: Uint8Array
  statistics(): BoardStatistics
  /** For drivers: ends the current run, because a waiting host got something. */
  wakeHost(): void
  /** For the real-time driver: called when the host is about to send bytes. */
  onHostInput(listener: () => void): void
}

const TICKS_PER_MS = CPU_HZ / 1000

/** Builds an Uno with the image in flash and gives it power; a virtual clock given here runs it. */
export function createUno(options: UnoOptions): UnoBoard {
  const flash = new Uint16Array(parseIntelHex(options.image).buffer)
  const eeprom = createEeprom(options.eeprom, options.isEepromWorn ?? (() => false))
  const bootTicks = (options.bootMs ?? 0) * TICKS_PER_MS
  const poweredByUsb = options.poweredByUsb ?? true

  const limit = { tick: 0 }
  const queue = createTickQueue((tick) => {
    if (tick < limit.tick) limit.tick = tick
  })
  const toDevice = createWire()
  const toHost = createWire()
  const counters: UsartCounters = {
    receivedBytes: 0,
    sentBytes: 0,
    lostBytes: 0,
    overruns: 0,
    framingErrors: 0,
    parityErrors: 0,
  }
  const resets = { power_on: 0, external: 0, brown_out: 0, watchdog: 0 }
  const analogVolts = [0, 0, 0, 0, 0, 0]
  const pinsHigh = new Map<number, boolean>()
  const cableListeners = new Set<CableListener>()
  const inputListeners: (() => void)[] = []

  let chip: Chip | undefined
  let idleTick = 0 // the time while no chip runs
  let originMs = 0
  let skippedCycles = 0 // of the chips before this one
  let remains: { mcusr: number; sram: Uint8Array } = { mcusr: 0, sram: new Uint8Array(SRAM_BYTES) }
  let powered = false
  let plugged = true
  let hostWoken = false
  let watchdogFired = false
  let cancelBoot: (() => void) | undefined

  const nowTick = () => chip?.cpu.cycles ?? idleTick
  const bridge = createBridge({
    queue,
    nowTick,
    ticksPerSecond: CPU_HZ,
    toDevice,
    toHost,
    onWrite() {
      for (const listener of inputListeners) listener()
    },
  })

  function stopChip(): void {
    cancelBoot?.()
    cancelBoot = undefined
    if (chip === undefined) return
    idleTick = chip.cpu.cycles
    remains = chip.remains()
    skippedCycles += chip.skippedCycles()
    chip.usart.stop(idleTick)
    chip = undefined
  }

  function startChip(): void {
    const { mcusr, sram } = remains
    chip = createChip({
      flash,
      eeprom,
      queue,
      input: toDevice,
      output: toHost,
      counters,
      startTick: idleTick,
      mcusr,
      sram,
      skipIdle: options.skipIdle ?? true,
      onWatchdogReset() {
        watchdogFired = true
        limit.tick = 0
      },
    })
    for (const [channel, volts] of analogVolts.entries()) chip.adc.channelValues[channel] = volts
    for (const [number, high] of pinsHigh) drivePin(number, high)
  }

  function reset(cause: BoardResetCause): void {
    if (!powered) return
    stopChip()
    resets[cause]++
    if (cause === 'power_on') {
      scramble(remains.sram, resets.power_on)
      remains.mcusr = RESET_FLAGS.power_on
    } else remains.mcusr |= RESET_FLAGS[cause]
    if (cause !== 'external' || bootTicks === 0) startChip()
    else {
      cancelBoot = queue.at(idleTick + bootTicks, () => {
        cancelBoot = undefined
        startChip()
      })
    }
  }

  function powerOn(): void {
    if (powered) return
    powered = true
    reset('power_on')
  }

  function powerOff(): void {
    stopChip()
    powered = false
  }

  function drivePin(number: number, high: boolean): void {
    const { port, bit } = pinOf(number)
    chip?.ports[port].setPin(bit, high)
  }

  const tickAt = (ms: number) => Math.round((ms - originMs) * TICKS_PER_MS)

  function runTo(limitMs: number): boolean {
    const target = tickAt(limitMs)
    hostWoken = false
    for (;;) {
      limit.tick = Math.min(target, queue.nextTick())
      if (chip !== undefined) chip.run(limit)
      else idleTick = Math.max(idleTick, limit.tick)
      if (watchdogFired) {
        watchdogFired = false
        reset('watchdog')
      }
      const reachedTick = nowTick()
      while (queue.nextTick() <= reachedTick && !hostWoken) queue.runNext()
      if (hostWoken || reachedTick >= target) return hostWoken
    }
  }

  powerOn()

  const board: UnoBoard = {
    serialNumber: options.serialNumber ?? '55736303531351E081A1',
    resetOnOpen: options.resetOnOpen ?? true,
    bridge,
    attached(nowMs) {
      originMs = nowMs - nowTick() / TICKS_PER_MS
    },
    nextEventMs() {
      const heard = chip?.usart.nextSentTick() ?? Number.POSITIVE_INFINITY
      const tick = Math.min(heard, queue.nextTick())
      return tick === Number.POSITIVE_INFINITY ? undefined : originMs + tick / TICKS_PER_MS
    },
    runTo,
    reachedMs: () => originMs + nowTick() / TICKS_PER_MS,
    reset,
    powerOn,
    powerOff,
    get powered() {
      return powered
    },
    unplug() {
      if (!plugged) return
      plugged = false
      bridge.discard()
      if (poweredByUsb) powerOff()
      for (const listener of [...cableListeners]) listener.unplugged()
    },
    plug() {
      if (plugged) return
      plugged = true
      for (const listener of [...cableListeners]) listener.plugged()
      if (poweredByUsb) powerOn()
    },
    get plugged() {
      return plugged
    },
    onCable(listener) {
      cableListeners.add(listener)
      return () => void cableListeners.delete(listener)
    },
    pin(number) {
      const { port, bit } = pinOf(number)
      return chip === undefined ? 'input' : levelOf(chip.ports[port], bit)
    },
    setPin(number, high) {
      pinsHigh.set(number, high)
      drivePin(number, high)
    },
    pwmDuty(number) {
      if (chip === undefined) return 0
      const { port, bit } = pinOf(number)
      return pwmDuty(chip, number) ?? (levelOf(chip.ports[port], bit) === 'high' ? 1 : 0)
    },
    setAnalogVolts(channel, volts) {
      if (analogVolts[channel] === undefined) throw new RangeError(`An Uno has the channels 0 to 5, not ${channel}.`)
      analogVolts[channel] = volts
      if (chip !== undefined) chip.adc.channelValues[channel] = volts
    },
    eeprom: eeprom.memory,
    get sram() {
      return chip?.sram ?? remains.sram
    },
    statistics: () => ({
      ...counters,
      cycles: nowTick(),
      skippedCycles: skippedCycles + (chip?.skippedCycles() ?? 0),
      resets: { ...resets },
    }),
    wakeHost() {
      hostWoken = true
      limit.tick = 0
    },
    onHostInput(listener) {
      inputListeners.push(listener)
    },
  }
  options.clock?.attach(board)
  return board
}

/** SRAM holds noise after power-up: firmware that reads what it never wrote must not find zeros. Deterministic. */
function scramble(sram: Uint8Array, seed: number): void {
  let state = (seed * 0x9e3779b9) >>> 0 || 1
  for (let index = 0; index < sram.length; index++) {
    state ^= (state << 13) >>> 0
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    sram[index] = state & 0xff
  }
}
