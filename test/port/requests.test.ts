import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { createPort } from '../../src/index.js'
import { ApplicationError } from '../../src/port/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import 'serialport'

const GET_SETPOINT = 14
const BOARD = { receiveBytes: 0, maxContent: 200 }

describe('a request of a board', () => {
  it('E13: is answered by its handler, with its arguments and its deadline', async () => {
    const { clock, device, port } = await runningPort({}, BOARD)
    const seen: unknown[] = []
    port.handle('getSetpoint', ({ zone }, { deadlineMs }) => {
      seen.push([zone, deadlineMs])
      return 21.5
    })
    device.say(GET_SETPOINT, 1, [3_000, 2])
    await clock.settle()
    expect(seen).toEqual([[2, 3_000]])
    expect(device.take()).toMatchObject([{ action: Action.REPLY, token: 1, value: 21.5 }])
  })

  it('E15: that comes again is answered from the cache; its handler runs once', async () => {
    const { clock, device, port } = await runningPort({}, BOARD)
    let ran = 0
    const answer = deferred<number>()
    port.handle('getSetpoint', () => {
      ran += 1
      return answer.promise
    })
    device.say(GET_SETPOINT, 1, [3_000, 0])
    device.say(GET_SETPOINT, 1, [3_000, 0])
    answer.resolve(20)
    await clock.settle()
    device.say(GET_SETPOINT, 1, [3_000, 0])
    expect(device.take().map((m) => m.value)).toEqual([20, 20])
    expect(ran).toBe(1)
    expect(port.info().counters.requestsRepeated).toBe(2)
  })

  it('E16: without a handler is told so at once', async () => {
    const { device } = await runningPort({}, BOARD)
    device.say(GET_SETPOINT, 1, [3_000, 0])
    expect(device.take()).toMatchObject([{ action: Action.ERROR, token: 1, value: [1] }])
  })

  it('E16: several handlers take turns, and one that has gone is not asked', async () => {
    const { device, port } = await runningPort({}, BOARD)
    port.handle('getSetpoint', () => 1)
    const stop = port.handle('getSetpoint', () => 2)
    port.handle('getSetpoint', () => 3)
    for (let token = 1; token <= 4; token++) device.say(GET_SETPOINT, token, [3_000, 0])
    expect(device.take().map((m) => m.value)).toEqual([1, 2, 3, 1])
    stop()
    for (let token = 5; token <= 8; token++) device.say(GET_SETPOINT, token, [3_000, 0])
    expect(new Set(device.take().map((m) => m.value))).toEqual(new Set([1, 3]))
  })

  it('E14: whose deadline passes is answered so, its handler is told, and E15: a late answer is refused', async () => {
    const { clock, device, port } = await runningPort({}, BOARD)
    const answer = deferred<number>()
    let aborted = false
    port.handle('getSetpoint', (_, { signal }) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      return answer.promise
    })
    device.say(GET_SETPOINT, 1, [500, 0])
    await clock.advance(499)
    expect(device.take().filter((m) => m.action !== Action.TICK)).toEqual([])
    await clock.advance(2)
    expect(device.take().filter((m) => m.action !== Action.TICK)).toMatchObject([
      { action: Action.ERROR, token: 1, value: [7] },
    ])
    expect(aborted).toBe(true)
    answer.resolve(20)
    await clock.settle()
    expect(device.take().filter((m) => m.action !== Action.TICK)).toEqual([])
    expect(port.info().counters.lateAnswers).toBe(1)
  })

  it('whose handler throws gets its error, an ApplicationError its number', async () => {
    const { device, port } = await runningPort({}, BOARD)
    const stop = port.handle('getSetpoint', () => {
      throw new ApplicationError(42, 'no such zone')
    })
    device.say(GET_SETPOINT, 1, [3_000, 9])
    stop()
    port.handle('getSetpoint', () => 'warm' as never)
    device.say(GET_SETPOINT, 2, [3_000, 0])
    expect(device.take().map((m) => m.value)).toEqual([
      [42, 'no such zone'],
      [16, expect.stringContaining('expected a number, got "warm"')],
    ])
  })

  it('with arguments of the wrong type is refused, counted and never reaches a handler', async () => {
    const { device, port } = await runningPort({}, BOARD)
    port.handle('getSetpoint', () => expect.unreachable())
    device.say(GET_SETPOINT, 1, [3_000, 'kitchen'])
    device.say(GET_SETPOINT, 2, 5)
    expect(device.take().map((m) => (m.value as unknown[])[0])).toEqual([2, 2])
  })

  it('that was given up is skipped, and the next one is taken', async () => {
    const { device, port } = await runningPort({}, BOARD)
    port.handle('getSetpoint', () => 20)
    device.say(Action.SKIP, 1)
    device.say(GET_SETPOINT, 2, [3_000, 0])
    device.say(GET_SETPOINT, 9, [3_000, 0])
    expect(device.take().map((m) => [m.action, m.value])).toEqual([
      [Action.ERROR, [5]],
      [Action.REPLY, 20],
    ])
  })
})

