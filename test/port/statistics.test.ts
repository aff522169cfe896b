import 'serialport'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, Feature } from '../../src/wire/index.js'
import { failure, forget, scriptedPort } from './action-peer.js'
import { runningPort, startPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'
import { EPOCH } from './scripted-device.js'

const QUIET = { repeatsAnswered: 0, tokensRefused: 0, messagesRefused: 0, framesDropped: 0, eventsDropped: 0 }

describe.each(Object.entries(PEERS))('deviceStats of %s', (_name, makePeer) => {
  it("L14: are its firmware's own counters: the calls it took, the question among them, and nothing lost on a good line", async () => {
    const { port } = await runningOver(await makePeer(), { heartbeatMs: 0 })
    const before = await port.deviceStats()
    expect(before).toEqual({ ...QUIET, messagesTaken: expect.any(Number) })
    for (let times = 0; times < 3; times++) await port.call('setLamp', { on: true })
    expect(await port.deviceStats()).toEqual({ ...before, messagesTaken: before.messagesTaken + 4 })
  })

  it('L14: beside them info counts the exits by kind, one for each life', async () => {
    const { port } = await runningOver(await makePeer(), { restart: { firstMs: 1 } })
    expect(port.info().exits).toEqual({})
    for (let times = 1; times <= 2; times++) {
      const exit = await port.kill()
      expect(port.info().exits).toEqual({ [exit.kind]: times })
      await port.ready()
    }
    expect(port.info()).toMatchObject({ session: 3, restarts: 2 })
  })
})

/** A mock board in virtual time whose line loses so many frames, one way. */
async function losingBoard() {
  const clock = createVirtualClock()
  const lose = { 'to-device': 0, 'to-host': 0 }
  const board = createMockGreenhouse({
    clock,
    maxKeptEvents: 4,
    disturb(bytes, direction) {
      if (lose[direction] === 0) return bytes
      lose[direction] -= 1
      return bytes.map((byte, at) => (at === 4 ? byte ^ 0x40 : byte))
    },
  })
  const { path: serial, binding, onArrival } = board
  const port = await clock.until(open(greenhouse, { serial, binding, onArrival, clock, random: () => 0.5 }))
  return { clock, board, port, lose }
}

describe('the statistics of a board in virtual time', () => {
  it('L14: a lost call is a repeat of the host, a lost answer one more and a repeat that the device answers', async () => {
    const { clock, port, lose } = await losingBoard()
    const before = await clock.until(port.deviceStats())
    const { repeatsSent } = port.info().counters
    lose['to-device'] = 1
    await clock.until(port.call('setLamp', { on: true }))
    expect(port.info().counters.repeatsSent).toBe(repeatsSent + 1)
    expect(await clock.until(port.deviceStats())).toMatchObject({ repeatsAnswered: before.repeatsAnswered })
    expect(await clock.until(port.deviceStats())).toMatchObject({ framesDropped: before.framesDropped + 1 })
    lose['to-host'] = 1
    await clock.until(port.call('setLamp', { on: false }))
    expect(port.info().counters.repeatsSent).toBe(repeatsSent + 2)
    expect(await clock.until(port.deviceStats())).toMatchObject({ repeatsAnswered: before.repeatsAnswered + 1 })
    await clock.until(port.close())
  })

  it('L14: what the queue of the device dropped is told by the device and counted by the host, the same number', async () => {
    const { clock, board, port } = await losingBoard()
    for (let alarm = 0; alarm < 10; alarm++) board.device!.emit('alarm', { celsius: alarm, high: true })
    const { eventsDropped } = await clock.until(port.deviceStats())
    expect(eventsDropped).toBeGreaterThan(0)
    const celsius: number[] = []
    port.consume('alarm', (alarm) => void celsius.push(alarm.celsius))
    await clock.advance(2_000)
    board.device!.emit('alarm', { celsius: 99, high: true })
    await clock.advance(2_000)
    expect(port.info().counters.eventsDropped).toBe(eventsDropped)
    expect(celsius.length + eventsDropped).toBe(11)
    await clock.until(port.close())
  })

  it('L14: counts exits by kind: two resets and a pulled cable; a close is none', async () => {
    const { clock, board, port } = await losingBoard()
    for (let times = 0; times < 2; times++) {
      board.reset('watchdog')
      await clock.advance(1_000)
      await clock.until(port.ready())
    }
    board.unplug()
    await clock.advance(10)
    board.plug()
    await clock.until(port.ready())
    expect(port.info()).toMatchObject({ restarts: 3, exits: { reset: 2, unplugged: 1 } })
    await clock.until(port.close())
    expect(port.info().exits).toEqual({ reset: 2, unplugged: 1 })
  })
})

describe('the time of a line to a board', () => {
  it('L14: the repeat timer follows the round trip, and is longer while nothing answers', async () => {
    const { clock, device, port } = startPort({ heartbeatMs: 10_000 })
    expect(port.info().repeatTimerMs).toBeUndefined()
    await clock.settle()
    device.sayHello()
    await clock.advance(1)
    expect(port.info()).toMatchObject({ repeatTimerMs: 250 })
    expect(port.info().roundTripMs).toBeUndefined()
    const tick = device.take().find((heard) => heard.action === Action.TICK)!
    await clock.advance(39)
    device.say(Action.REPLY, tick.token, [1, 0, EPOCH])
    await clock.until(port.ready())
    // RFC 6298, 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR.
    expect(port.info()).toMatchObject({ roundTripMs: 40, roundTripVarianceMs: 20, repeatTimerMs: 120 })
    forget(port.call('setLamp', { on: true }, { timeoutMs: 60_000 }))
    await clock.advance(10_000)
    expect(port.info().repeatTimerMs).toBe(2_500) // a quarter of the heartbeat
    expect(port.info().counters.repeatsSent).toBeGreaterThan(4)
    device.say(Action.REPLY, device.take().at(-1)!.token, true)
    await clock.settle()
    expect(port.info().repeatTimerMs).toBe(120)
    await clock.until(port.close())
  })

  it('L14: answers that come twice are counted apart from those that come late', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('setLamp', { on: true })
    const { token } = device.take()[0]!
    device.say(Action.REPLY, token, true)
    expect(await clock.until(call)).toBe(true)
    device.say(Action.REPLY, token, true)
    device.say(Action.REPLY, 99, true)
    expect(port.info().counters).toMatchObject({ lateReplies: 2, answersRepeated: 1 })
    await clock.until(port.close())
  })
})

