/** The greenhouse image on an emulated Uno, through a port, in virtual time: its resets, its end, and a host that is gone. */

import 'serialport'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { type OpenOptions, open } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno } from '../../src/testing/avr/board.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { encodeFrame } from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS, firmware } from './build.js'

type Greenhouse = (typeof greenhouse)['definition']
const IMAGE = 'build/firmware/uno/greenhouse.hex'
/** Of greenhouse.cpp: the host is gone. */
const SILENCE_MS = 10_000
const [LAMP_PIN, VENT_PIN] = [8, 9]

beforeAll(async () => {
  await firmware('uno')
}, BUILD_TIMEOUT_MS)

function uno() {
  const clock = createVirtualClock()
  const board = createUno({ image: readFileSync(IMAGE, 'utf8'), clock, resetOnOpen: false })
  board.setAnalogVolts(0, 0.71)
  const binding = createBoardBinding({ '/dev/emulated0': board })
  const target = { serial: '/dev/emulated0', binding, clock, restart: { type: 'temporary' } }
  return { clock, board, openPort: () => clock.until(open(greenhouse, target as OpenOptions<Greenhouse>)) }
}

describe('an emulated Uno board', () => {
  it.each(['power_on', 'external', 'brown_out', 'watchdog'] as const)(
    'L8: that was reset in a session ends it with the cause: %s',
    async (cause) => {
      const { clock, board, openPort } = uno()
      const port = await openPort()
      const call = port.call('settle', { ms: 5_000 }, { timeoutMs: 10_000 }).catch((error) => error)
      while (port.info().unansweredCalls === 0) await clock.advance(1)
      await clock.advance(10)
      board.reset(cause)
      expect(await clock.until(call)).toMatchObject({ code: 'PORT_EXITED', exit: { kind: 'reset', cause } })
      expect(await clock.until(port.exited)).toEqual({ kind: 'reset', cause })
    },
  )

  it('L7: whose host is gone shuts its vent and switches its lamp off when the ticks have been missing for so long', {
    timeout: 60_000,
  }, async () => {
    const { clock, board, openPort } = uno()
    const port = await openPort()
    expect(port.info().device!.deadManMs).toBe(SILENCE_MS)
    await clock.until(port.call('setVent', { open: 0.5 }))
    await clock.until(port.call('setLamp', { on: true }))
    await clock.advance(SILENCE_MS + 2_000) // the ticks alone keep it so
    expect([board.pwmDuty(VENT_PIN) > 0.4, board.pin(LAMP_PIN)]).toEqual([true, 'high'])
    await clock.until(port.close())
    await clock.advance(SILENCE_MS - 2_000)
    expect([board.pwmDuty(VENT_PIN) > 0.4, board.pin(LAMP_PIN)]).toEqual([true, 'high'])
    await clock.advance(3_000)
    expect([board.pwmDuty(VENT_PIN), board.pin(LAMP_PIN)]).toEqual([0, 'low'])
  })

  it('L13: answers what runs, ends its jobs, and then tells its exit code when its host calls no more', async () => {
    const { clock, openPort } = uno()
    const port = await openPort()
    const steps: number[] = []
    const stream = port.stream('calibrate', { probe: 0 })
    const reading = (async () => {
      for await (const { step } of stream) {
        steps.push(step)
        if (step === 1) port.closeInput()
      }
    })()
    await clock.until(reading)
    expect(Number.isFinite(await clock.until(stream.result))).toBe(true)
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await clock.until(port.exited)).toEqual({ kind: 'exit', status: 0 })
  })

  it('L9: has its last event delivered before its exit', async () => {
    const { clock, openPort } = uno()
    const port = await openPort()
    const told: unknown[] = []
    port.consume('alarm', ({ high }) => void told.push(high))
    void port.exited.then((exit) => told.push(exit))
    await clock.until(port.call('setAlarmLimit', { celsius: -40 }))
    await clock.until(port.call('setInterval', { ms: 100 }))
    // It samples when it is back in loop(), and its alarm waits in front of EXIT.
    const blocked = port.call('settle', { ms: 200 })
    while (port.info().unansweredCalls === 0) await clock.advance(1)
    port.closeInput()
    await clock.until(blocked)
    await clock.until(port.exited)
    await clock.advance(1)
    expect(told).toEqual([true, { kind: 'exit', status: 0 }])
  })

  it('L23: drops the half frame that a host left behind; the next host’s first call works', async () => {
    const { clock, board, openPort } = uno()
    await clock.advance(300)
    const frame = encodeFrame(Uint8Array.of(1, 3, 0x91, 0xca, 0x3f, 0, 0, 0))
    for (let cut = 1; cut < frame.length; cut += 3) {
      board.bridge.write(frame.subarray(0, cut))
      await clock.advance(20)
      const port = await openPort()
      expect(await clock.until(port.call('setVent', { open: 0.25 }))).toBe(0.25)
      await clock.until(port.close())
    }
  })
})
