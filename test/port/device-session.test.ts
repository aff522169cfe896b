import { describe, expect, it } from 'vitest'
import { descriptorOf } from '../../src/contract/index.js'
import { ApplicationError, createDeviceSession, type DeviceHandler } from '../../src/port/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createValueCodec, encodeMessage, Feature } from '../../src/wire/index.js'

const SET_VENT = 1
const READING = 9
const ALARM = 10

function boot(
  options: {
    handlers?: Record<string, DeviceHandler>
    window?: number
    maxKeptEvents?: number
    lossless?: boolean
    hasBootloader?: boolean
  } = {},
) {
  const clock = createVirtualClock()
  const codec = createValueCodec()
  const said: { action: number; token: number; value: unknown }[] = []
  const resets: string[] = []
  const ran: unknown[] = []
  const device = createDeviceSession({
    clock,
    random: () => 0.5,
    codec,
    contract: greenhouse,
    handlers: {
      setVent: ({ open }) => {
        ran.push(open)
        return open
      },
      ...options.handlers,
    },
    device: { resetCause: 1, receiveBytes: 0, maxContentBytes: 512, window: options.window ?? 1, firmwareVersion: '1' },
    maxKeptEvents: options.maxKeptEvents ?? 4,
    lossless: options.lossless ?? false,
    write(action, token, value) {
      said.push({ action, token, value: value === undefined ? null : codecValue(value) })
    },
    reset: (mode) => resets.push(mode),
    ...(options.hasBootloader ? { hasBootloader: true } : {}),
    endOfInput: () => resets.push('end of input'),
    jobTold: () => resets.push('job told'),
  })
  const codecValue = (bytes: Uint8Array) => {
    const decoded = codec.decode(bytes)
    if (!decoded.ok) throw new Error(decoded.reason)
    return decoded.value
  }
  const hear = (action: number, token: number, value?: unknown) =>
    device.receive(encodeMessage(codec, action, token, value))
  const take = () => said.splice(0)
  const openSession = (session = 7) => {
    hear(Action.HELLO, 1, [1, session, 0, 1_000])
    hear(Action.TICK, 2)
    return take()
  }
  return { clock, device, hear, take, openSession, resets, ran }
}

describe('a device without a session', () => {
  it('obeys nothing but HELLO and RESET, and answers every call by its announcement', () => {
    const { device, hear, take, ran } = boot()
    device.announce()
    expect(take()).toMatchObject([{ action: Action.HELLO, token: 0 }])
    hear(SET_VENT, 3, [0.5])
    expect(take()).toMatchObject([{ action: Action.HELLO, token: 0 }])
    hear(SET_VENT, 0, [0.5])
    hear(Action.ACK, 9)
    expect(take()).toEqual([])
    expect(ran).toEqual([])
  })

  it('answers HELLO naming the session, and is restarted only by a RESET that names its boot', () => {
    const { device, hear, take, resets } = boot({ hasBootloader: true })
    hear(Action.HELLO, 1, [1, 4_000_000_000, 0, 1_000])
    const [hello] = take()
    expect(hello).toMatchObject({ action: Action.REPLY, token: 1 })
    expect((hello!.value as number[])[10]! & Feature.RESET_BOOTLOADER).toBe(Feature.RESET_BOOTLOADER)
    hear(Action.RESET, 0, [0, device.epoch + 1])
    hear(Action.RESET, 0, [7, device.epoch])
    expect(resets).toEqual([])
    hear(Action.RESET, 0, [0, device.epoch])
    hear(Action.RESET, 5, [1, device.epoch])
    expect(resets).toEqual(['application', 'bootloader'])
  })

  it('without a bootloader says so, and refuses a RESET to it', () => {
    const { device, hear, take, resets } = boot()
    hear(Action.HELLO, 1, [1, 5, 0, 1_000])
    expect((take()[0]!.value as number[])[10]! & Feature.RESET_BOOTLOADER).toBe(0)
    hear(Action.RESET, 0, [1, device.epoch])
    expect(resets).toEqual([])
    expect(device.counters.refusedMessages).toBe(1)
  })
})

