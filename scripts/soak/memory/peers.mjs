// The two kinds of peer, each with what a measurement does to it.

import { fileURLToPath } from 'node:url'
import 'serialport'
import { open } from '../../../dist/index.js'
import { createMockBoard, createVirtualClock } from '../../../dist/testing/index.js'
import { contract, handlers } from './contract.mjs'

/** The host reads between them. */
const EVENTS_AT_ONCE = 50

/** A spawned program, in real time. It emits by itself when a call asks it to. */
export async function program() {
  const script = fileURLToPath(new URL('./program.mjs', import.meta.url))
  const port = await open(contract, { spawn: process.execPath, args: [script] })
  return { port, until: (promise) => promise, emit: (count) => port.call('emit', { count }, { timeoutMs: 60_000 }) }
}

/** A board in virtual time; it lives in this process, so that its memory counts too. */
export async function board() {
  const clock = createVirtualClock()
  let device
  const mock = createMockBoard({
    contract,
    clock,
    window: 16,
    handlers: handlers(() => device?.emit('reading', { celsius: 21 })),
    sessionBegan: (session) => {
      device = session
    },
  })
  const port = await clock.until(open(contract, { serial: mock.path, binding: mock.binding, clock }))
  const emit = async (count) => {
    for (let left = count; left > 0; left -= EVENTS_AT_ONCE) {
      for (let i = 0; i < Math.min(EVENTS_AT_ONCE, left); i++) device.emit('reading', { celsius: i })
      await clock.advance(1)
    }
  }
  return { port, until: (promise) => clock.until(promise, 3_600_000), emit }
}
