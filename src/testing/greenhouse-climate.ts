/**
 * The climate of a small greenhouse, for the demonstration and for tests of firmware that controls one. First-order
 * physics with exact steps: two steps of one second give what one step of two seconds gives.
 */

import type { CancelTimer, Clock } from '../clock.js'

export interface Climate {
  readonly celsius: number
  /** Relative humidity, 0 to 100. */
  readonly humidityPercent: number
}

export interface ClimateInputs {
  /** 0 is shut, 1 is wide open. */
  readonly ventOpen: number
  readonly lampOn: boolean
  readonly outside: Climate
}

/** How fast the air inside gives way to the air outside, 1/s: through the panes, and through the open vent. */
const LEAK_PER_SECOND = 1 / 60
const VENT_PER_SECOND = 1 / 8

/** What the lamp and the sun add, K/s: shut, 14 K and 8 K above outside in the end. */
const LAMP_KELVIN_PER_SECOND = 14 * LEAK_PER_SECOND
const SUN_KELVIN_PER_SECOND = 8 * LEAK_PER_SECOND

/** What the plants breathe out, %/s; the lamp's heat dries the air. */
const PLANTS_PERCENT_PER_SECOND = 25 * LEAK_PER_SECOND
const LAMP_PERCENT_PER_SECOND = -10 * LEAK_PER_SECOND

/** The climate `dtMs` later, with all inputs as they are meanwhile. */
export function stepClimate(climate: Climate, inputs: ClimateInputs, dtMs: number): Climate {
  const exchangePerSecond = LEAK_PER_SECOND + VENT_PER_SECOND * clamp(inputs.ventOpen, 0, 1)
  const kept = Math.exp((-exchangePerSecond * dtMs) / 1000)
  const towards = (value: number, outside: number, gainPerSecond: number) => {
    const end = outside + gainPerSecond / exchangePerSecond
    return end + (value - end) * kept
  }
  const lamp = inputs.lampOn ? 1 : 0
  const heat = SUN_KELVIN_PER_SECOND + lamp * LAMP_KELVIN_PER_SECOND
  const vapour = PLANTS_PERCENT_PER_SECOND + lamp * LAMP_PERCENT_PER_SECOND
  return {
    celsius: towards(climate.celsius, inputs.outside.celsius, heat),
    humidityPercent: clamp(towards(climate.humidityPercent, inputs.outside.humidityPercent, vapour), 0, 100),
  }
}

/** Weather: 11 to 19 degrees, drier when it is warm; `dayMs` is the length of a day, default ten minutes. */
export function outsideClimate(atMs: number, dayMs = 600_000): Climate {
  const phase = Math.sin((2 * Math.PI * atMs) / dayMs)
  return { celsius: 15 + 4 * phase, humidityPercent: 55 - 10 * phase }
}

/** What a TMP36 gives: 500 mV at 0 degrees, 10 mV a kelvin. */
export const tmp36Volts = (celsius: number) => clamp(0.5 + celsius / 100, 0, 5)

/** What the humidity probe gives: 0 to 5 V for 0 to 100 %. */
export const humidityVolts = (humidityPercent: number) => clamp(humidityPercent / 20, 0, 5)

/** What the climate needs of a board: the vent's PWM and the lamp's pin to read, two voltages to set. */
export interface ClimateBoard {
  pwmDuty(pin: number): number
  pin(pin: number): string
  setAnalogVolts(channel: number, volts: number): void
}

export interface ClimateOptions {
  readonly board: ClimateBoard
  readonly clock: Clock
  /** Time between two steps, ms; default 100. */
  readonly periodMs?: number
  readonly start?: Climate
  readonly outside?: (atMs: number) => Climate
}

export interface RunningClimate {
  now(): Climate
  stop(): void
}

const VENT_PIN = 9
const LAMP_PIN = 8
const TEMPERATURE_CHANNEL = 0
const HUMIDITY_CHANNEL = 1

/** Lets a board live in a greenhouse: probes at A0 and A1, vent on pin 9, lamp on pin 8. */
export function runClimate(options: ClimateOptions): RunningClimate {
  const { board, clock, periodMs = 100, outside = outsideClimate } = options
  const startMs = clock.nowMs()
  let lastMs = startMs
  let climate = options.start ?? { celsius: 21, humidityPercent: 60 }
  let cancel: CancelTimer

  function show(): void {
    board.setAnalogVolts(TEMPERATURE_CHANNEL, tmp36Volts(climate.celsius))
    board.setAnalogVolts(HUMIDITY_CHANNEL, humidityVolts(climate.humidityPercent))
  }

  function step(): void {
    const nowMs = clock.nowMs()
    const inputs: ClimateInputs = {
      ventOpen: board.pwmDuty(VENT_PIN),
      lampOn: board.pin(LAMP_PIN) === 'high',
      outside: outside(nowMs - startMs),
    }
    climate = stepClimate(climate, inputs, nowMs - lastMs)
    lastMs = nowMs
    show()
    cancel = clock.after(periodMs, step)
  }

  show()
  cancel = clock.after(periodMs, step)
  return { now: () => climate, stop: () => cancel() }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
