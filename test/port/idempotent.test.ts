import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort, defineContract, open } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, ErrorNumber } from '../../src/wire/index.js'
import { createScriptedPeer, failure, forget } from './action-peer.js'
import { type Harness, runningPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'
import type { Heard } from './scripted-device.js'

const { setVent, setLamp, identify, calibrate, echo } = Object.fromEntries(
  [...greenhouse.actions.values()].map(({ name, index }) => [name, index]),
) as Record<string, number>

const UNPLUGGED = { kind: 'unplugged', detail: 'pulled' } as const
const WINDOW = 4

const actions = (heard: readonly Heard[]) => heard.map((message) => message.action).filter((index) => index < 0xf0)

/** A session that runs, whose device takes four calls and answers none by itself. */
async function waitingDevice(options: Parameters<typeof runningPort>[0] = {}, link: { lossless?: boolean } = {}) {
  const restart = { firstMs: 1 }
  return runningPort({ restart, heartbeatMs: 0, ...options } as never, { window: WINDOW, receiveBytes: 0 }, link)
}

/** The session ends, and the next one runs; what was said up to then is taken. */
async function nextSession({ clock, device, port }: Harness, hello: object = {}) {
  device.take()
  device.end(UNPLUGGED)
  device.autoHello({ window: WINDOW, receiveBytes: 0, ...hello })
  await clock.until(port.ready())
  await clock.advance(1)
  return device.take()
}

const LINKS = { 'a board': false, 'a program': true }

describe.each(Object.entries(LINKS))('a call to %s whose session ends with it unanswered', (_name, lossless) => {
  it('goes out again in the next session when its action is idempotent, in its old order, before calls made later', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const vent = port.call('setVent', { open: 0.5 })
    const lamp = port.call('setLamp', { on: true })
    expect(actions(device.take())).toEqual([setVent, setLamp])
    device.end(UNPLUGGED)
    const later = port.call('identify')
    device.autoHello({ window: WINDOW, receiveBytes: 0 })
    await clock.until(port.ready())
    await clock.advance(1)
    const heard = device.take().filter((message) => message.action < 0xf0)
    expect(heard.map(({ action, value }) => [action, value])).toEqual([
      [setVent, [0.5]],
      [setLamp, [true]],
      [identify, null],
    ])
    expect(port.info().counters.callsRepeated).toBe(2)
    for (const { action, token } of heard)
      device.say(Action.REPLY, token, { [setVent!]: 0.5, [setLamp!]: true }[action])
    expect(await clock.until(Promise.all([vent, lamp, later]))).toEqual([0.5, true, undefined])
    await clock.until(port.close())
  })

  it('ends as unknown when its action is not idempotent, and so does one in front of it', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, port } = harness
    const ends = [failure(port.call('setVent', { open: 0.5 })), failure(port.call('identify'))]
    const behind = port.call('setLamp', { on: true }, { timeoutMs: 100 })
    forget(behind)
    expect(actions(await nextSession(harness))).toEqual([setLamp])
    for (const end of ends) {
      expect(await end).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: UNPLUGGED })
    }
    await clock.until(port.close())
  })

  it('ends as unknown when one behind it was answered: a second run would undo that one', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const first = failure(port.call('setLamp', { on: true }))
    const second = port.call('setLamp', { on: false })
    device.say(Action.REPLY, device.take()[1]!.token, false)
    expect(await clock.until(second)).toBe(false)
    expect(actions(await nextSession(harness))).toEqual([])
    expect(await first).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: UNPLUGGED })
    await clock.until(port.close())
  })

  it('ends as unknown when one behind it was given up', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, port } = harness
    const first = failure(port.call('setLamp', { on: true }))
    const second = failure(port.call('setLamp', { on: false }, { timeoutMs: 5 }))
    await clock.advance(6)
    expect(actions(await nextSession(harness))).toEqual([])
    expect(await first).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    expect(await (await second).finalOutcome).toBe('unknown')
    await clock.until(port.close())
  })

  it('is repeated as long as its deadline lasts, and then is a timeout whose outcome stays unknown', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const madeAtMs = clock.nowMs()
    const call = failure(port.call('setLamp', { on: true }, { timeoutMs: 2_000 }))
    for (let times = 0; times < 3; times++) expect(actions(await nextSession(harness))).toEqual([setLamp])
    expect(port.info().counters.callsRepeated).toBe(3)
    device.mute()
    device.end(UNPLUGGED)
    const error = await clock.until(call)
    expect(clock.nowMs() - madeAtMs).toBe(2_000)
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    expect(await error.finalOutcome).toBe('unknown')
    expect(actions(await nextSession(harness))).toEqual([])
    await clock.until(port.close())
  })

  it('is not repeated without a deadline, nor as a job', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const endless = failure(port.call('setLamp', { on: true }, { timeoutMs: Number.POSITIVE_INFINITY }))
    expect(actions(await nextSession(harness))).toEqual([])
    const job = failure(port.call('setVent', { open: 1 }))
    device.say(Action.ACK, device.take()[0]!.token)
    await clock.advance(1)
    expect(actions(await nextSession(harness))).toEqual([])
    const unheard = failure(port.stream('calibrate', { probe: 0 }).result)
    expect(actions(device.take())).toEqual([calibrate])
    expect(actions(await nextSession(harness))).toEqual([])
    for (const end of [endless, job, unheard]) {
      expect(await end).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    }
    await clock.until(port.close())
  })

  it('is sent no more once it is aborted, and what became of it is unknown', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const abort = new AbortController()
    const call = failure(port.call('setLamp', { on: true }, { signal: abort.signal }))
    device.end(UNPLUGGED)
    abort.abort()
    const error = await call
    expect(error).toMatchObject({ code: 'CALL_ABORTED', outcome: 'unknown' })
    expect(await error.finalOutcome).toBe('unknown')
    device.autoHello({ window: WINDOW })
    await clock.until(port.ready())
    await clock.advance(1)
    expect(actions(device.take())).toEqual([setLamp]) // of the session that is over
    await clock.until(port.close())
  })

  it('makes way for an emergency, made before or after the end of its session', async () => {
    for (const isBefore of [true, false]) {
      const harness = await waitingDevice({}, { lossless })
      const { clock, device, port } = harness
      const ends = Array.from({ length: WINDOW }, () => failure(port.call('setLamp', { on: true })))
      const stop = () => forget(port.call('setVent', { open: 0 }, { emergency: true }))
      if (isBefore) stop()
      device.take()
      device.end(UNPLUGGED)
      if (!isBefore) stop()
      device.autoHello({ window: WINDOW, receiveBytes: 0 })
      await clock.until(port.ready())
      await clock.advance(1)
      expect(actions(device.take())).toEqual([setVent])
      for (const end of ends) {
        const code = isBefore ? 'PORT_EXITED' : 'CALL_ABORTED'
        expect(await end).toMatchObject({ code, outcome: 'unknown' })
      }
      await clock.until(port.close())
    }
  })

  it('is never said not to have run, whatever the next session says of it', async () => {
    const harness = await waitingDevice({}, { lossless })
    const { clock, device, port } = harness
    const refused = failure(port.call('setLamp', { on: true }))
    const [again] = (await nextSession(harness)).filter((message) => message.action === setLamp)
    device.say(Action.ERROR, again!.token, [ErrorNumber.BUSY])
    expect(await clock.until(refused)).toMatchObject({ code: 'REMOTE_ERROR', outcome: 'unknown' })
    const tooLong = failure(port.call('echo', { data: new Uint8Array(32) }))
    expect(actions(device.take())).toEqual([echo])
    expect(actions(await nextSession(harness, { maxContent: 20 }))).toEqual([])
    expect(await tooLong).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: UNPLUGGED })
    await clock.until(port.close())
  })

  it('ends with its port, unknown, when that does not start again', async () => {
    const { clock, device, port } = await waitingDevice({ restart: { type: 'temporary' } }, { lossless })
    const call = failure(port.call('setLamp', { on: true }))
    device.end(UNPLUGGED)
    expect(await clock.until(call)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: UNPLUGGED })
    await clock.until(port.exited)
    expect(port.info()).toMatchObject({ waitingCalls: 0 })
  })

  it('ends with its port, unknown, when that is closed, in a session or between two', async () => {
    for (const isBetween of [false, true]) {
      const { clock, device, port } = await waitingDevice({}, { lossless })
      const call = failure(port.call('setLamp', { on: true }))
      if (isBetween) device.end(UNPLUGGED)
      await clock.until(port.close())
      expect(await call).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: { kind: 'closed' } })
      expect(port.info()).toMatchObject({ waitingCalls: 0 })
    }
  })

  it('goes out after the calls of onStart, and once: those of onStart itself are not repeated', async () => {
    const harness = await waitingDevice(
      { onStart: async (session) => forget(session.call('setVent', { open: 0.25 }, { timeoutMs: 50 })) },
      { lossless },
    )
    const { clock, device, port } = harness
    forget(port.call('setLamp', { on: true }))
    device.take()
    expect(actions(await nextSession(harness))).toEqual([setVent, setLamp])
    await clock.until(port.close())
  })
})

