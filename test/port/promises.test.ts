// Promises of the Port that once did not hold.

import 'serialport'
import { describe, expect, it } from 'vitest'
import { openRaw } from '../../src/index.js'
import type { Connector } from '../../src/link/index.js'
import { Action, Feature } from '../../src/wire/index.js'
import { runningPort, startPort } from '../port/harness.js'
import { PEERS, portOver, runningOver } from '../port/peers.js'

const soon = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

describe.each(Object.entries(PEERS))('closeInput of %s', (_name, makePeer) => {
  it('calls made before it in the same turn are answered', async () => {
    const { port } = await runningOver(await makePeer(), { restart: { type: 'temporary' } })
    const calls = Array.from({ length: 40 }, () => port.call('setVent', { open: 1 }))
    port.closeInput()
    const ends = await Promise.allSettled(calls)
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(40)
  })

  it('a call made after it fails at once, saying that it was never sent', async () => {
    const { port } = await runningOver(await makePeer(), { heartbeatMs: 0 })
    port.closeInput()
    const error = await port.call('setLamp', { on: true }, { timeoutMs: 1_000 }).catch((cause) => cause)
    expect(error).toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
  })

  it('before the session runs it is refused, and the call made before it is answered', async () => {
    const { port } = portOver(await makePeer(), { restart: { type: 'temporary' } })
    const call = port.call('setVent', { open: 1 })
    expect(() => port.closeInput()).toThrow(/PORT_EXITED: closeInput: \w+ is not running .*await ready\(\) first/)
    expect(await call).toBe(1)
  })
})

describe('a port in virtual time', () => {
  it('END_OF_INPUT does not go before calls that were made earlier', async () => {
    const features = 127 | Feature.END_OF_INPUT
    const { clock, device, port } = await runningPort({}, { window: 1, features, receiveBytes: 0 })
    for (const open of [0, 1, 0]) port.call('setVent', { open }).catch(() => {})
    port.closeInput()
    let seen = 0
    for (let i = 0; i < 50; i++) {
      await clock.advance(5)
      for (const { action, token } of device.heard.slice(seen)) {
        if (action === 1) device.say(Action.REPLY, token, 1)
        if (action === Action.END_OF_INPUT) device.say(Action.REPLY, token)
      }
      seen = device.heard.length
    }
    const order = device.heard.map(({ action }) => action).filter((a) => a === 1 || a === Action.END_OF_INPUT)
    expect(order).toContain(Action.END_OF_INPUT)
    expect(order.indexOf(Action.END_OF_INPUT)).toBeGreaterThan(order.lastIndexOf(1))
  })

  it('an emergency made in a handshake that fails stays before a call made after it', async () => {
    const { clock, device, port } = startPort({ readyTimeoutMs: 1_000, restart: { firstMs: 10 } })
    await clock.advance(1)
    expect(port.info().state).toBe('handshake')
    port.call('setVent', { open: 0 }, { emergency: true, timeoutMs: 60_000 }).catch(() => {})
    port.call('setLamp', { on: true }, { timeoutMs: 60_000 }).catch(() => {})
    await clock.advance(1_000)
    device.autoHello({ window: 8, receiveBytes: 0 })
    await clock.until(port.ready())
    await clock.advance(5)
    const sent = device.heard.filter(({ action }) => action < 0xf0).map(({ action }) => action)
    expect(sent).toEqual([1, 2])
  })

  it('pings that have timed out are not sent later, in front of an emergency', async () => {
    const { clock, device, port } = await runningPort({ heartbeatMs: 0 }, { window: 1, receiveBytes: 0 })
    port.call('identify', undefined, { timeoutMs: 60_000 }).catch(() => {})
    for (let i = 0; i < 50; i++) {
      port.ping({ timeoutMs: 5 }).catch(() => {})
      await clock.advance(10)
    }
    port.call('setVent', { open: 0 }, { emergency: true, timeoutMs: 60_000 }).catch(() => {})
    const from = device.heard.length
    device.say(Action.REPLY, device.heard.find(({ action }) => action === 0)!.token, 0)
    device.autoHello()
    await clock.advance(2_000)
    const after = device.heard.slice(from).map(({ action }) => action)
    expect(after.indexOf(1)).toBe(0)
  })

  it('close({ waitMs }) while a session starts lets its onStart call, so that what waits is done', async () => {
    const { clock, device, port } = startPort({
      restart: { firstMs: 10 },
      onStart: async (starting) => void (await starting.call('setLamp', { on: true })),
    })
    await clock.advance(1)
    const waiting = port.call('setVent', { open: 1 }, { timeoutMs: 60_000 }).catch((error) => error.message)
    const closed = port.close({ waitMs: 20_000 })
    device.autoHello({ window: 8, receiveBytes: 0 })
    let seen = 0
    for (let i = 0; i < 200; i++) {
      await clock.advance(10)
      for (const { action, token } of device.heard.slice(seen)) {
        if (action === 2) device.say(Action.REPLY, token, true)
        if (action === 1) device.say(Action.REPLY, token, 1)
      }
      seen = device.heard.length
    }
    await clock.until(closed)
    expect(await waiting).toBe(1)
  })

  it('ready() of a port that was closed rejects', async () => {
    const { clock, port } = await runningPort()
    await clock.until(port.close())
    await expect(port.ready()).rejects.toThrow()
  })
})

describe('a raw port', () => {
  it('kill() where the lines cannot be set is no unhandled rejection, and ends', async () => {
    const connector: Connector = {
      name: 'board',
      lossless: false,
      connect: async (handlers) => ({
        write: () => true,
        drained: async () => {},
        close: async () => handlers.ended({ kind: 'closed' }),
        control: () => Promise.reject(new Error('EIO')),
      }),
    }
    const port = await openRaw({ link: connector }, { packet: 'stream' })
    const unhandled = await heardUnhandled(async () => {
      expect.soft(await Promise.race([port.kill().then(() => 'over'), soon(1_000).then(() => 'hangs')])).toBe('over')
    })
    await port.close()
    expect(unhandled).toEqual([])
  })
})

async function heardUnhandled(run: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = []
  const on = (error: unknown) => seen.push(error)
  process.on('unhandledRejection', on)
  await run()
  await soon(20)
  process.off('unhandledRejection', on)
  return seen
}
