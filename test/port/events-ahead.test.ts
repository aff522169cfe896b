import { describe, expect, it } from 'vitest'
import { type Deferred, deferred } from '../../src/deferred.js'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createLine } from '../../src/testing/line/index.js'
import { createMockChip } from '../../src/testing/mock-chip.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { runningPort } from './harness.js'

const ALARM = 10
const alarm = (celsius: number) => [celsius, true]

/** A consumer whose events the test finishes one by one, by their number. */
function createWorker() {
  const began: number[] = []
  const work = new Map<number, Deferred<void>>()
  return {
    began,
    take: (_: unknown, { number }: { readonly number?: number }) => {
      began.push(number!)
      const done = deferred<void>()
      work.set(number!, done)
      return done.promise
    },
    finish: (number: number) => work.get(number)!.resolve(),
    fail: (number: number) => work.get(number)!.reject(new Error('disk full')),
  }
}

async function runningWith(ahead: number) {
  const harness = await runningPort({}, { window: 8 })
  const worker = createWorker()
  harness.port.consume('alarm', worker.take, { ahead })
  const say = (tokens: readonly number[]) => {
    for (const token of tokens) harness.device.say(ALARM, token, alarm(token))
  }
  return { ...harness, worker, say }
}

describe('a consumer that takes events of a board or a program ahead', () => {
  it('is given as many as it asked for before the first is finished, in order, and no more', async () => {
    const { clock, worker, say } = await runningWith(3)
    say([1, 2, 3, 4, 5])
    await clock.settle()
    expect(worker.began).toEqual([0, 1, 2])
    worker.finish(0)
    await clock.settle()
    expect(worker.began).toEqual([0, 1, 2, 3])
  })

  it('acknowledges an event when it and all before it have finished, with one ACK for all of them', async () => {
    const { clock, device, worker, say } = await runningWith(4)
    say([1, 2, 3, 4])
    await clock.settle()
    worker.finish(2)
    worker.finish(1)
    await clock.settle()
    expect(device.take()).toEqual([])
    worker.finish(0)
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 3, value: null }])
  })

  it('that fails stops the lane at that event: those before it are still acknowledged, none from it on', async () => {
    const { clock, device, worker, say, notices } = await runningWith(4)
    say([1, 2, 3])
    await clock.settle()
    worker.fail(1)
    worker.finish(2)
    await clock.settle()
    say([4])
    await clock.settle()
    expect(device.take()).toEqual([])
    worker.finish(0)
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
    expect(worker.began).toEqual([0, 1, 2])
    expect(notices.filter(({ kind }) => kind === 'consumer_stopped')).toMatchObject([{ event: 'alarm' }])
  })

  it('does not keep a SKIP or EXIT of the device from waiting for all that came before', async () => {
    const { clock, device, port, worker, say } = await runningWith(8)
    say([1, 2])
    device.say(Action.SKIP, 3, 5)
    await clock.settle()
    expect(port.info().counters.eventsDropped).toBe(0)
    worker.finish(1)
    await clock.settle()
    expect(port.info().counters.eventsDropped).toBe(0)
    worker.finish(0)
    await clock.settle()
    expect(port.info().counters.eventsDropped).toBe(5)
    expect(device.take().at(-1)).toMatchObject({ action: Action.ACK, token: 3 })
  })

  it('takes 1 to 64 ahead; another number is refused by name', async () => {
    const { port } = await runningPort()
    for (const ahead of [0, 65, 1.5, Number.NaN]) {
      expect(() => port.consume('alarm', () => {}, { ahead })).toThrow(
        `ahead: ${ahead} is not a whole number of 1 to 64`,
      )
    }
    port.consume('alarm', () => {}, { ahead: 64 })
  })
})

describe('over sessions of one boot, a consumer ahead', () => {
  async function runningBoard() {
    const clock = createVirtualClock()
    const random = () => 0.5
    const chip = createMockChip({ contract: greenhouse, clock, random, window: 4, handlers: {} })
    const line = createLine({ board: chip, clock, random })
    const port = createPort(greenhouse, { link: line.connector, clock, random })
    const worker = createWorker()
    port.consume('alarm', worker.take, { ahead: 4 })
    await clock.until(port.ready())
    for (let n = 0; n < 4; n++) chip.device!.emit('alarm', { celsius: n, high: true })
    await clock.advance(100)
    const replug = async () => {
      line.unplug('own') // the board keeps its power, and its events
      await clock.advance(10)
      line.plug()
      await clock.until(port.ready())
      await clock.advance(1_000)
    }
    return { clock, chip, port, worker, replug }
  }

  it('is not given what it still works on, nor what it has finished, a second time', async () => {
    const { clock, chip, port, worker, replug } = await runningBoard()
    worker.finish(2) // not acknowledged: 0 and 1 are not finished
    await replug()
    expect(worker.began).toEqual([0, 1, 2, 3])
    expect(chip.device!.keptEvents).toBe(4)
    for (const number of [3, 1, 0]) worker.finish(number)
    await clock.advance(1_000)
    expect(worker.began).toEqual([0, 1, 2, 3])
    expect(chip.device!.keptEvents).toBe(0)
    await clock.until(port.close())
  })

  it('is given the event at which it failed again, and all that came after, in order', async () => {
    const { clock, chip, port, worker, replug } = await runningBoard()
    worker.finish(0)
    worker.fail(1)
    worker.finish(2)
    worker.finish(3)
    await clock.advance(100)
    expect(chip.device!.keptEvents).toBe(3)
    await replug()
    expect(worker.began).toEqual([0, 1, 2, 3, 1, 2, 3])
    for (const number of [1, 2, 3]) worker.finish(number)
    await clock.advance(1_000)
    expect(chip.device!.keptEvents).toBe(0)
    await clock.until(port.close())
  })
})