describe('calls in a session', () => {
  it('run in the order of their tokens; a repeat is answered from the cache without running again', () => {
    const { hear, take, openSession, ran, device } = boot()
    openSession()
    hear(SET_VENT, 3, [0.5])
    hear(SET_VENT, 3, [0.5])
    expect(take()).toEqual([
      { action: Action.REPLY, token: 3, value: 0.5 },
      { action: Action.REPLY, token: 3, value: 0.5 },
    ])
    expect(ran).toEqual([0.5])
    expect(device.counters).toMatchObject({ executed: 1, repeatsAnswered: 1 })
  })

  it('with any other token are dropped and counted', () => {
    const { hear, take, openSession, ran, device } = boot()
    openSession()
    hear(SET_VENT, 5, [0.5])
    hear(SET_VENT, 2, [0.5]) // the TICK's, still in the cache: its answer, not a run
    expect(take()).toMatchObject([{ action: Action.REPLY, token: 2 }])
    hear(SET_VENT, 255, [0.5])
    expect(take()).toEqual([])
    expect(ran).toEqual([])
    expect(device.counters.refusedTokens).toBe(2)
  })

  it('keep the last window answers and no more', () => {
    const { hear, take, openSession } = boot({ window: 2 })
    openSession()
    for (const token of [3, 4, 5]) hear(SET_VENT, token, [token / 8])
    take()
    for (const token of [3, 4, 5]) hear(SET_VENT, token, [0])
    expect(take().map((m) => [m.token, m.value])).toEqual([
      [4, 0.5],
      [5, 0.625],
    ])
  })

  it('that were given up are skipped, and a late copy of one does not run', () => {
    const { hear, take, openSession, ran } = boot()
    openSession()
    hear(Action.SKIP, 3)
    hear(SET_VENT, 3, [1])
    expect(take()).toMatchObject([
      { action: Action.ERROR, token: 3, value: [5] },
      { action: Action.ERROR, token: 3, value: [5] },
    ])
    expect(ran).toEqual([])
  })

  it('are answered by the error that fits: unknown, bad arguments, the application’s own', () => {
    const { hear, take, openSession } = boot({
      handlers: {
        setLamp: () => {
          throw new ApplicationError(20, 'the bulb is broken')
        },
        echo: ({ data }) => data,
      },
    })
    openSession()
    hear(200, 3)
    hear(SET_VENT, 4, ['wide'])
    hear(2, 5, [true])
    hear(Action.NEXT, 6, 0)
    hear(6, 7, [new Uint8Array(33)])
    expect(take().map((m) => m.value)).toEqual([
      [1],
      [2, 'setVent.open: expected a number, got "wide"'],
      [20, 'the bulb is broken'],
      [1],
      [4, 'echo.data: at most 32 bytes, got 33'],
    ])
  })

  it('that do not decode are answered too, and hold their token', () => {
    const { device, take, openSession, hear } = boot()
    openSession()
    device.receive(Uint8Array.of(SET_VENT, 3, 0xc1))
    hear(SET_VENT, 4, [0.5])
    expect(take()).toMatchObject([
      { action: Action.ERROR, token: 3 },
      { action: Action.REPLY, token: 4, value: 0.5 },
    ])
  })

  it('of an earlier session are never answered into the next one', async () => {
    let finish: (value: unknown) => void = () => {}
    const { hear, take, openSession } = boot({
      handlers: { setVent: () => new Promise((resolve) => (finish = resolve)) },
    })
    openSession()
    hear(SET_VENT, 3, [0.5])
    openSession(8)
    finish(0.5)
    await Promise.resolve()
    await Promise.resolve()
    expect(take()).toEqual([])
  })

  it('start anew with every HELLO: token 2 is next, the cache is empty, nothing is bound', () => {
    const { device, hear, take, openSession } = boot()
    openSession()
    hear(Action.BIND, 3, [READING, true])
    expect(device.emit('reading', { celsius: 1, humidity: 1 })).toBe(true)
    openSession(8)
    hear(SET_VENT, 3, [0.25])
    expect(take()).toEqual([{ action: Action.REPLY, token: 3, value: 0.25 }])
    expect(device.emit('reading', { celsius: 1, humidity: 1 })).toBe(false)
  })
})

