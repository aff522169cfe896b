/** A meter that emits as many events as it is told to: once a spawned program, once a microcontroller on a serial line. */

import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { defineContract } from '../../src/contract/index.js'
import { open, type Port } from '../../src/index.js'
import type { DeviceSession } from '../../src/port/index.js'
import { createMockBoard } from '../../src/testing/mock-board.js'

export const meter = defineContract({
  name: 'meter',
  version: '1',
  actions: {
    /** Emits readings; answers how many of them were taken: none when nobody listens. */
    burst: { args: { from: 'u32', count: 'u32', bytes: 'u32' }, result: 'u32' },
    alarm: { args: { high: 'bool' }, result: 'u32' },
    echo: { args: { n: 'u32' }, result: 'u32' },
  },
  events: {
    reading: { fields: { n: 'u32', text: 'str' } },
    alarm: { fields: { high: 'bool' }, acknowledged: true },
    silent: {},
  },
})
export type Meter = Port<(typeof meter)['definition']>

async function openProgram(): Promise<Meter> {
  const program = fileURLToPath(new URL('programs/meter.mjs', import.meta.url))
  return await open(meter, { spawn: process.execPath, args: [program, JSON.stringify(meter.definition)] })
}

async function openBoard(): Promise<Meter> {
  const device = (): DeviceSession => board.device!
  const board = createMockBoard({
    contract: meter as never,
    maxContentBytes: 65_535,
    handlers: {
      burst(args) {
        const { from, count, bytes } = args as { from: number; count: number; bytes: number }
        const text = 'x'.repeat(bytes)
        let taken = 0
        for (let n = from; n < from + count; n++) taken += Number(device().emit('reading', { n, text }))
        return taken
      },
      alarm: (args) => Number(device().emit('alarm', args)),
      echo: (args) => (args as { n: number }).n,
    },
  })
  return await open(meter, { serial: board.path, binding: board.binding })
}

/** The same tests run against both. */
export const SOURCES = [
  ['a program', openProgram],
  ['a board', openBoard],
] as const

/** Opens the meter, and closes it with the test. */
export async function startMeter(openMeter: () => Promise<Meter>): Promise<Meter> {
  const port = await openMeter()
  onTestFinished(async () => void (await port.close()))
  return port
}
