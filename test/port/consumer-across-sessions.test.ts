import { expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createLine } from '../../src/testing/line/index.js'
import { createMockChip } from '../../src/testing/mock-chip.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

it('a consumer that is still at work when the session ends is not given its event a second time in the next', async () => {
  const clock = createVirtualClock()
  const random = () => 0.5
  const chip = createMockChip({ contract: greenhouse, clock, random, handlers: {} })
  const line = createLine({ board: chip, clock, random })
  const port = createPort(greenhouse, { link: line.connector, clock, random })
  const began: number[] = []
  const work = deferred<void>()
  port.consume('alarm', async ({ celsius }) => {
    began.push(celsius)
    if (celsius === 31) await work.promise
  })
  await clock.until(port.ready())
  chip.device!.emit('alarm', { celsius: 31, high: true })
  chip.device!.emit('alarm', { celsius: 32, high: true })
  await clock.advance(100)
  expect(began).toEqual([31])

  line.unplug('own') // the board keeps its power, and its events
  await clock.advance(10)
  line.plug()
  await clock.until(port.ready())
  await clock.advance(1_000)
  expect(began).toEqual([31])
  expect(chip.device!.keptEvents).toBe(2)

  work.resolve()
  await clock.advance(1_000)
  expect(began).toEqual([31, 32])
  expect(chip.device!.keptEvents).toBe(0)
  await clock.until(port.close())
})
