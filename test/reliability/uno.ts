/** The firmware image on an emulated Uno behind wires that are disturbed, and what its pins say of what it really did. */

import { readFileSync } from 'node:fs'
import 'serialport'
import type { Random } from '../../src/clock.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno, type UnoBoard } from '../../src/testing/avr/board.js'
import { createNoise, type NoiseOptions } from '../../src/testing/line/index.js'
import type { VirtualClock } from '../../src/testing/virtual-clock.js'

export const UNO_PATH = '/dev/uno'
const IMAGE = 'build/firmware/uno/greenhouse.hex'

/** Pins of the greenhouse (firmware/src/board_arduino.cpp): the LED that `identify` toggles, and the one that is lit with the alarm. */
export const LED_PIN = 13
export const ALARM_PIN = 7

export interface NoisyUnoOptions {
  readonly noise: NoiseOptions
  readonly clock: VirtualClock
  readonly random: Random
  /** Opening the tty resets the board. Default true. */
  readonly resetOnOpen?: boolean
}

export function createNoisyUno({ noise, clock, random, resetOnOpen = true }: NoisyUnoOptions) {
  const board = createUno({ image: readFileSync(IMAGE, 'utf8'), clock, resetOnOpen })
  const toDevice = createNoise(noise, random)
  const toHost = createNoise(noise, random)
  board.bridge.setFault('to_device', toDevice.lineFault)
  board.bridge.setFault('to_host', toHost.lineFault)
  const binding = createBoardBinding({ [UNO_PATH]: board })
  return {
    board,
    binding,
    toDevice,
    toHost,
    bitsInverted: () => toDevice.counters.bitsInverted + toHost.counters.bitsInverted,
  }
}

export interface PinWatch {
  /** Looks now. */
  look(): void
  stop(): void
}

/** Looks twice a millisecond, more often than a line of 115,200 baud can bring two messages, and tells each change that the
 * firmware has made. After a reset the pin is low; going there is no change. */
export function watchPin(
  board: UnoBoard,
  clock: VirtualClock,
  pin: number,
  changed: (isHigh: boolean) => void,
): PinWatch {
  const countResets = () => Object.values(board.statistics().resets).reduce((sum, count) => sum + count, 0)
  let wasHigh = false
  let resets = countResets()
  let cancel = () => {}
  const look = () => {
    const level = board.pin(pin)
    const resetsNow = countResets()
    if (resetsNow !== resets || level === 'input') wasHigh = false
    resets = resetsNow
    const isHigh = level === 'high'
    if (isHigh === wasHigh) return
    wasHigh = isHigh
    changed(isHigh)
  }
  const again = () => {
    look()
    cancel = clock.after(0.5, again)
  }
  again()
  return { look, stop: () => cancel() }
}