describe('events of a device', () => {
  it('plain ones are counted in the session and told by TICK', () => {
    const { device, hear, take, openSession } = boot()
    openSession()
    hear(Action.BIND, 3, [READING, true])
    device.emit('reading', { celsius: 1, humidity: 2 })
    device.emit('reading', { celsius: 3, humidity: 4 })
    hear(Action.TICK, 4)
    const said = take()
    expect(said.slice(1, 3)).toEqual([
      { action: READING, token: 0, value: [1, 2] },
      { action: READING, token: 0, value: [3, 4] },
    ])
    expect((said[3]!.value as unknown[])[1]).toBe(2)
  })

  it('reliable ones wait for the TICK, are repeated from 50 ms on, and stay until ACK', async () => {
    const { clock, device, hear, take } = boot()
    device.emit('alarm', { celsius: 31, high: true })
    hear(Action.HELLO, 1, [1, 7, 0, 1_000])
    await clock.advance(500)
    expect(take().map((m) => m.action)).toEqual([Action.REPLY])
    const fromMs = clock.nowMs()
    hear(Action.TICK, 2)
    const times: number[] = []
    while (clock.nowMs() - fromMs < 1_000) {
      if (take().some((m) => m.action === ALARM)) times.push(Math.round(clock.nowMs() - fromMs))
      await clock.advance(1)
    }
    expect(times.slice(0, 4)).toEqual([0, 50, 150, 350])
    hear(Action.ACK, 1)
    await clock.advance(1_000)
    expect(take()).toEqual([])
    expect(device.emit('alarm', { celsius: 29, high: false })).toBe(true)
    expect(take()).toEqual([{ action: ALARM, token: 2, value: [29, false] }])
  })

  it('go out a window ahead, and go back once to the one that an ACK names as missing', () => {
    const { device, hear, take, openSession } = boot({ window: 2 })
    openSession()
    for (let i = 0; i < 4; i++) device.emit('alarm', { celsius: i, high: true })
    expect(take().map((m) => m.token)).toEqual([1, 2])
    hear(Action.ACK, 255, 1)
    expect(take().map((m) => m.token)).toEqual([1, 2])
    hear(Action.ACK, 255, 1)
    expect(take()).toEqual([])
    hear(Action.ACK, 2)
    expect(take().map((m) => m.token)).toEqual([3, 4])
  })

  it('are sent again from the oldest in the next session, under the same numbers', () => {
    const { device, hear, take, openSession } = boot({ window: 4 })
    openSession()
    for (let i = 0; i < 3; i++) device.emit('alarm', { celsius: i, high: true })
    hear(Action.ACK, 1)
    take()
    const said = openSession(8)
    expect((said[0]!.value as unknown[])[8]).toBe(1)
    expect(said.filter((m) => m.action === ALARM).map((m) => m.token)).toEqual([2, 3])
  })

  it('generated = received + dropped, exactly, when the queue was full', () => {
    const { device, hear, take, openSession } = boot({ maxKeptEvents: 4, window: 4 })
    openSession()
    const taken = Array.from({ length: 10 }, (_, i) => device.emit('alarm', { celsius: i, high: true }))
    expect(taken.filter(Boolean)).toHaveLength(4)
    take()
    hear(Action.ACK, 2) // room for two: the place of the six that were dropped, and one more
    expect(take()).toEqual([{ action: Action.SKIP, token: 5, value: 6 }])
    expect(device.emit('alarm', { celsius: 99, high: true })).toBe(true)
    expect(take()).toEqual([{ action: ALARM, token: 6, value: [99, true] }])
    expect(device.counters.eventsDropped).toBe(6)
  })

  it('EXIT finds a place behind a full queue and what it had dropped, and nothing comes after it', async () => {
    const { device, hear, take, openSession } = boot({ maxKeptEvents: 2, window: 8 })
    openSession()
    for (let i = 0; i < 5; i++) device.emit('alarm', { celsius: i, high: true })
    take()
    let told: boolean | undefined
    void device.exit(255).then((acknowledged) => {
      told = acknowledged
    })
    void device.exit(1)
    expect(device.emit('alarm', { celsius: 9, high: true })).toBe(false)
    expect(take()).toEqual([
      { action: Action.SKIP, token: 3, value: 3 },
      { action: Action.EXIT, token: 4, value: 255 },
    ])
    hear(Action.ACK, 3)
    await Promise.resolve()
    expect(told).toBeUndefined()
    hear(Action.ACK, 4)
    await Promise.resolve()
    expect(told).toBe(true)
    expect(device.counters.eventsDropped).toBe(3)
  })

  it('EXIT that nobody acknowledged ends its wait with the boot; a status that is none is refused', async () => {
    const { device, openSession } = boot()
    openSession()
    for (const status of [-1, 256, 1.5, Number.NaN]) expect(() => device.exit(status)).toThrow('ARGUMENT_INVALID')
    const told = device.exit(0)
    device.stop()
    expect(await told).toBe(false)
  })

  it('are sent once on a lossless link', async () => {
    const { clock, device, take, openSession } = boot({ lossless: true })
    openSession()
    device.emit('alarm', { celsius: 1, high: true })
    await clock.advance(5_000)
    expect(take()).toHaveLength(1)
  })
})

