// What users' code, hostile peers and odd links do to a port: each of these once brought one down.
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { deferred } from '../../src/deferred.js'
import { createPort, open } from '../../src/index.js'
import type { LinkHandlers } from '../../src/link/index.js'
import { createCallQueue } from '../../src/port/host/call-queue.js'
import type { PendingCall } from '../../src/port/host/pending.js'
import { createDeviceSession, outcomeOfError } from '../../src/port/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createValueCodec, encodeFrame, encodeMessage } from '../../src/wire/index.js'
import { runningPort, startPort } from './harness.js'
import { createScriptedDevice } from './scripted-device.js'
import 'serialport'

const READING = 9
const ALARM = 10
const WIDE = { window: 4, receiveBytes: 0 }

/** Runs `work` and returns what it made uncaught. */
async function uncaughtIn(work: () => Promise<void>): Promise<string[]> {
  const errors: string[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error.message))
  try {
    await work()
    await new Promise((turn) => setImmediate(turn))
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  }
  return errors
}

describe('code of the user that throws', () => {
  it('in a listener costs no byte of the line, and is seen as an uncaught error', async () => {
    const { clock, device, port } = await runningPort({}, WIDE)
    port.on('reading', () => {
      throw new Error('bug in a listener')
    })
    port.on('reading', async () => {
      throw new Error('bug in an async listener')
    })
    const call = port.call('setLamp', { on: true })
    const { token } = device.take().find((m) => m.action === 2)!
    const errors = await uncaughtIn(async () => {
      device.say(READING, 0, [1, 2])
      device.say(Action.REPLY, token, true)
      await expect(clock.until(call)).resolves.toBe(true)
    })
    expect(errors).toEqual(['bug in a listener', 'bug in an async listener'])
  })

  it('in a watcher stops no state: the port opens, runs and closes', async () => {
    const errors = await uncaughtIn(async () => {
      const { clock, device, port } = startPort()
      port.watch(() => {
        throw new Error('bug in a watcher')
      })
      device.autoHello()
      await clock.until(port.ready())
      await expect(clock.until(port.close())).resolves.toEqual({ kind: 'closed' })
      expect(device.opens).toBe(device.closes)
    })
    expect(new Set(errors)).toEqual(new Set(['bug in a watcher']))
  })
})

describe('close', () => {
  it.each(['opening', 'handshake', 'running', 'backoff'] as const)(
    'called by a watcher of %s ends everything',
    async (state) => {
      const { clock, device, port } = startPort()
      port.watch((notice) => {
        if (notice.kind === 'state' && notice.state === state) void port.close()
      })
      device.autoHello()
      await clock.advance(100)
      device.end({ kind: 'unplugged', detail: 'gone' })
      await clock.until(port.close())
      device.take()
      await clock.advance(600_000)
      expect(device.take()).toEqual([])
      expect(device.opens).toBe(device.closes)
    },
  )

  it('resolves only when a link that was being opened is released too', async () => {
    const opened = deferred<void>()
    let isOpen = false
    const clock = createVirtualClock()
    const connector = {
      name: 'slow',
      lossless: true,
      connect: async () => {
        await opened.promise
        isOpen = true
        return {
          write: () => true,
          drained: async () => {},
          close: async () => {
            isOpen = false
          },
        }
      },
    }
    const port = createPort(greenhouse, { link: connector, clock })
    let closed = false
    const closing = port.close().then(() => {
      closed = true
    })
    await clock.settle()
    expect(closed).toBe(false)
    opened.resolve()
    await clock.until(closing)
    expect(isOpen).toBe(false)
  })

  it('of a failed open leaves the port free for the next one at once', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock, bootMs: 60_000 })
    const target = { serial: board.path, binding: board.binding, clock, readyTimeoutMs: 500 }
    for (let i = 0; i < 3; i++) {
      await expect(clock.until(open(greenhouse, target))).rejects.toMatchObject({ code: 'HELLO_TIMEOUT' })
    }
  })
})

