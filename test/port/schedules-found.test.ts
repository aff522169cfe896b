// What random schedules have found, each in the shortest form that shows it.
import { getEventListeners } from 'node:events'
import 'serialport'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { createPort } from '../../src/index.js'
import type { Connector } from '../../src/link/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createValueCodec, encodeDeviceHello, encodeFrame, encodeMessage } from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import { countingClock } from './schedules/counting.js'
import { createScriptedDevice, helloOf } from './scripted-device.js'

/** A port on a mock board, with its timers known. */
async function boardPort() {
  const time = createVirtualClock()
  const clock = countingClock(time)
  const board = createMockGreenhouse({ clock: time })
  const port = createPort(greenhouse, { serial: board.path, binding: board.binding, clock, random: () => 0.5 })
  await time.until(port.ready())
  await time.advance(1)
  return { time, clock, board, port }
}

describe('a port on a board', () => {
  it('that is closed leaves no timer that would keep the process alive', async () => {
    const { time, clock, port } = await boardPort()
    expect(clock.held()).not.toEqual([])
    await time.until(port.close())
    expect(clock.held()).toEqual([])
  })

  it('L10: that is killed twice tells its exit to both', async () => {
    const { time, port } = await boardPort()
    const exits = await time.until(Promise.all([port.kill(), port.kill()]), 5_000)
    expect(exits[0]).toMatchObject({ kind: 'reset' })
    expect(exits[1]).toEqual(exits[0])
    await time.until(port.close())
  })

  it('L25: that is killed and closed at once tells the close to both and leaves no timer', async () => {
    const { time, clock, port } = await boardPort()
    const killed = port.kill()
    await time.until(port.close())
    expect(await time.until(killed)).toEqual({ kind: 'closed' })
    await time.advance(1)
    expect(clock.held()).toEqual([])
  })

  it('whose lines cannot be set when it is killed ends with that as its exit', async () => {
    const { clock, device } = await runningPort()
    const stubborn: Connector = {
      ...device.connector,
      async connect(handlers) {
        const link = await device.connector.connect(handlers)
        return { ...link, control: () => Promise.reject(new Error('no such line')) }
      },
    }
    const port = createPort(greenhouse, { link: stubborn, clock, restart: { type: 'temporary' } })
    await clock.until(port.ready())
    const exit = await clock.until(port.kill(), 5_000) // the device answers no RESET
    expect(exit).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining('no such line') } })
    expect(await clock.until(port.exited)).toEqual(exit)
  })

  it('whose session ends while a request is answered tells the handler, and holds no deadline for it', async () => {
    const { time, clock, board, port } = await boardPort()
    const asked = deferred<AbortSignal>()
    port.handle('getSetpoint', (_, { signal }) => {
      asked.resolve(signal)
      return new Promise(() => {})
    })
    void board.device!.ask('getSetpoint', { zone: 1 }, 60_000).catch(() => {})
    const signal = await time.until(asked.promise)
    expect(signal.aborted).toBe(false)
    await time.until(port.close())
    expect(signal.reason).toMatchObject({ code: 'PORT_EXITED' })
    expect(clock.held()).toEqual([])
  })
})

describe('a board that restarts', () => {
  it('L19: and prints at once, leaves nothing of the old session that would still be heard', async () => {
    const time = createVirtualClock()
    const clock = countingClock(time)
    const device = createScriptedDevice({ contract: greenhouse, clock: time })
    const port = createPort(greenhouse, { link: device.connector, clock, restart: { type: 'temporary' } })
    const heard: string[] = []
    port.watch((notice) => notice.kind === 'console' && heard.push(notice.text))
    device.autoHello()
    await time.until(port.ready())
    await time.advance(1)
    const announcement = encodeFrame(
      encodeMessage(createValueCodec(), Action.HELLO, 0, encodeDeviceHello(helloOf(greenhouse))),
    )
    device.sayBytes(Uint8Array.of(...announcement, ...new TextEncoder().encode('half a li')))
    expect(await time.until(port.exited)).toMatchObject({ kind: 'reset' })
    expect(clock.held()).toEqual([])
    await time.advance(1_000)
    expect(heard).toEqual([])
  })
})

describe('a program that answers late', () => {
  it('costs no timer once it has answered, however many calls were given up', async () => {
    const time = createVirtualClock()
    const clock = countingClock(time)
    const device = createScriptedDevice({ contract: greenhouse, clock: time, lossless: true })
    const port = createPort(greenhouse, { link: device.connector, clock })
    device.autoHello({ window: 4, receiveBytes: 0 })
    await time.until(port.ready())
    await time.advance(1)
    device.take()
    const before = clock.held().length
    for (let i = 0; i < 20; i++) {
      const call = port.call('identify', {}, { timeoutMs: 10 })
      await expect(time.until(call)).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
      for (const { token } of device.take()) device.say(Action.REPLY, token)
    }
    expect(clock.held()).toHaveLength(before)
    await time.until(port.close())
  })
})

describe('calls to a board that share one signal', () => {
  it('C15: are a hundred with one listener, are all cut short by it, and let it go when they end by themselves', async () => {
    const { clock, device, port } = await runningPort({}, { window: 16, receiveBytes: 0 })
    const controller = new AbortController()
    const listeners = () => getEventListeners(controller.signal, 'abort').length
    const made = Array.from({ length: 100 }, () => port.call('identify', {}, { signal: controller.signal }))
    const items = port.stream('calibrate', { probe: 0 }, { signal: controller.signal })
    const ends = Promise.allSettled([...made, items.result])
    expect(listeners()).toBe(1)
    controller.abort(new Error('enough'))
    const codes = (await clock.until(ends)).map((end) => end.status === 'rejected' && end.reason.code)
    expect(codes).toEqual(Array(101).fill('CALL_ABORTED'))

    const lasting = new AbortController()
    device.take()
    const call = port.call('setLamp', { on: true }, { signal: lasting.signal })
    expect(getEventListeners(lasting.signal, 'abort')).toHaveLength(1)
    const failed = expect(call).rejects.toMatchObject({ code: 'PORT_EXITED' })
    await clock.until(port.close())
    await failed
    expect(getEventListeners(lasting.signal, 'abort')).toEqual([])
  })
})

describe('a mailbox that cannot be had', () => {
  it('as an event has a consumer already, leaves no event bound on the board', async () => {
    const { clock, device, port } = await runningPort({}, { window: 8, receiveBytes: 0 })
    port.consume('alarm', () => {})
    expect(() => port.mailbox()).toThrow('alarm has a consumer already')
    await clock.settle()
    const bound = new Map<unknown, unknown>()
    for (const { action, value } of device.take())
      if (action === Action.BIND) bound.set(...(value as [unknown, unknown]))
    expect([...bound.values()]).not.toContain(true)
  })
})
