/** The pins of an Uno by their numbers on the board. */

import { type AVRIOPort, PinState } from 'avr8js'

/** A pin as one sees it from outside: driven low or high, or an input, with or without its pull-up. */
export type PinLevel = 'low' | 'high' | 'input' | 'pullup'

/** Uno pin numbers: 0 to 7 are port D, 8 to 13 port B, 14 to 19 (A0 to A5) port C. */
export function pinOf(number: number): { port: 'B' | 'C' | 'D'; bit: number } {
  if (!Number.isInteger(number) || number < 0 || number > 19) {
    throw new RangeError(`An Uno has the pins 0 to 19, not ${number}.`)
  }
  if (number < 8) return { port: 'D', bit: number }
  return number < 14 ? { port: 'B', bit: number - 8 } : { port: 'C', bit: number - 14 }
}

/** The level of one pin of a port. */
export function levelOf(port: AVRIOPort, bit: number): PinLevel {
  switch (port.pinState(bit)) {
    case PinState.Low:
      return 'low'
    case PinState.High:
      return 'high'
    case PinState.Input:
      return 'input'
    case PinState.InputPullUp:
      return 'pullup'
  }
}