describe('a connector', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no such thing')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no such thing'))],
  ])('that %s is a failed start, tried again', async (_, connect) => {
    const clock = createVirtualClock()
    const port = createPort(greenhouse, { link: { name: 'odd', lossless: true, connect }, clock, random: () => 0.5 })
    await clock.advance(1_000)
    expect(port.info()).toMatchObject({ state: 'backoff', lastExit: { kind: 'failed' } })
    await clock.until(port.close())
  })

  it('that never settles is given up after the ready timeout', async () => {
    const clock = createVirtualClock()
    const connector = { name: 'stuck', lossless: true, connect: () => new Promise<never>(() => {}) }
    await expect(clock.until(open(greenhouse, { link: connector, clock, readyTimeoutMs: 300 }))).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: stuck could not be opened in 300 ms',
    })
  })
})

describe('a reliable event', () => {
  const bad = (token: number) => encodeFrame(Uint8Array.of(ALARM, token, 0x92, 0xa1, 0xe9, 0xc3)) // Latin-1 in a text

  it('that does not decode holds its number: it is acknowledged and refused, and the next one is taken', async () => {
    const { clock, device, port, notices } = await runningPort()
    const seen: number[] = []
    port.consume('alarm', ({ celsius }) => void seen.push(celsius))
    device.sayBytes(bad(1))
    device.say(ALARM, 2, [31, true])
    await clock.settle()
    expect(seen).toEqual([31])
    expect(device.take().at(-1)).toMatchObject({ action: Action.ACK, token: 2 })
    expect(notices.some((n) => n.kind === 'refused')).toBe(true)
  })

  it('whose consumer returns a thenable of another library is finished when that is', async () => {
    const { clock, device, port } = await runningPort()
    let finish: () => void = () => {}
    port.consume(
      'alarm',
      () =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: a promise of another library is what is tested
          then: (ok: () => void) => {
            finish = ok
          },
        }) as never,
    )
    device.say(ALARM, 1, [31, true])
    await clock.settle()
    expect(device.take()).toEqual([])
    finish()
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
  })

  it('that was finished in an earlier session is acknowledged, not delivered again', async () => {
    const { clock, device, port } = await runningPort()
    const seen: unknown[] = []
    port.consume('alarm', (_, meta) => void seen.push(meta.id))
    device.say(ALARM, 1, [31, true])
    await clock.settle()
    device.end({ kind: 'unplugged', detail: 'gone' })
    await clock.advance(1_000)
    expect(port.info()).toMatchObject({ state: 'running', session: 2 })
    device.take()
    device.say(ALARM, 1, [31, true])
    device.say(ALARM, 2, [32, true])
    await clock.settle()
    expect(seen).toEqual(['greenhouse:12345678:0', 'greenhouse:12345678:1'])
    expect(device.take().at(-1)).toMatchObject({ action: Action.ACK, token: 2 })
  })

  it('EXIT is acknowledged, and ends one session, not every later one', async () => {
    const { clock, device, port } = await runningPort()
    device.say(Action.EXIT, 1, 3)
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
    await clock.advance(1_000)
    expect(port.info()).toMatchObject({ state: 'running', lastExit: { kind: 'exit', status: 3 } })
    device.say(Action.EXIT, 1, 3)
    await clock.advance(100)
    expect(port.info()).toMatchObject({ state: 'running', session: 2 })
  })

  it('SKIP and EXIT without a token, and counts that are none, change nothing', async () => {
    const { clock, device, port } = await runningPort({}, { eventSeq: 254 })
    device.say(Action.EXIT, 0, 1)
    device.say(Action.SKIP, 0, 5)
    device.say(Action.SKIP, 255, -5)
    await clock.settle()
    expect(port.info()).toMatchObject({ state: 'running', counters: { eventsDropped: 0, messagesRefused: 3 } })
  })
})

describe('bindings', () => {
  it('made while onStart runs are told to the device', async () => {
    const started = deferred<void>()
    const { clock, device, port } = startPort({ onStart: () => started.promise })
    device.autoHello()
    await clock.advance(10)
    device.take()
    port.on('reading', () => {})
    started.resolve()
    await clock.advance(10)
    expect(device.take()).toMatchObject([{ action: Action.BIND, value: [READING, true] }])
  })
})

