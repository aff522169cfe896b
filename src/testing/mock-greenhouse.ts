/** The greenhouse without firmware: what the reference firmware does, as handlers of a mock board. */

import { type Clock, systemClock } from '../clock.js'
import type { DeviceHandler, DeviceSession } from '../port/index.js'
import { greenhouse } from './greenhouse.js'
import { createMockBoard, type MockBoard, type MockBoardOptions } from './mock-board.js'

const HYSTERESIS_KELVIN = 0.5
const CALIBRATION_STEPS = 10
const CALIBRATION_STEP_MS = 100

/** A mock board that serves the greenhouse contract; `setClimate` is what its probes see. */
export function createMockGreenhouse(
  options: Omit<MockBoardOptions, 'contract' | 'handlers'> = {},
): MockBoard & { setClimate(celsius: number, humidity: number): void } {
  const clock = options.clock ?? systemClock
  let climate = { celsius: 21, humidity: 45 }
  let limitCelsius = 30
  let alarmed = false
  let intervalMs = 1_000
  let cancelReading = () => {}

  const device = (): DeviceSession | undefined => board.device
  const read = () => {
    device()?.emit('reading', climate)
    const high = alarmed ? climate.celsius > limitCelsius - HYSTERESIS_KELVIN : climate.celsius > limitCelsius
    if (high !== alarmed) {
      alarmed = high
      device()?.emit('alarm', { celsius: climate.celsius, high })
    }
    schedule()
  }
  const schedule = () => {
    cancelReading()
    cancelReading = clock.after(intervalMs, read)
  }
  const handlers: Record<string, DeviceHandler> = {
    identify: () => undefined,
    setVent({ open }) {
      device()?.emit('vent', { open })
      return open
    },
    setLamp({ on }) {
      device()?.emit('lamp', { on })
      return on
    },
    readClimate: () => climate,
    setAlarmLimit({ celsius }) {
      limitCelsius = celsius as number
      return celsius
    },
    setInterval({ ms }) {
      intervalMs = ms as number
      schedule()
      return ms
    },
    echo: ({ data }) => data,
    blink: () => undefined,
    async calibrate(_, { next, signal }) {
      const first = climate.celsius
      for (let step = 1; step <= CALIBRATION_STEPS && !signal.aborted; step++) {
        await after(clock, CALIBRATION_STEP_MS)
        next({ step, of: CALIBRATION_STEPS })
      }
      return climate.celsius - first
    },
    settle: ({ ms }) => after(clock, ms as number),
  }
  const board = createMockBoard({
    ...options,
    contract: greenhouse,
    handlers,
    sessionBegan(session) {
      // Whoever does not answer leaves the limit as it is.
      session.ask('getSetpoint', { zone: 0 }).then(
        (celsius) => {
          limitCelsius = celsius as number
        },
        () => {},
      )
    },
  })
  schedule()
  return Object.assign(board, {
    setClimate(celsius: number, humidity: number) {
      climate = { celsius: Math.fround(celsius), humidity: Math.fround(humidity) }
    },
  })
}

function after(clock: Clock, ms: number): Promise<undefined> {
  return new Promise((resolve) => clock.after(ms, () => resolve(undefined)))
}