describe('a board that restarts in the middle of a call', () => {
  it.each(['reset', 'unplug'] as const)('%s: an idempotent call is answered by the next boot', async (how) => {
    const clock = createVirtualClock()
    let isDeaf = false
    const disturb = (bytes: Uint8Array) => (isDeaf ? bytes.subarray(0, 0) : bytes)
    const board = createMockGreenhouse({ clock, bootMs: 200, disturb })
    const { path: serial, binding, onArrival } = board
    const port = await clock.until(open(greenhouse, { serial, binding, onArrival, clock, random: () => 0.5 }))
    isDeaf = true
    const lamp = failure(port.call('setLamp', { on: true }))
    const once = failure(port.call('identify'))
    const vent = port.call('setVent', { open: 0.5 })
    await clock.advance(20)
    isDeaf = false
    if (how === 'reset') board.reset('watchdog')
    else {
      board.unplug()
      await clock.advance(300)
      board.plug()
    }
    const exit = how === 'reset' ? { kind: 'reset', cause: 'watchdog' } : { kind: 'unplugged' }
    expect(await clock.until(once)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit })
    expect(await clock.until(vent)).toBe(0.5)
    expect(await clock.until(lamp)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit })
    expect(port.info()).toMatchObject({ session: 2, counters: { callsRepeated: 1 }, exits: { [exit.kind]: 1 } })
    await clock.until(port.close())
  })
})

