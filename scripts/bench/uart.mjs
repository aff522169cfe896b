// The time of an empty call on the emulated Uno at 115,200 baud, in virtual time: the wire's own time, and what is on top.

import { readFileSync } from 'node:fs'
import { open } from '../../dist/index.js'
import { createBoardBinding, createUno, createVirtualClock, greenhouse } from '../../dist/testing/index.js'
import { frameBytes } from '../../dist/wire/index.js'
import { root } from '../setup.mjs'

const CALLS = 1_000
const BAUD_RATE = 115_200
const BYTE_US = (10 * 1_000_000) / BAUD_RATE
/** Action and token; the reply of a void action has one byte of value, 0. */
const REQUEST_BYTES = frameBytes(2)
const REPLY_BYTES = frameBytes(3)
/** The bar of this version; design goal: 150. */
const TARGET_US = 300

export async function* run() {
  const clock = createVirtualClock()
  const board = createUno({ image: readFileSync(`${root}/firmware/images/greenhouse-uno.hex`, 'utf8'), clock })
  const path = '/dev/emulated0'
  const binding = createBoardBinding({ [path]: board })
  const port = await clock.until(open(greenhouse, { serial: path, binding, baudRate: BAUD_RATE, clock }))
  const timesUs = []
  for (let i = 0; i < CALLS; i++) {
    // Not in step with the board's loop().
    await clock.advance((i * 0.137) % 1)
    const startMs = clock.nowMs()
    await clock.until(port.call('identify'))
    timesUs.push((clock.nowMs() - startMs) * 1_000)
  }
  await clock.until(port.close())
  timesUs.sort((a, b) => a - b)
  const wireUs = (REQUEST_BYTES + REPLY_BYTES) * BYTE_US
  const at = (share) => Math.round(timesUs[Math.min(CALLS - 1, Math.floor(share * CALLS))])
  const overUs = Math.round(at(0.5) - wireUs)
  yield {
    figure: 'empty call, emulated Uno at 115200 baud',
    calls: CALLS,
    wire_us: Math.round(wireUs),
    p50_us: at(0.5),
    p99_us: at(0.99),
    max_us: at(1),
    over_wire_us: overUs,
    target_over_wire_us: TARGET_US,
    met: overUs <= TARGET_US,
  }
}
