import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { Action } from '../../src/wire/index.js'
import { failure, forget, scriptedPort } from './action-peer.js'
import { runningPort, startPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'

const WRITTEN = 16 // at most: the window of the firmware

describe.each(Object.entries(PEERS))('an emergency call to %s', (_name, makePeer) => {
  it('D11: overtakes all that was not written yet, which fails saying so; what was written runs', async () => {
    const { port, stop, goOn } = await runningOver(await makePeer(), { heartbeatMs: 0 })
    await port.call('setLamp', { on: true })
    await stop()
    const order: string[] = []
    const queued = Array.from({ length: 60 }, (_, i) =>
      port.call('setVent', { open: 1 }).then(
        () => void order.push(`ran ${i}`),
        (error) => error,
      ),
    )
    const ahead = port.info().unansweredCalls
    expect(ahead).toBeGreaterThan(0)
    expect(ahead).toBeLessThanOrEqual(WRITTEN)
    port.cast('setVent', { open: 1 })
    const emergency = port.call('setVent', { open: 0 }, { emergency: true }).then((open) => {
      order.push('emergency')
      return open
    })
    const after = port.call('setLamp', { on: false }).then((on) => {
      order.push('after')
      return on
    })
    goOn()
    expect(await emergency).toBe(0)
    expect(await after).toBe(false)
    const ends = await Promise.all(queued)
    const overtaken = ends.filter((end) => end !== undefined)
    expect(overtaken.length).toBe(60 - ahead)
    for (const error of overtaken) {
      expect(error).toMatchObject({
        code: 'CALL_ABORTED',
        outcome: 'no',
        message: 'CALL_ABORTED: setVent: overtaken by the emergency call setVent; it was never sent',
      })
    }
    expect(order).toEqual([...Array.from({ length: ahead }, (_, i) => `ran ${i}`), 'emergency', 'after'])
    expect(port.info()).toMatchObject({ waitingCalls: 0, counters: { castErrors: 1 } })
  })
})

describe('an emergency call to a board with a window of one', () => {
  const calls = (heard: readonly { readonly action: number; readonly value: unknown }[]) =>
    heard.filter((message) => message.action < 0xf0).map((message) => message.value)

  it('D11: is not overtaken by another emergency: they keep their order', async () => {
    const { clock, device, port } = await runningPort()
    forget(port.call('setLamp', { on: true }))
    forget(port.call('setLamp', { on: true }))
    const stops = [1, 2, 3].map((byte) => port.call('echo', { data: Uint8Array.of(byte) }, { emergency: true }))
    const answered: number[] = []
    for (const [i, stop] of stops.entries()) stop.then(() => answered.push(i + 1), forget as never)
    for (let i = 0; i < 4; i++) {
      const [message] = device.take().filter((heard) => heard.action < 0xf0)
      device.say(Action.REPLY, message!.token, message!.action === 6 ? (message!.value as unknown[])[0] : true)
      await clock.settle()
    }
    expect(answered).toEqual([1, 2, 3])
    expect(calls(device.heard)).toEqual([[true], [Uint8Array.of(1)], [Uint8Array.of(2)], [Uint8Array.of(3)]])
  })

  it('D11: is not kept out by a full queue of calls, nor by one call in flight where one is all', async () => {
    const { clock, device, port } = await runningPort({ maxQueuedCalls: 1 })
    forget(port.call('identify'))
    expect(await failure(port.call('identify'))).toMatchObject({ code: 'QUEUE_FULL' })
    const stop = port.call('setLamp', { on: false }, { emergency: true })
    expect(await failure(port.call('setLamp', { on: false }, { emergency: true }))).toMatchObject({
      code: 'QUEUE_FULL',
    })
    for (const answer of [undefined, false]) {
      device.say(Action.REPLY, device.take().at(-1)!.token, answer)
      await clock.settle()
    }
    expect(await clock.until(stop)).toBe(false)
  })

  it('D11: with bad arguments overtakes nothing', async () => {
    const { clock, device, port } = await runningPort()
    forget(port.call('identify'))
    const waiting = port.call('setLamp', { on: true })
    expect(await failure(port.call('setLamp', { on: 'stop' } as never, { emergency: true }))).toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
    for (const answer of [undefined, true]) {
      device.say(Action.REPLY, device.take().at(-1)!.token, answer)
      await clock.settle()
    }
    expect(await clock.until(waiting)).toBe(true)
  })

  it('D11: does not wait for onStart, leaves its calls alone, and is held when that session ends', async () => {
    const never = deferred<void>()
    const { clock, device, port } = startPort({ onStart: () => never.promise, random: () => 0 })
    device.autoHello()
    await clock.advance(10)
    const held = port.call('identify')
    device.take()
    const stop = port.call('setLamp', { on: false }, { emergency: true })
    expect(await failure(held)).toMatchObject({ code: 'CALL_ABORTED', outcome: 'no' })
    expect(calls(device.take())).toEqual([[false]])

    const second = port.call('setLamp', { on: false }, { emergency: true })
    device.end({ kind: 'unplugged', detail: 'gone' })
    never.resolve()
    await clock.advance(10)
    // Both may run twice: the one that was written goes out again, in front of the one that was held.
    for (const emergency of [stop, second]) {
      const [message] = device.take().filter((heard) => heard.action === 2)
      device.say(Action.REPLY, message!.token, false)
      expect(await clock.until(emergency)).toBe(false)
    }
    await clock.until(port.close())
  })

  it('D11: made while a session starts, goes behind one that was held from before', async () => {
    const never = deferred<void>()
    const { clock, device, port } = startPort({ onStart: () => never.promise })
    const echo = (byte: number) => port.call('echo', { data: Uint8Array.of(byte) }, { emergency: true })
    const held = echo(1)
    device.autoHello()
    await clock.advance(10)
    const stop = echo(2)
    for (const emergency of [held, stop]) {
      const [message] = device.take().filter((heard) => heard.action === 6)
      device.say(Action.REPLY, message!.token, (message!.value as unknown[])[0])
      await clock.until(emergency)
    }
    expect(calls(device.heard).filter(Array.isArray)).toEqual([[Uint8Array.of(1)], [Uint8Array.of(2)]])
    never.resolve()
    await clock.until(port.close())
  })

  it('D11: not written when its session ends, stays in front of one that was made later', async () => {
    const { clock, device, port } = startPort({ random: () => 0 })
    await clock.settle()
    const echo = (byte: number) => port.call('echo', { data: Uint8Array.of(byte) }, { emergency: true })
    const stops = [echo(1), echo(2)] // while HELLO is not answered
    device.autoHello()
    await clock.until(port.ready())
    stops.push(echo(3))
    await clock.advance(1)
    device.take()
    device.end({ kind: 'unplugged', detail: 'gone' })
    await clock.advance(10)
    const order: unknown[] = []
    for (const emergency of stops) {
      const [message] = device.take().filter((heard) => heard.action === 6)
      order.push(...((message!.value as unknown[])[0] as Uint8Array))
      device.say(Action.REPLY, message!.token, (message!.value as unknown[])[0])
      await clock.until(emergency)
    }
    expect(order).toEqual([1, 2, 3])
    await clock.until(port.close())
  })
})

it('an emergency call to a peer of protocol action goes first too', async () => {
  const { clock, port, peer } = await scriptedPort({ action: { window: 1 } })
  forget(port.call('echo', 1 as never))
  const waiting = failure(port.call('echo', 2 as never))
  const stop = port.call('done', 3 as never, { emergency: true })
  expect(await waiting).toMatchObject({ code: 'CALL_ABORTED', outcome: 'no' })
  peer.take()
  peer.answer(1)
  await clock.settle()
  expect(peer.take()).toEqual([Uint8Array.of(8, 3)])
  peer.answer(0)
  expect(await clock.until(stop)).toBe(0)
})
