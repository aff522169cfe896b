/** An Arduino whose loop() is blocked again and again, with its stock ring of 64 bytes: no first transmission is ever cut by it. */

// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { beforeAll, describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import { type Connector, serialConnector } from '../../src/link/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { blockedLoop } from '../reliability/blocked-loop.contract.js'
import { createRingLosses } from '../reliability/ring-losses.js'
import { withoutRing } from '../reliability/without-ring.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

const BOOT_MS = 300
const BLOCK_MS = 50
const ROUNDS = 160
/** A new session, and so a hello, once in so many rounds. */
const HELLO_ROUNDS = 40
const MOST_BYTES = 48
const CALL_TIMEOUT_MS = 10_000
const seed = Number(process.env['SEED'] ?? 1)

beforeAll(async () => {
  await firmware('size')
}, BUILD_TIMEOUT_MS)

/** Calls, casts, events, requests, ticks and hellos compete for the ring. */
async function compete(change: (connector: Connector) => Connector) {
  const random = seeded(seed)
  const clock = createVirtualClock()
  const board = createUno({ image: readBuilt('build/firmware/uno/blocked_loop.hex'), clock, resetOnOpen: false })
  const losses = createRingLosses()
  board.bridge.setFault('to_device', (byte) => {
    losses.sent(byte)
    return [{ byte }]
  })
  await clock.advance(BOOT_MS)
  const binding = createBoardBinding({ '/dev/uno': board })
  const serial = serialConnector({ path: '/dev/uno', binding, clock, onArrival: binding.onArrival })
  const port = createPort(blockedLoop, {
    link: change(serial),
    clock,
    random,
    heartbeatMs: 200,
    callTimeoutMs: CALL_TIMEOUT_MS,
  })
  let alarms = 0
  let asked = 0
  port.consume('alarm', () => void alarms++)
  port.handle('ask', ({ n }) => {
    asked += 1
    return n
  })
  let lostBytes = 0
  const takeLosses = async () => {
    for (;;) {
      const told = await clock.until(port.call('takeLosses'))
      expect(told[0], 'losses for which the firmware had no place').toBe(0)
      const view = new DataView(told.buffer, told.byteOffset, told.byteLength)
      for (let at = 1; at < told.length; at += 5) {
        const bytes = view.getUint8(at + 4)
        lostBytes += bytes
        losses.lost(view.getUint32(at, true), bytes)
      }
      if (told.length === 1) return
    }
  }
  await clock.until(port.ready())
  await clock.until(port.call('block', { ms: BLOCK_MS }))

  let wrong = 0
  let failed = 0
  const settled: Promise<void>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const data = Uint8Array.from({ length: 4 + Math.floor(random() * (MOST_BYTES - 3)) }, () =>
      Math.floor(random() * 256),
    )
    new DataView(data.buffer).setUint32(0, round) // no two are the same
    if (random() < 0.6) {
      const call = port.call('echo', { data }).then(
        (echo) => {
          if (echo.length !== data.length || echo.some((byte, index) => byte !== data[index])) wrong += 1
        },
        () => {
          failed += 1
        },
      )
      settled.push(call)
    } else port.cast('note', { data }, { lossy: random() < 0.5 })
    if (round % HELLO_ROUNDS === HELLO_ROUNDS - 1) await clock.until(port.restart())
    await clock.advance(random() * BLOCK_MS)
    if (round % 10 === 0) await takeLosses()
  }
  await clock.until(Promise.all(settled))
  const { ticks } = port.info().counters
  await clock.until(port.call('block', { ms: 0 }))
  await takeLosses()
  await clock.until(port.close())
  return { causes: losses.causes(), firsts: losses.firsts, lostBytes, wrong, failed, alarms, asked, ticks, board }
}

describe(`an emulated Uno board whose loop() is blocked for ${BLOCK_MS} ms at a time, seed ${seed}`, () => {
  it('has no first transmission cut by its ring, whatever competes for it', async () => {
    const { causes, firsts, wrong, failed, alarms, asked, ticks, board } = await compete((connector) => connector)
    expect({ ...causes, wrong }).toMatchObject({ first: 0, wrong: 0 })
    // What was tried: enough of everything, and no byte went another way.
    expect(Math.min(alarms, asked, ticks)).toBeGreaterThan(20)
    expect(firsts).toBeGreaterThan(300)
    expect(failed).toBeLessThan(ROUNDS / 4) // those that a new session met
    expect(board.statistics().lostBytes).toBe(0)
  }, 180_000)

  it('has first transmissions cut by a host that does not look at receiveBytes', async () => {
    const { causes, lostBytes } = await compete(withoutRing)
    expect(causes.first).toBeGreaterThan(10)
    expect(lostBytes).toBeGreaterThan(causes.first)
  }, 180_000)
})
