// A contract asked for over a line that damages bytes, in virtual time.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { type ContractDefinition, createUnknownContract, descriptorOf } from '../../src/contract/index.js'
import { createPort, type OpenOptions } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

describe.each([
  ['one bit in 10,000', 1e-4],
  ['one bit in 1,000', 1e-3],
])('a line to a board that damages %s', (_, bitErrorRate) => {
  it.each([1, 2, 3, 4, 5])('tells the contract whole, and loses no alarm meanwhile (seed %i)', async (seed) => {
    const random = seeded(seed)
    const clock = createVirtualClock()
    const disturb = (bytes: Uint8Array) =>
      bytes.map((byte) => {
        let damaged = byte
        for (let bit = 0; bit < 8; bit++) if (random() < bitErrorRate) damaged ^= 1 << bit
        return damaged
      })
    const board = createMockBoard({ contract: greenhouse, clock, random, disturb, window: 4, handlers: {} })
    const host = createUnknownContract()
    const port = createPort(host, {
      serial: board.path,
      binding: board.binding,
      clock,
      random,
    } as OpenOptions<ContractDefinition>)
    const untyped = port as unknown as { consume(name: string, consumer: (value: unknown) => void): void }
    const alarms: unknown[] = []
    port.watch((notice) => {
      if (notice.kind === 'state' && notice.state === 'running')
        untyped.consume('alarm', (value) => void alarms.push(value))
    })
    // From the first moment on that the board can: the host does not know yet what an alarm is.
    await clock.until(
      (async () => {
        while (!board.device) await clock.advance(1)
      })(),
    )
    for (let celsius = 0; celsius < 3; celsius++) board.device?.emit('alarm', { celsius, high: true })
    await clock.until(port.ready(), 60_000)
    expect(descriptorOf(host), `seed ${seed}`).toEqual(descriptorOf(greenhouse))
    await clock.advance(10_000)
    expect(alarms, `seed ${seed}`).toEqual([0, 1, 2].map((celsius) => ({ celsius, high: true })))
    await clock.until(port.close())
  })
})
