import { describe, expect, it } from 'vitest'
import { defineContract } from '../../src/contract/index.js'
import { deferred } from '../../src/deferred.js'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, encodeDeviceHello } from '../../src/wire/index.js'
import { runningPort, startPort } from './harness.js'
import { createScriptedDevice, EPOCH, type Heard, helloOf } from './scripted-device.js'

const READING = 9
const ALARM = 10

describe('a plain event', () => {
  it('is asked for by BIND while anybody listens, and no longer', async () => {
    const { device, port } = await runningPort({}, { window: 4 })
    const stopFirst = port.on('reading', () => {})
    const stopSecond = port.on('reading', () => {})
    stopFirst()
    expect(device.take()).toMatchObject([{ action: Action.BIND, value: [READING, true] }])
    stopSecond()
    stopSecond()
    expect(device.take()).toMatchObject([{ action: Action.BIND, value: [READING, false] }])
  })

  it('is bound again in the next session, before calls that were held', async () => {
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    port.on('reading', () => {})
    device.take()
    device.mute()
    device.say(Action.HELLO, 0, encodeDeviceHello({ ...helloOf(greenhouse), epoch: 5 }))
    const held = port.call('identify')
    device.autoHello({ epoch: 5, window: 4, receiveBytes: 0 })
    device.sayHello({ epoch: 5, window: 4, receiveBytes: 0 })
    await clock.advance(10)
    const actions = device.take().map((m) => m.action)
    expect(actions.filter((a) => a === Action.BIND || a === 0)).toEqual([Action.BIND, 0])
    held.catch(() => {})
  })

  it('reaches every listener with its values by name and the epoch of its boot', async () => {
    const { device, port } = await runningPort()
    const heard: unknown[] = []
    port.on('reading', (value, meta) => heard.push([value, meta]))
    port.on('reading', (value) => heard.push(value.celsius))
    device.say(READING, 0, [21.5, 40])
    expect(heard).toEqual([[{ celsius: 21.5, humidity: 40 }, { epoch: EPOCH }], 21.5])
  })

  it('that was lost on the line is reported by the next TICK, as many as were lost', async () => {
    const { clock, device, port, notices } = await runningPort()
    device.mute()
    port.on('reading', () => {})
    device.say(Action.REPLY, device.take()[0]!.token, 0)
    device.say(READING, 0, [1, 1])
    let tick: Heard | undefined
    while (!tick) {
      await clock.advance(5)
      tick = device.take().find((m) => m.action === Action.TICK)
    }
    device.say(Action.REPLY, tick.token, [9, 3, EPOCH])
    expect(notices).toContainEqual({ kind: 'events_lost', count: 2 })
    expect(port.info().counters.plainEventsLost).toBe(2)
  })

  it('of the wrong type is refused, counted and said', async () => {
    const { device, port, notices } = await runningPort()
    port.on('reading', () => expect.unreachable())
    device.say(READING, 0, ['warm', 40])
    device.say(99, 0)
    expect(notices.filter((n) => n.kind === 'refused')).toEqual([
      { kind: 'refused', problem: 'event reading.celsius: expected a number, got "warm"' },
      { kind: 'refused', problem: 'event 99 is not in the contract' },
    ])
    expect(port.info().counters.messagesRefused).toBe(2)
  })
})