describe('the time of a line to a program', () => {
  it('L14: has no repeat timer: on a lossless stream nothing is sent twice', async () => {
    const { clock, port } = await runningPort({}, {}, { lossless: true })
    expect(port.info().roundTripMs).toBeGreaterThanOrEqual(0)
    expect(port.info().repeatTimerMs).toBeUndefined()
    await clock.until(port.close())
  })
})

describe.each([
  ['a board', false],
  ['a program', true],
])('deviceStats of %s', (_name, lossless) => {
  const start = () => runningPort({ heartbeatMs: 0 }, { features: Feature.STATS }, { lossless })

  it('L14: that was built without them is a typed error, and nothing is sent', async () => {
    const { clock, device, port } = await runningPort({}, { features: Feature.BIND }, { lossless })
    expect(await failure(port.deviceStats())).toMatchObject({ code: 'FEATURE_MISSING' })
    expect(device.take()).toEqual([])
    await clock.until(port.close())
  })

  it('L14: of a later version have more behind those that are known', async () => {
    const { clock, device, port } = await start()
    const stats = port.deviceStats()
    const [asked] = device.take()
    expect(asked).toMatchObject({ action: Action.STATS, value: null })
    device.say(Action.REPLY, asked!.token, [1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await clock.until(stats)).toEqual({
      ringBytesLost: 7,
      dataOverruns: 8,
      messagesTaken: 1,
      repeatsAnswered: 2,
      tokensRefused: 3,
      messagesRefused: 4,
      framesDropped: 5,
      eventsDropped: 6,
    })
    await clock.until(port.close())
  })

  it.each(
    [null, 7, [], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, -1], [1, 2, 3, 4, 5, 'six'], [1, 2, 3, 4, 5, 6, -7]].map(
      (value) => ({ value }),
    ),
  )('L14: that are no list of counters are refused, typed: $value', async ({ value }) => {
    const { clock, device, port } = await start()
    const stats = failure(port.deviceStats())
    device.say(Action.REPLY, device.take()[0]!.token, value)
    expect(await clock.until(stats)).toMatchObject({ code: 'REPLY_INVALID' })
    await clock.until(port.close())
  })

  it('L14: that do not come are a timeout, and of a session that ends an exit', async () => {
    const { clock, device, port } = await start()
    expect(await clock.until(failure(port.deviceStats({ timeoutMs: 50 })))).toMatchObject({ code: 'CALL_TIMEOUT' })
    const waiting = failure(port.deviceStats())
    device.end({ kind: 'unplugged', detail: 'pulled' })
    expect(await clock.until(waiting)).toMatchObject({ code: 'PORT_EXITED' })
    expect(await failure(port.deviceStats())).toMatchObject({ code: 'PORT_EXITED' })
    await clock.until(port.close())
  })
})

it('deviceStats of a program of protocol action are a typed error: it has no such message', async () => {
  const { clock, port, peer } = await scriptedPort()
  expect(await failure(port.deviceStats())).toMatchObject({ code: 'FEATURE_MISSING' })
  expect(peer.take()).toEqual([])
  await clock.until(port.close())
})
