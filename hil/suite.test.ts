// The same promises on every board: mocked, spawned, behind a tty, emulated, and a real one named by HIL_PORT.
import 'serialport'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../src/deferred.js'
import { type Contract, createPort, defineContract, type OpenOptions, open, type Port } from '../src/index.js'
import { greenhouse } from '../src/testing/greenhouse.js'
import { BOARDS, type HilBoard } from './boards.js'

type Greenhouse = (typeof greenhouse)['definition']

/** The greenhouse without the ranges that the host checks: only so can a test reach the device's own checks. */
const unchecked = defineContract({
  ...greenhouse.definition,
  actions: { ...greenhouse.definition.actions, setVent: { args: { open: 'f32' }, result: 'f32', idempotent: true } },
})

/** The greenhouse with a result where there is none, to see what stands for it. */
const careless = defineContract({
  ...greenhouse.definition,
  actions: { ...greenhouse.definition.actions, identify: { result: 'any' } },
})

describe.each(Object.entries(BOARDS))('%s', (_name, makeBoard) => {
  const cleanUp: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean()
  })

  async function setUp<C extends Greenhouse = Greenhouse>(
    options: Partial<OpenOptions<C>> = {},
    contract: Contract<C> = greenhouse as unknown as Contract<C>,
  ): Promise<{ board: HilBoard; port: Port<C> }> {
    const board = await makeBoard()
    cleanUp.push(() => board.stop())
    const port = await board.until(open(contract, { ...board.target, ...options } as OpenOptions<C>))
    cleanUp.push(() => board.until(port.close()))
    return { board, port }
  }

  it('says who it is', async () => {
    const { port } = await setUp()
    expect(port.info()).toMatchObject({
      state: 'running',
      session: 1,
      device: { contractName: 'greenhouse', contractVersion: '1', contractHash: greenhouse.hash },
    })
    expect(port.info().device!.epoch).toBeGreaterThan(0)
  })

  it('carries every type of argument and result unchanged', async () => {
    const { board, port } = await setUp()
    expect(await board.until(port.call('identify'))).toBeUndefined()
    for (const open of [0, 0.1, 0.5, 1]) {
      expect(await board.until(port.call('setVent', { open }))).toBe(Math.fround(open))
    }
    expect(await board.until(port.call('setLamp', { on: true }))).toBe(true)
    expect(await board.until(port.call('setLamp', { on: false }))).toBe(false)
    for (const ms of [100, 127, 128, 255, 256, 60_000]) {
      expect(await board.until(port.call('setInterval', { ms }))).toBe(ms)
    }
    for (const bytes of [0, 1, 31, 32]) {
      const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 37) & 0xff)
      expect(await board.until(port.call('echo', { data }))).toEqual(data)
    }
    const climate = await board.until(port.call('readClimate'))
    expect(climate.celsius).toBeGreaterThan(-20)
    expect(climate.celsius).toBeLessThan(60)
    expect(climate.humidity).toBeGreaterThan(0)
    expect(climate.humidity).toBeLessThan(100)
  })

  it('C10: answers many calls made at once, each with its own reply', async () => {
    const { board, port } = await setUp()
    const calls = Array.from({ length: 64 }, (_, i) => port.call('echo', { data: Uint8Array.of(i, 255 - i, 0) }))
    const replies = await board.until(Promise.all(calls))
    expect(replies.map((reply) => reply[0])).toEqual(calls.map((_, i) => i))
    expect(port.info().counters.messagesRefused).toBe(0)
  })

  it('C8: answers an action without a result by 0, which is not nil', async () => {
    const { board, port } = await setUp({ contractMismatch: 'warn' }, careless as unknown as Contract<Greenhouse>)
    expect(await board.until(port.call('identify'))).toBe(0)
  })

  it('takes 4 KiB in chunks and sends them back, every byte right', async () => {
    const { board, port } = await setUp()
    const chunk = (n: number) => Uint8Array.from({ length: 32 }, (_, i) => (n * 31 + i * 7) & 0xff)
    const calls = Array.from({ length: 128 }, (_, n) => port.call('echo', { data: chunk(n) }, { timeoutMs: 60_000 }))
    const replies = await board.until(Promise.all(calls))
    expect(replies.every((reply, n) => Buffer.compare(reply, chunk(n)) === 0)).toBe(true)
    expect(port.info().counters.bytesReceived).toBeGreaterThan(4_096)
  })

  it('refuses what is out of range though its host let it through, saying that it did not run, and goes on', async () => {
    const { board, port } = await setUp({}, unchecked as unknown as Contract<Greenhouse>)
    await expect(board.until(port.call('setVent', { open: 1.5 }))).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
      errorNumber: 2,
      outcome: 'no',
    })
    expect(await board.until(port.call('setVent', { open: 0.25 }))).toBe(0.25)
  })

  it('refuses an action that it does not know, saying that it did not run', async () => {
    const wider = defineContract({
      ...greenhouse.definition,
      actions: { ...greenhouse.definition.actions, fly: { index: 200 } },
    })
    const { board, port } = await setUp({ contractMismatch: 'warn' }, wider as never)
    await expect(
      board.until((port as unknown as Port<(typeof wider)['definition']>).call('fly')),
    ).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
      errorNumber: 1,
      outcome: 'no',
    })
    expect(await board.until(port.call('setLamp', { on: true }))).toBe(true)
  })

  it('C4, C5: ends a call at its deadline, tells later that it ran, and answers the next one right', async () => {
    const { board, port } = await setUp()
    const error = await board.until(port.call('settle', { ms: 300 }, { timeoutMs: 100 }).catch((e) => e))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    expect(await board.until(port.call('setVent', { open: 0.75 }))).toBe(0.75)
    expect(await board.until(error.finalOutcome)).toBe('yes')
  })

  it('takes casts, those that are repeated until they arrive and those that may be lost', async () => {
    const { board, port } = await setUp()
    await board.until(port.call('setVent', { open: 0 }))
    const moved = deferred<number>()
    port.on('vent', ({ open }) => moved.resolve(open))
    port.cast('setVent', { open: 0.5 })
    expect(await board.until(moved.promise)).toBe(0.5)
    await board.until(port.call('setLamp', { on: false })) // a board that was not reset may have it on
    const switched = deferred<boolean>()
    port.on('lamp', ({ on }) => switched.resolve(on))
    await board.until(port.call('identify')) // the binding is through when a later call is
    port.cast('setLamp', { on: true }, { lossy: true })
    expect(await board.until(switched.promise)).toBe(true)
  })

  it('E1, E2: sends plain events while somebody listens, and none after that', async () => {
    const { board, port } = await setUp()
    await board.until(port.call('setInterval', { ms: 100 }))
    const three = deferred<void>()
    let heard = 0
    const stop = port.on('reading', () => {
      heard += 1
      if (heard === 3) three.resolve()
    })
    await board.until(three.promise)
    stop()
    await board.until(port.call('identify'))
    // The listener is gone in any case: what counts is that the board no longer sends.
    const atStop = port.info().counters.eventsReceived
    await board.until(port.call('settle', { ms: 250 }))
    await board.until(port.call('identify'))
    expect(port.info().counters.eventsReceived).toBe(atStop)
    expect(port.info().counters.plainEventsLost).toBe(0)
  })

  it('E11: delivers reliable events in order, numbered from its boot', async () => {
    const { board, port } = await setUp()
    const low = deferred<void>()
    const alarms: { high: boolean; id: string | undefined; number: number | undefined }[] = []
    port.consume('alarm', async ({ high }, { id, number }) => {
      alarms.push({ high, id, number })
      if (!high) low.resolve()
    })
    await board.until(port.call('setInterval', { ms: 100 }))
    await board.until(port.call('setAlarmLimit', { celsius: -40 }))
    await board.until(port.call('settle', { ms: 150 }))
    await board.until(port.call('identify'))
    await board.until(port.call('setAlarmLimit', { celsius: 90 }))
    await board.until(low.promise)
    expect(alarms.map((a) => a.high)).toEqual([true, false])
    const epoch = port.info().device!.epoch.toString(16).padStart(8, '0')
    const first = alarms[0]!.number!
    expect(alarms.map((a) => a.id)).toEqual([`greenhouse:${epoch}:${first}`, `greenhouse:${epoch}:${first + 1}`])
  })

  it('C12: runs a job beside short calls, and tells its steps', async () => {
    const { board, port } = await setUp()
    const stream = port.stream('calibrate', { probe: 0 })
    const steps: number[] = []
    const reading = (async () => {
      for await (const { step, of } of stream) {
        expect(of).toBe(10)
        steps.push(step)
      }
    })()
    expect(await board.until(port.call('setVent', { open: 0.5 }))).toBe(0.5)
    await board.until(reading)
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(stream.lost).toBe(0)
    expect(Number.isFinite(await board.until(stream.result))).toBe(true)
  })

  it('C15: cancels a job whose reader has left, and can run the next one', async () => {
    const { board, port } = await setUp()
    const first = port.stream('calibrate', { probe: 0 })
    await board.until(
      (async () => {
        for await (const _ of first) break
      })(),
    )
    await expect(board.until(first.result)).rejects.toMatchObject({ code: 'CALL_ABORTED' })
    await board.until(port.call('settle', { ms: 300 }))
    const second = port.stream('calibrate', { probe: 0 })
    expect(Number.isFinite(await board.until(second.result))).toBe(true)
  })

  it('E13, E14: asks the host at the start, telling its deadline, and goes on when it has the answer', async () => {
    const asked = deferred<{ zone: number; deadlineMs: number }>()
    const board = await makeBoard()
    cleanUp.push(() => board.stop())
    const port = createPort(greenhouse, board.target as OpenOptions<Greenhouse>)
    cleanUp.push(() => board.until(port.close()))
    port.handle('getSetpoint', ({ zone }, { deadlineMs }) => {
      asked.resolve({ zone, deadlineMs })
      return 25
    })
    const { zone, deadlineMs } = await board.until(asked.promise)
    expect(zone).toBe(0)
    // What is left of it: a board in real time may be a moment older than when it asked.
    expect(deadlineMs).toBeLessThanOrEqual(3_000)
    expect(deadlineMs).toBeGreaterThan(2_000)
    expect(await board.until(port.call('setLamp', { on: true }))).toBe(true)
    expect(port.info().counters.requestsReceived).toBeGreaterThan(0)
  })

  it('can be closed and opened again at once, as often as one likes', async () => {
    const { board, port } = await setUp()
    await board.until(port.close())
    for (let i = 0; i < 3; i++) {
      const again = await board.until(open(greenhouse, board.target as OpenOptions<Greenhouse>))
      expect(await board.until(again.call('setLamp', { on: true }))).toBe(true)
      await board.until(again.close())
    }
  })
})

