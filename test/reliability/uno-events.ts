/** Alarms of the firmware on the emulated Uno, more than a line that is cut now and then can carry: each is received in its turn,
 * or counted as dropped in its place. */

import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import type { NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { ALARM_PIN, createNoisyUno, UNO_PATH, watchPin } from './uno.js'

export interface UnoEventsOptions {
  readonly noise: NoiseOptions
  readonly events: number
  readonly seed: number
}

export interface UnoEventsResult {
  readonly generated: number
  readonly received: number
  /** As the host was told, and as the device counts it. */
  readonly dropped: number
  readonly droppedByDevice: number
  /** Not what the pin had shown for it: another value, twice, out of order, or behind a wrong count of dropped ones. */
  readonly bogus: number
  readonly sessions: number
  readonly bitsInverted: number
}

/** The least that the firmware takes. */
const INTERVAL_MS = 100
/** Shorter than a heartbeat's three misses. */
const MAX_CUT_MS = 1_500
const MAX_UNCUT_MS = 4_000
const QUIET_MS = 10_000
const CALL_TIMEOUT_MS = 20_000
/** Half a step of a converter of 10 bits at 5 V and 10 mV a degree, and the arithmetic of floats. */
const TOLERANCE_CELSIUS = 0.5

export async function runUnoEvents({ noise, events, seed }: UnoEventsOptions): Promise<UnoEventsResult> {
  const random = seeded(seed)
  const clock = createVirtualClock()
  const { board, binding, toHost, bitsInverted } = createNoisyUno({ noise, clock, random })
  const port = createPort(greenhouse, { serial: UNO_PATH, binding, clock, random, callTimeoutMs: CALL_TIMEOUT_MS })
  /** What the pin has shown: an alarm for each change. */
  const generated: { readonly high: boolean; readonly celsius: number }[] = []
  let celsius = 20
  const setCelsius = (next: number) => {
    celsius = next
    board.setAnalogVolts(0, 0.5 + celsius / 100)
  }
  setCelsius(celsius)
  let received = 0
  let dropped = 0
  let bogus = 0
  port.consume('alarm', (alarm) => {
    const said = generated[received + dropped]
    if (said?.high !== alarm.high || Math.abs(said.celsius - (alarm.celsius as number)) > TOLERANCE_CELSIUS) bogus += 1
    received += 1
  })
  port.watch((notice) => {
    if (notice.kind === 'events_dropped') dropped += notice.count
  })
  await clock.until(port.ready())
  await clock.until(port.call('setInterval', { ms: INTERVAL_MS }))
  // Each reading crosses the limit of 30 degrees, to another temperature each time, by which the alarms differ.
  const watch = watchPin(board, clock, ALARM_PIN, (high) => {
    generated.push({ high, celsius })
    if (generated.length < events) setCelsius(high ? (generated.length % 28) - 0.5 : 32 + (generated.length % 67))
  })
  setCelsius(40)
  while (generated.length < events) {
    await clock.advance(random() * MAX_UNCUT_MS)
    board.bridge.setFault('to_host', () => [])
    await clock.advance(random() * MAX_CUT_MS)
    board.bridge.setFault('to_host', toHost.lineFault)
  }
  await clock.advance(QUIET_MS)
  watch.stop()
  const stats = await clock.until(port.deviceStats({ timeoutMs: CALL_TIMEOUT_MS }))
  const { session } = port.info()
  await clock.until(port.close())
  return {
    generated: generated.length,
    received,
    dropped,
    droppedByDevice: stats.eventsDropped,
    bogus,
    sessions: session,
    bitsInverted: bitsInverted(),
  }
}
