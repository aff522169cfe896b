import 'serialport'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { failure, forget, scriptedPort } from './action-peer.js'
import { runningPort, startPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'
import { EPOCH } from './scripted-device.js'

describe.each(Object.entries(PEERS))('ping of %s', (_name, makePeer) => {
  it('C17: is the round trip of a TICK in ms, and info tells the versions', async () => {
    const { port } = await runningOver(await makePeer(), { heartbeatMs: 0 })
    const before = port.info().counters.ticks
    const roundTripMs = await port.ping()
    expect(roundTripMs).toBeGreaterThan(0)
    expect(roundTripMs).toBeLessThan(5_000)
    const info = port.info()
    expect(info.counters.ticks).toBe(before + 1)
    expect(info.roundTripMs).toBeGreaterThan(0)
    expect(info.lastTickAgoMs).toBeLessThan(5_000)
    expect(info.device).toMatchObject({ firmwareVersion: '1.0.0', contractName: 'greenhouse', contractVersion: '1' })
  })

  it('C17: is answered while a job of the application runs', async () => {
    const { port } = await runningOver(await makePeer())
    const job = port.call('calibrate', { probe: 0 })
    let isRunning = true
    void job.finally(() => {
      isRunning = false
    })
    for (let i = 0; i < 3; i++) expect(await port.ping()).toBeGreaterThan(0)
    expect(isRunning).toBe(true)
    await job
  })

  it('C17: of what does not answer is a timeout, and of what has gone says so', async () => {
    const { port, stop, goOn } = await runningOver(await makePeer(), { restart: { type: 'temporary' }, heartbeatMs: 0 })
    await stop()
    expect(await failure(port.ping({ timeoutMs: 50 }))).toMatchObject({ code: 'CALL_TIMEOUT' })
    const waiting = failure(port.ping())
    const closing = port.close()
    goOn()
    await closing
    expect(await waiting).toMatchObject({ code: 'PORT_EXITED' })
    expect(await failure(port.ping())).toMatchObject({ code: 'PORT_EXITED' })
  })
})

describe('ping of a board in virtual time', () => {
  it('C17: is answered by its runtime though every handler of its application hangs', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    const port = await clock.until(open(greenhouse, { serial: board.path, binding: board.binding, clock }))
    forget(port.call('settle', { ms: 60_000 }, { timeoutMs: 50_000 }))
    await clock.advance(500)
    expect(port.info().waitingCalls).toBe(1)
    expect(await clock.until(port.ping())).toBeGreaterThanOrEqual(0)
    expect(port.info().waitingCalls).toBe(1)
    await clock.until(port.close())
  })

  it('C17: measures from sending, not from waiting for its turn, and keeps to the window', async () => {
    const { clock, device, port } = await runningPort()
    device.mute()
    const call = port.call('identify')
    const ping = port.ping()
    const [written, ...more] = device.take()
    expect(more).toEqual([])
    await clock.advance(100)
    device.say(Action.REPLY, written!.token)
    await clock.until(call)
    const tick = device.take().find((heard) => heard.action === Action.TICK)!
    await clock.advance(12)
    device.say(Action.REPLY, tick.token, [1, 0, EPOCH])
    expect(await clock.until(ping)).toBe(12)
    await clock.until(port.close())
  })

  it('C17: notices a restart: the answer names another boot', async () => {
    const { clock, device, port } = await runningPort()
    device.mute()
    const ping = failure(port.ping())
    const tick = device.take().find((heard) => heard.action === Action.TICK)!
    device.say(Action.REPLY, tick.token, [1, 0, EPOCH + 1])
    expect(await clock.until(ping)).toMatchObject({ code: 'PORT_EXITED' })
    expect(port.info().lastExit).toEqual({ kind: 'reset', cause: 'unknown' })
    await clock.until(port.close())
  })

  it('is refused before hello', async () => {
    const { clock, port } = startPort()
    expect(await failure(port.ping())).toMatchObject({ code: 'PORT_EXITED' })
    await clock.settle()
    expect(await failure(port.ping())).toMatchObject({ code: 'PORT_EXITED', message: expect.stringContaining('hello') })
    await clock.until(port.close())
  })
})

it('ping of a peer of protocol action is refused: nothing in it answers but its application', async () => {
  const { clock, port, peer } = await scriptedPort()
  expect(await failure(port.ping())).toMatchObject({ code: 'ARGUMENT_INVALID' })
  expect(peer.take()).toEqual([])
  await clock.until(port.close())
})