/** Boards whose cable a test can pull. */
const DROPPABLE = Object.entries(BOARDS).filter(([name]) => !name.startsWith('real board'))

describe.each(DROPPABLE)('%s, pulled in the middle', (_name, makeBoard) => {
  it('C7, E12: fails the call in flight with the reason, and is back by itself with its bindings when it is put back', async () => {
    const board = await makeBoard()
    const port = await board.until(open(greenhouse, board.target as OpenOptions<Greenhouse>))
    try {
      await board.until(port.call('setInterval', { ms: 100 }))
      const before = port.info().device!.epoch
      let reading = deferred<void>()
      port.on('reading', () => reading.resolve())
      await board.until(reading.promise)

      const inFlight = port.call('settle', { ms: 2_000 }).catch((e) => e)
      await board.until(reached(port))
      await board.drop!()
      const error = await board.until(inFlight)
      expect(error).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
      expect(['unplugged', 'signal']).toContain(error.exit.kind)

      reading = deferred<void>()
      const held = port.call('setVent', { open: 0.25 }, { timeoutMs: 15_000 })
      await board.restore!()
      expect(await board.until(held)).toBe(0.25)
      expect(port.info()).toMatchObject({ state: 'running' })
      expect(port.info().device!.epoch).not.toBe(before)
      await board.until(reading.promise)
    } finally {
      await board.until(port.close())
      await board.stop()
    }
  })
})

/** Resolves when the last call made has been written. */
async function reached(port: Port<Greenhouse>): Promise<void> {
  while (port.info().unansweredCalls === 0) await new Promise((turn) => setImmediate(turn))
}
