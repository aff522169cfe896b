/** The real firmware on the emulated Uno, its wires disturbed bit by bit: calls and alarms come through, each once. */

import { readFileSync } from 'node:fs'
import 'serialport'
import { createPort } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createNoise } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import type { SoakOptions, SoakResult } from './soak.js'

const IMAGE = 'build/firmware/uno/greenhouse.hex'
const NOISE = { bitErrorRate: 2e-4 }
const CALL_TIMEOUT_MS = 20_000

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const calls = isFull ? 10_000 : 200
  const random = seeded(seed)
  const clock = createVirtualClock()
  const board = createUno({ image: readFileSync(IMAGE, 'utf8'), clock })
  const toDevice = createNoise(NOISE, random)
  const toHost = createNoise(NOISE, random)
  board.bridge.setFault('to_device', toDevice.lineFault)
  board.bridge.setFault('to_host', toHost.lineFault)
  const binding = createBoardBinding({ '/dev/uno': board })
  const port = createPort(greenhouse, {
    serial: '/dev/uno',
    binding,
    onArrival: binding.onArrival,
    clock,
    random,
    callTimeoutMs: CALL_TIMEOUT_MS,
  })
  // Each alarm says how warm it is: the temperature that was set before it tells whether it is the right one.
  const alarms: boolean[] = []
  port.consume('alarm', ({ high }) => void alarms.push(high))
  await clock.until(port.ready())
  let wrong = 0
  let failed = 0
  let changes = 0
  for (let call = 0; call < calls; call++) {
    const data = Uint8Array.from({ length: 12 }, (_, index) => (call * 31 + index * 7) & 0xff)
    try {
      const echo = await clock.until(port.call('echo', { data }))
      if (echo.length !== data.length || echo.some((byte, index) => byte !== data[index])) wrong += 1
    } catch {
      failed += 1
    }
    if (call % 50 === 25) {
      changes += 1
      board.setAnalogVolts(0, changes % 2 === 1 ? 0.9 : 0.7) // 40 and 20 degC at a limit of 30
      await clock.advance(1_500)
    }
  }
  await clock.advance(3_000)
  const { repeatsSent, framesDropped } = port.info().counters
  await clock.until(port.close())
  const alternate = alarms.every((high, index) => high === (index % 2 === 0))
  yield {
    what: `${calls} echo calls and ${changes} alarms of the firmware on the emulated Uno, bit error rate 2e-4 both ways`,
    figures: {
      wrong,
      failed,
      alarms: alarms.length,
      bitsInverted: toDevice.counters.bitsInverted + toHost.counters.bitsInverted,
      repeats: repeatsSent,
      framesDropped: Object.values(framesDropped).reduce((sum, count) => sum + count, 0),
    },
    target: `0 wrong, 0 failed, each of the ${changes} alarms once and in order`,
    ok: wrong === 0 && failed === 0 && alarms.length === changes && alternate && repeatsSent > 0,
  }
}