describe('a program that is killed in the middle of a call', () => {
  it('is asked again in its next life, within the deadline', async () => {
    const { port, pid, stop } = await runningOver(await PEERS['a program']!(), { restart: { firstMs: 1 } })
    await stop()
    const once = failure(port.call('identify'))
    const lamp = port.call('setLamp', { on: true })
    const vent = port.call('setVent', { open: 0.5 })
    process.kill(pid, 'SIGKILL')
    expect(await once).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    expect(await Promise.all([lamp, vent])).toEqual([true, 0.5])
    expect(port.info()).toMatchObject({ session: 2, restarts: 1, exits: { signal: 1 }, counters: { callsRepeated: 2 } })
    expect(port.info().stream!.pid).not.toBe(pid)
  })
})

describe('a program of protocol action that ends in the middle of its calls', () => {
  it('is asked again, in the old order, what its contract says is idempotent', async () => {
    const contract = defineContract({
      name: 'valves',
      version: '1',
      actions: { step: { args: 'any' }, set: { args: 'any', result: 'any', idempotent: true } },
    })
    const clock = createVirtualClock()
    const peer = createScriptedPeer()
    const options = { protocol: 'action', action: { window: 4 }, restart: { firstMs: 1 }, random: () => 0.5 } as const
    const port = createPort(contract, { ...options, link: peer.connector, clock })
    await clock.until(port.ready())
    await clock.advance(1)
    const ends = [failure(port.call('set', 1)), failure(port.call('step', 2))]
    const [third, fourth] = [port.call('set', 3), port.call('set', 4)]
    expect(peer.take()).toEqual([Uint8Array.of(1, 1), Uint8Array.of(0, 2), Uint8Array.of(1, 3), Uint8Array.of(1, 4)])
    const exit = { kind: 'status', status: 3 } as const
    peer.end(exit)
    await clock.until(port.ready())
    await clock.advance(10)
    for (const end of ends) expect(await end).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit })
    expect(peer.take()).toEqual([Uint8Array.of(1, 3), Uint8Array.of(1, 4)])
    peer.answer(30)
    peer.answer(40)
    expect(await clock.until(Promise.all([third, fourth]))).toEqual([30, 40])
    await clock.until(port.close())
  })
})
