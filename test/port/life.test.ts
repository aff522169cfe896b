// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/clock.js'
import { createPort, open, PortwireError } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { runningPort, startPort } from './harness.js'
import { createScriptedDevice } from './scripted-device.js'

describe('a board that drops off the bus', () => {
  it('fails the calls in flight at once, with the reason', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('identify')
    await clock.settle()
    const unpluggedMs = clock.nowMs()
    device.end({ kind: 'unplugged', detail: 'bad file descriptor' })
    await expect(call).rejects.toMatchObject({
      code: 'PORT_EXITED',
      outcome: 'unknown',
      message: 'PORT_EXITED: identify: greenhouse unplugged (bad file descriptor); it may have run',
    })
    expect(clock.nowMs()).toBe(unpluggedMs)
  })

  it('is opened again after a pause drawn from the backoff, on a fresh link', async () => {
    const { clock, device, notices, port } = await runningPort()
    notices.length = 0
    device.end({ kind: 'unplugged', detail: 'gone' })
    expect(notices).toEqual([
      { kind: 'state', state: 'backoff', exit: { kind: 'unplugged', detail: 'gone' }, restartInMs: 125 },
    ])
    await clock.advance(124)
    expect(device.opens).toBe(1)
    await clock.advance(2)
    expect(device.opens).toBe(2)
    expect(device.closes).toBe(1)
    await clock.until(port.ready())
    expect(port.info()).toMatchObject({ state: 'running', session: 2, restarts: 1 })
  })

  it('never gets what was written in its earlier life', async () => {
    const { clock, device, port } = await runningPort()
    const written = port.call('identify').catch((e) => e.code)
    await clock.settle()
    device.take()
    device.end({ kind: 'unplugged', detail: 'gone' })
    expect(await clock.until(written)).toBe('PORT_EXITED')
    await clock.advance(1_000)
    expect(device.take().filter((m) => m.action < 0xf0)).toEqual([])
  })

  it('is opened at once when it is seen again', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    const target = { serial: board.path, binding: board.binding, onArrival: board.onArrival }
    const port = createPort(greenhouse, { ...target, clock, random: () => 0.999 })
    await clock.until(port.ready())
    board.unplug()
    await clock.advance(20_000)
    expect(port.info().state).toBe('backoff')
    board.plug()
    await clock.advance(100)
    expect(port.info().state).toBe('running')
    await clock.until(port.close())
  })
})

describe('a silent device', () => {
  it('is given up after three heartbeats without an answer', async () => {
    const { clock, device, port, notices } = await runningPort()
    device.mute()
    const fromMs = clock.nowMs()
    while (port.info().state === 'running') await clock.advance(50)
    expect(notices.find((n) => n.kind === 'state' && n.exit?.kind === 'silent')).toBeDefined()
    expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual(3_000)
    expect(clock.nowMs() - fromMs).toBeLessThanOrEqual(4_300)
  })

  it.each([2, 10])('is given up after %i heartbeats where missedHeartbeats says so', async (missedHeartbeats) => {
    const { clock, device, port } = await runningPort({ missedHeartbeats })
    device.mute()
    const fromMs = clock.nowMs()
    while (port.info().state === 'running') await clock.advance(50)
    expect(port.info().lastExit).toEqual({ kind: 'silent' })
    expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual((missedHeartbeats - 1) * 1_000)
    expect(clock.nowMs() - fromMs).toBeLessThanOrEqual(missedHeartbeats * 1_000 + 1_300)
  })

  it('that is only quiet is not called silent at two missed heartbeats: each TICK has one in which to be answered', async () => {
    const { clock, port } = await runningPort({ missedHeartbeats: 2 })
    await clock.advance(60_000)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
  })

  it('is not called silent while a call waits whose handler may block it', async () => {
    const { clock, device, port } = await runningPort()
    device.mute()
    const call = port.call('settle', { ms: 8_000 }, { timeoutMs: 10_000 })
    await clock.advance(9_000)
    expect(port.info().state).toBe('running')
    device.say(Action.REPLY, 3)
    await expect(clock.until(call)).resolves.toBeUndefined()
  })

  it('gets a TICK each heartbeat while nothing else is said', async () => {
    const { clock, device } = await runningPort()
    await clock.advance(10_000)
    const ticks = device.take().filter((m) => m.action === Action.TICK)
    expect(ticks.length).toBeGreaterThanOrEqual(8)
    expect(ticks.length).toBeLessThanOrEqual(10)
  })
})

describe('a board that boots when its port is opened', () => {
  it('costs no call: the first ones wait for 1.5 s of boot and are answered', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock, bootMs: 1_500, resetOnOpen: true })
    const port = createPort(greenhouse, { serial: board.path, binding: board.binding, clock })
    const calls = [port.call('setVent', { open: 0.5 }), port.call('setLamp', { on: true })]
    await expect(clock.until(Promise.all(calls))).resolves.toEqual([0.5, true])
    expect(clock.nowMs()).toBeGreaterThanOrEqual(1_500)
    expect(clock.nowMs()).toBeLessThan(1_800)
    await clock.until(port.close())
  })
})