describe('a reliable event', () => {
  const alarm = (celsius: number) => [celsius, true]

  it('reaches its consumer with an id, and is acknowledged when the consumer has finished, not before', async () => {
    const { clock, device, port } = await runningPort()
    const finish = deferred<void>()
    const metas: unknown[] = []
    port.consume('alarm', (_, meta) => {
      metas.push(meta)
      return finish.promise
    })
    device.say(ALARM, 1, alarm(31))
    await clock.settle()
    expect(device.take()).toEqual([])
    finish.resolve()
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1, value: null }])
    expect(metas).toEqual([{ epoch: EPOCH, number: 0, id: 'greenhouse:12345678:0' }])
  })

  it('that comes again is acknowledged again and not consumed twice', async () => {
    const { clock, device, port } = await runningPort()
    let consumed = 0
    port.consume('alarm', () => {
      consumed += 1
    })
    device.say(ALARM, 1, alarm(31))
    await clock.settle()
    device.say(ALARM, 1, alarm(31))
    await clock.settle()
    expect(device.take().map((m) => [m.action, m.token])).toEqual([
      [Action.ACK, 1],
      [Action.ACK, 1],
    ])
    expect(consumed).toBe(1)
    expect(port.info().counters.eventsRepeated).toBe(1)
  })

  it('after a gap is not taken: ACK names the missing one', async () => {
    const { clock, device, port } = await runningPort({}, { eventSeq: 300 })
    port.consume('alarm', () => expect.unreachable())
    const token = (number: number) => (number % 255) + 1
    device.say(ALARM, token(301), alarm(31))
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: token(299), value: token(300) }])
  })

  it('goes on with the number that hello told, so that ids are the same after a restart of the host', async () => {
    const { clock, device, port } = await runningPort({}, { eventSeq: 1_042 })
    const ids: unknown[] = []
    port.consume('alarm', (_, meta) => void ids.push(meta.id))
    device.say(ALARM, (1_042 % 255) + 1, alarm(31))
    await clock.settle()
    expect(ids).toEqual(['greenhouse:12345678:1042'])
  })

  it('stands for events that the device had to drop when it is a SKIP with their count', async () => {
    const { clock, device, port, notices } = await runningPort()
    device.say(Action.SKIP, 1, 7)
    await clock.settle()
    expect(notices).toContainEqual({ kind: 'events_dropped', count: 7 })
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
    expect(port.info().counters.eventsDropped).toBe(7)
  })

  it('whose consumer throws stops the events, and nothing else', async () => {
    const { clock, device, port, notices } = await runningPort()
    port.consume('alarm', async () => {
      throw new Error('disk full')
    })
    device.say(ALARM, 1, alarm(31))
    device.say(ALARM, 2, alarm(32))
    await clock.settle()
    expect(device.take()).toEqual([])
    expect(notices.filter((n) => n.kind === 'consumer_stopped')).toMatchObject([
      { event: 'alarm', error: { message: 'disk full' } },
    ])
    const call = port.call('identify')
    device.say(Action.REPLY, 3)
    await expect(clock.until(call)).resolves.toBeUndefined()
  })

  it('waits for onStart, then is acknowledged without a consumer', async () => {
    const started = deferred<void>()
    const { clock, device } = startPort({ onStart: () => started.promise })
    device.autoHello()
    await clock.advance(10)
    device.take()
    device.say(ALARM, 1, alarm(31))
    await clock.advance(10)
    expect(device.take()).toEqual([])
    started.resolve()
    await clock.advance(10)
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
  })

  it('finds its consumer in place when that is given right after ready()', async () => {
    const { clock, device, port } = startPort()
    device.autoHello()
    const consumed: unknown[] = []
    const opened = port.ready().then(() => port.consume('alarm', (value) => void consumed.push(value.celsius)))
    await clock.settle()
    device.say(ALARM, 1, alarm(31))
    await clock.until(opened)
    await clock.advance(10)
    expect(consumed).toEqual([31])
  })

  it('has one consumer; the kind of event decides between on and consume', async () => {
    const { port } = await runningPort()
    const stop = port.consume('alarm', () => {})
    expect(() => port.consume('alarm', () => {})).toThrow('event alarm has a consumer already')
    stop()
    port.consume('alarm', () => {})
    expect(() => port.on('alarm' as never, () => {})).toThrow('event alarm is reliable: take it with consume()')
    expect(() => port.consume('reading' as never, () => {})).toThrow('event reading is plain: hear it with on()')
    expect(() => port.on('raining' as never, () => {})).toThrow(
      'greenhouse has no event raining; it has: reading, alarm',
    )
  })
})

describe('a request of the device', () => {
  it('that nobody handles is answered at once, each copy alike', async () => {
    const contract = defineContract({ name: 'asking', version: '1', requests: { setpoint: { result: 'f32' } } })
    const clock = createVirtualClock()
    const device = createScriptedDevice({ contract, clock })
    device.autoHello()
    const port = createPort(contract, { link: device.connector, clock })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    device.say(0, 1, [3_000])
    device.say(0, 1, [3_000])
    expect(device.take()).toMatchObject([
      { action: Action.ERROR, token: 1, value: [1] },
      { action: Action.ERROR, token: 1, value: [1] },
    ])
  })
})