describe('onStart of a session that is over', () => {
  it('does not go on in the next one', async () => {
    const log: string[] = []
    const gate = deferred<void>()
    let run = 0
    const { clock, device } = startPort({
      onStart: async (session) => {
        const mine = ++run
        if (mine === 1) await gate.promise
        await session.call('setInterval', { ms: 500 }).then(
          () => log.push(`${mine} ran`),
          (error) => log.push(`${mine} ${error.code}`),
        )
      },
    })
    device.autoHello(WIDE)
    await clock.advance(10)
    device.end({ kind: 'unplugged', detail: 'gone' })
    await clock.advance(200)
    gate.resolve()
    await clock.advance(50)
    for (const { action, token } of device.take()) if (action === 5) device.say(Action.REPLY, token, 500)
    await clock.advance(50)
    expect(log.sort()).toEqual(['1 PORT_EXITED', '2 ran'])
  })
})

describe('bounds', () => {
  it('calls that ended while the device is away are let go', () => {
    const queue = createCallQueue()
    const call = (state: PendingCall['state']) => ({ state }) as PendingCall
    queue.push(call('queued'))
    for (let i = 0; i < 100_000; i++) queue.push(call('ended'))
    expect(queue.peek()?.state).toBe('queued')
    expect(queue.length).toBeLessThan(200)
  })

  it.each([
    ['heartbeatMs', 250.5],
    ['heartbeatMs', -1],
    ['heartbeatMs', Number.NaN],
    ['missedHeartbeats', 1],
    ['missedHeartbeats', 101],
    ['missedHeartbeats', 2.5],
    ['missedHeartbeats', Number.NaN],
    ['maxQueuedCalls', Number.NaN],
    ['maxQueuedCalls', 0],
    ['readyTimeoutMs', 0],
    ['callTimeoutMs', Number.NaN],
  ])('the option %s = %d is refused, named', (option, value) => {
    expect(() => startPort({ [option]: value })).toThrow(`ARGUMENT_INVALID: ${option}: ${value} is not`)
  })

  it('a timeout beyond what a timer takes, or none at all, does not fire at once', () => {
    vi.useFakeTimers()
    try {
      let fired = 0
      systemClock.after(Number.POSITIVE_INFINITY, () => {
        fired += 1
      })
      systemClock.after(2 ** 31 + 1_000, () => {
        fired += 1
      })
      vi.advanceTimersByTime(2 ** 31)
      expect(fired).toBe(0)
      vi.advanceTimersByTime(2_000)
      expect(fired).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('a call that the ring of the device can never hold is refused, and nothing waits behind it', async () => {
    const { clock, device, port } = await runningPort({}, { receiveBytes: 20, maxContent: 56 })
    const large = port.call('echo', { data: new Uint8Array(32) })
    const small = port.call('identify')
    await expect(clock.until(large)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    device.say(Action.REPLY, device.take().find((m) => m.action === 0)!.token)
    await expect(clock.until(small)).resolves.toBeUndefined()
  })

  it('room in the ring is not counted on a lossless link', async () => {
    const { device, port } = await runningPort({}, { receiveBytes: 63, window: 64 }, { lossless: true })
    for (let i = 0; i < 20; i++) port.cast('setLamp', { on: true })
    expect(device.take().filter((m) => m.action === 2)).toHaveLength(20)
  })

  it('what msgpack cannot say is a typed error before a byte is sent', async () => {
    const { device, port } = await runningPort({}, { maxContent: 60_000, receiveBytes: 0 })
    await expect(port.call('echo', { data: new Uint8Array(33) })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(device.take()).toEqual([])
  })
})

describe('a program that never answers one call', () => {
  it('is restarted when nothing has come for three seconds after the deadline, so that no place is lost for good', async () => {
    const { clock, device, port, notices } = await runningPort({}, { window: 2 }, { lossless: true })
    const stuck = port.call('identify', {}, { timeoutMs: 100 }).catch((e) => e.code)
    expect(await clock.until(stuck)).toBe('CALL_TIMEOUT')
    await clock.advance(3_001)
    expect(notices.some((n) => n.kind === 'state' && n.exit?.kind === 'silent')).toBe(true)
    await clock.advance(1_000)
    expect(device.opens).toBe(2)
    expect(port.info().state).toBe('running')
  })
})

describe('what an error says about the call', () => {
  it.each([
    [-1, 'unknown'],
    [0, 'unknown'],
    [1, 'no'],
    [6, 'no'],
    [7, 'unknown'],
    [8, 'yes'],
    [9, 'yes'],
    [10, 'unknown'],
    [15, 'unknown'],
    [16, 'yes'],
  ])('error %d: %s', (errorNumber, outcome) => {
    expect(outcomeOfError(errorNumber)).toBe(outcome)
  })

  it('an answer to SKIP that cannot be read says nothing', async () => {
    const { clock, device, port } = await runningPort()
    const error = await clock.until(port.call('identify', {}, { timeoutMs: 50 }).catch((e) => e))
    device.sayBytes(encodeFrame(Uint8Array.of(Action.ERROR, 3, 0x92, 0x05, 0xa1, 0xe9)))
    await expect(clock.until(error.finalOutcome)).resolves.toBe('unknown')
  })
})

describe('a device in TypeScript', () => {
  it('keeps answers in the order of their tokens: a slow handler does not push out one that is still wanted', async () => {
    const clock = createVirtualClock()
    const contract = greenhouse
    const codec = createValueCodec()
    const slow = deferred<boolean>()
    const said: [number, number][] = []
    const session = createDeviceSession({
      clock,
      random: () => 0.5,
      codec,
      contract,
      handlers: { setLamp: ({ on }) => (on ? slow.promise : false), identify: () => undefined },
      device: { resetCause: 1, receiveBytes: 0, maxContentBytes: 512, window: 2, firmwareVersion: '1' },
      maxKeptEvents: 4,
      lossless: false,
      write: (action, token) => said.push([action, token]),
      reset: () => {},
    })
    const hear = (action: number, token: number, value?: unknown) =>
      session.receive(encodeMessage(codec, action, token, value))
    hear(Action.HELLO, 1, [1, 7, 0, 1_000])
    hear(Action.TICK, 2)
    hear(2, 3, [true])
    hear(2, 4, [false])
    slow.resolve(true)
    await clock.settle()
    hear(0, 5)
    said.length = 0
    hear(2, 4, [false])
    expect(said).toEqual([[Action.REPLY, 4]])
  })
})

describe('a peer that does not read', () => {
  it('holds calls and casts back where they are bounded, until the link has room again', async () => {
    const clock = createVirtualClock()
    const { device, connector, drain } = (() => {
      const scripted = createScriptedDevice({ contract: greenhouse, clock, lossless: true })
      let full = deferred<void>()
      let wrote = 0
      const slow = {
        ...scripted.connector,
        connect: async (handlers: LinkHandlers) => {
          const link = await scripted.connector.connect(handlers)
          return {
            ...link,
            write: (bytes: Uint8Array) => {
              link.write(bytes)
              wrote += 1
              return wrote <= 4
            },
            drained: () => full.promise,
          }
        },
      }
      const makeRoom = () => {
        wrote = 0
        full.resolve()
        full = deferred()
      }
      return { device: scripted, connector: slow, drain: makeRoom }
    })()
    device.autoHello({ receiveBytes: 0, window: 64 })
    const port = createPort(greenhouse, { link: connector, clock, maxQueuedCalls: 50 })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    const cast = () => port.cast('setLamp', { on: true }, { lossy: true })
    for (let i = 0; i < 40; i++) cast()
    const first = device.take().length
    expect(first).toBeLessThan(10)
    expect(() => {
      for (let i = 0; i < 40; i++) cast()
    }).toThrow('QUEUE_FULL')
    for (let i = 0; i < 40; i++) {
      drain()
      await clock.settle()
    }
    expect(device.take().length + first).toBe(50 + first)
    await clock.until(port.close())
  })
})