describe('onStart', () => {
  it('runs at the start of each session, before held calls', async () => {
    const { clock, device, port } = startPort({
      onStart: async (session) => {
        await session.call('setInterval', { ms: 500 })
      },
    })
    const held = port.call('identify')
    device.autoHello()
    await clock.advance(5)
    const [interval] = device.take().filter((m) => m.action < 0xf0)
    expect(interval).toMatchObject({ action: 5, value: [500] })
    device.say(Action.REPLY, interval!.token, 500)
    await clock.advance(5)
    const [first] = device.take().filter((m) => m.action < 0xf0)
    expect(first).toMatchObject({ action: 0 })
    device.say(Action.REPLY, first!.token)
    await expect(clock.until(held)).resolves.toBeUndefined()
  })

  it('that throws ends the session with its reason', async () => {
    const { clock, device, port } = startPort({
      restart: { type: 'temporary' },
      onStart: () => {
        throw new Error('no calibration')
      },
    })
    device.autoHello()
    await expect(clock.until(port.ready())).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: onStart of greenhouse: no calibration',
    })
  })
})

describe('close', () => {
  it('ends everything that waits, releases the link and is harmless twice', async () => {
    const { clock, device, port } = await runningPort()
    const written = port.call('identify').catch((e) => e)
    const held = port.call('identify').catch((e) => e)
    await clock.settle()
    const [first, second] = await clock.until(Promise.all([port.close(), port.close()]))
    expect(first).toEqual({ kind: 'closed' })
    expect(second).toEqual(first)
    expect(await written).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    expect(await held).toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
    expect(await port.exited).toEqual({ kind: 'closed' })
    expect(device.closes).toBe(1)
    expect(port.info()).toMatchObject({ state: 'closed', waitingCalls: 0 })
    await expect(port.call('identify')).rejects.toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
    await expect(port.ready()).rejects.toMatchObject({ code: 'PORT_EXITED' })
  })

  it.each(['opening', 'handshake', 'backoff'] as const)('in state %s leaves nothing behind', async (state) => {
    const { clock, device, port } = startPort()
    if (state !== 'opening') await clock.settle()
    if (state === 'backoff') device.end({ kind: 'unplugged', detail: 'gone' })
    expect(port.info().state).toBe(state)
    await clock.until(port.close())
    expect(device.opens).toBe(device.closes)
    const sent = device.heard.length
    await clock.advance(60_000)
    expect(device.heard).toHaveLength(sent)
    expect(device.opens).toBe(device.closes)
    expect(port.info().state).toBe('closed')
    await expect(port.ready()).rejects.toMatchObject({ code: 'PORT_EXITED' })
  })

  it('happens at the end of an await using block', async () => {
    const { port } = startPort()
    await port[Symbol.asyncDispose]()
    expect(port.info().state).toBe('closed')
  })
})

describe('a port that is closed', () => {
  it('leaves no timer behind, which would keep the process running', async () => {
    const clock = createVirtualClock()
    let armed = 0
    const counting: Clock = {
      nowMs: clock.nowMs,
      after(delayMs, run) {
        let isArmed = true
        const disarm = () => {
          if (isArmed) armed -= 1
          isArmed = false
        }
        armed += 1
        const cancel = clock.after(delayMs, () => {
          disarm()
          run()
        })
        return () => {
          disarm()
          cancel()
        }
      },
    }
    const device = createScriptedDevice({ contract: greenhouse, clock })
    device.autoHello()
    const port = createPort(greenhouse, { link: device.connector, clock: counting })
    await clock.until(port.ready())
    await clock.advance(1)
    expect(armed).toBeGreaterThan(0)
    await clock.until(port.close())
    await clock.settle()
    expect(armed).toBe(0)
  })
})

describe('open', () => {
  it('rejects at once, typed, when the first start fails', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    board.unplug()
    const opening = open(greenhouse, { serial: board.path, binding: board.binding, clock })
    await expect(clock.until(opening)).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: `PORT_NOT_FOUND: there is no serial port ${board.path}`,
      hint: expect.stringContaining('portwire list'),
    })
    expect(clock.nowMs()).toBe(0)
  })

  it('says that another one holds the port', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    const target = { serial: board.path, binding: board.binding, clock }
    const port = await clock.until(open(greenhouse, target))
    await expect(clock.until(open(greenhouse, target))).rejects.toMatchObject({ code: 'PORT_BUSY' })
    await clock.until(port.close())
    const again = await clock.until(open(greenhouse, target))
    await clock.until(again.close())
  })

  it('says what it needs when it is told no target, or a name that is none', async () => {
    await expect(open(greenhouse, {} as never)).rejects.toThrow('open needs one of serial, spawn')
    await expect(open(greenhouse, { spawn: 'x', name: 'a/b' })).rejects.toBeInstanceOf(PortwireError)
  })
})