describe('a board in TypeScript', () => {
  async function connected(handlers: Parameters<typeof createMockBoard>[0]['handlers'] = {}) {
    const clock = createVirtualClock()
    const board = createMockBoard({ contract: greenhouse, clock, handlers })
    const port = createPort(greenhouse, { serial: board.path, binding: board.binding, clock, random: Math.random })
    await clock.until(port.ready())
    return { clock, board, port }
  }

  it('E13: the device asks inside its own call, without a deadlock', async () => {
    const { clock, board, port } = await connected({
      calibrate: async (_, { next }) => {
        next({ step: 1, of: 1 })
        return (await board.device!.ask('getSetpoint', { zone: 1 })) as number
      },
    })
    port.handle('getSetpoint', ({ zone }) => zone + 20)
    const stream = port.stream('calibrate', { probe: 0 })
    await expect(clock.until(stream.result)).resolves.toBe(21)
    await clock.until(port.close())
  })

  it('E16: an ask without a handler fails at once, not after its deadline', async () => {
    const { clock, board, port } = await connected()
    const fromMs = clock.nowMs()
    await expect(clock.until(board.device!.ask('getSetpoint', { zone: 1 }))).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
    })
    expect(clock.nowMs() - fromMs).toBeLessThan(100)
    await clock.until(port.close())
  })

  it('E14: an ask that is not answered in time ends at its deadline', async () => {
    const { clock, board, port } = await connected()
    port.handle('getSetpoint', () => new Promise<number>(() => {}))
    const fromMs = clock.nowMs()
    await expect(clock.until(board.device!.ask('getSetpoint', { zone: 1 }, 700))).rejects.toMatchObject({
      code: /CALL_TIMEOUT|REMOTE_ERROR/,
    })
    expect(clock.nowMs() - fromMs).toBeLessThanOrEqual(701)
    await clock.until(port.close())
  })

  it('a job is cancelled on the device when the reader leaves, and a handler longer than 100 ms becomes one', async () => {
    const seen: string[] = []
    const { clock, board, port } = await connected({
      calibrate: (_, { next, signal }) =>
        new Promise((_resolve, reject) => {
          next({ step: 1, of: 10 })
          signal.addEventListener('abort', () => {
            seen.push('cancelled')
            reject(new Error('stopped'))
          })
        }),
      settle: ({ ms }) => new Promise((resolve) => clock.after(ms as number, () => resolve(undefined))),
      setLamp: ({ on }) => on,
    })
    const stream = port.stream('calibrate', { probe: 0 })
    stream.result.catch(() => {})
    await clock.until(
      (async () => {
        for await (const { step } of stream) {
          seen.push(`step ${step}`)
          break
        }
      })(),
    )
    await clock.advance(100)
    expect(seen).toEqual(['step 1', 'cancelled'])
    const slow = port.call('settle', { ms: 1_000 })
    await clock.advance(150)
    await expect(clock.until(port.call('setLamp', { on: true }))).resolves.toBe(true)
    await expect(clock.until(slow)).resolves.toBeUndefined()
    expect(board.device!.counters.executed).toBe(3)
    await clock.until(port.close())
  })

  it('E18: 2,000 calls and 2,000 requests at the same time are all answered, each by its own answer', async () => {
    const { clock, board, port } = await connected({ setInterval: ({ ms }) => ms })
    port.handle('getSetpoint', ({ zone }) => zone)
    const asks = (async () => {
      for (let i = 0; i < 2_000; i++) {
        const answer = await board.device!.ask('getSetpoint', { zone: i & 0xff })
        if (answer !== (i & 0xff)) throw new Error(`ask ${i} was answered ${answer}`)
      }
    })()
    const calls = (async () => {
      for (let i = 0; i < 2_000; i++) {
        const answer = await port.call('setInterval', { ms: 100 + i })
        if (answer !== 100 + i) throw new Error(`call ${i} was answered ${answer}`)
      }
    })()
    await clock.until(Promise.all([asks, calls]), 600_000)
    await clock.until(port.close())
  })
})