describe('a device whose host', () => {
  it('asks for its contract tells the descriptor, in pieces that end', () => {
    const { hear, take, openSession } = boot()
    openSession()
    const descriptor = descriptorOf(greenhouse)
    hear(Action.DESCRIBE, 3, 0)
    hear(Action.DESCRIBE, 4, 100)
    hear(Action.DESCRIBE, 5, descriptor.length)
    expect(take().map((m) => m.value)).toEqual([
      [descriptor.length, descriptor.subarray(0, 128)],
      [descriptor.length, descriptor.subarray(100, 228)],
      [descriptor.length, new Uint8Array()],
    ])
  })

  it('calls no more tells its program, once, after the answer', () => {
    const { hear, take, openSession, resets } = boot()
    openSession()
    hear(Action.END_OF_INPUT, 3)
    hear(Action.END_OF_INPUT, 3)
    expect(take().map((m) => m.value)).toEqual([0, 0])
    expect(resets).toEqual(['end of input'])
  })

  it('begins anew tells the handlers that run, whether they are jobs yet or not', async () => {
    const aborted: string[] = []
    const waits = (name: string): DeviceHandler => {
      return (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => aborted.push(name)))
    }
    const { openSession, hear } = boot({ handlers: { setVent: waits('call'), calibrate: waits('job') }, window: 4 })
    openSession()
    hear(SET_VENT, 3, [0.5])
    hear(13, 4, [0])
    openSession(8)
    expect(aborted.sort()).toEqual(['call', 'job'])
  })

  it('has acknowledged the end of a job tells so, and counts it no more', async () => {
    let finish: (value: unknown) => void = () => {}
    const { device, openSession, hear, take, resets } = boot({
      handlers: { calibrate: () => new Promise((resolve) => (finish = resolve)) },
    })
    openSession()
    hear(13, 3, [0])
    finish(1.5)
    for (let i = 0; i < 3; i++) await Promise.resolve()
    expect(take().map((m) => m.action)).toEqual([Action.ACK, Action.RESULT])
    expect(device.unfinishedJobs).toBe(1)
    hear(Action.REPLY, 1)
    expect(device.unfinishedJobs).toBe(0)
    expect(resets).toEqual(['job told'])
  })

  it('answers a request with what cannot be read ends it at once', async () => {
    const { device, openSession } = boot()
    openSession()
    const asked = device.ask('getSetpoint', { zone: 0 })
    device.receive(Uint8Array.of(Action.REPLY, 1, 0xc1))
    await expect(asked).rejects.toMatchObject({ code: 'REPLY_INVALID' })
  })
})
