import { describe, expect, it } from 'vitest'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { Action, encodeDeviceHello, Feature } from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import { helloOf } from './scripted-device.js'

const CALIBRATE = 13
const FEATURES = Feature.BIND | Feature.JOBS
const BOARD = { window: 4, receiveBytes: 0, features: FEATURES }

/** A port whose device has taken `calibrate` under token 3; what was sent for it is taken. */
async function streaming(timeoutMs?: number) {
  const harness = await runningPort({}, BOARD)
  const stream = harness.port.stream('calibrate', { probe: 1 }, timeoutMs === undefined ? {} : { timeoutMs })
  expect(harness.device.take()).toMatchObject([{ action: CALIBRATE, token: 3, value: [1] }])
  return { ...harness, stream }
}

async function read<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('a job of a board', () => {
  it('C12: frees its place in the window at once, sends items, and ends with a RESULT that is answered', async () => {
    const { clock, device, stream } = await streaming()
    const items = read(stream)
    device.say(Action.ACK, 3)
    device.say(Action.NEXT, 0, [3, 0, [1, 2]])
    device.say(Action.NEXT, 0, [3, 1, [2, 2]])
    device.say(Action.RESULT, 1, [3, 0, -0.5, 2])
    expect(device.take()).toMatchObject([{ action: Action.REPLY, token: 1, value: null }])
    await expect(clock.until(items)).resolves.toEqual([
      { step: 1, of: 2 },
      { step: 2, of: 2 },
    ])
    await expect(clock.until(stream.result)).resolves.toBe(-0.5)
    expect(stream.lost).toBe(0)
  })

  it('C12: does not hold up short calls', async () => {
    const { clock, device, port, stream } = await streaming()
    device.say(Action.ACK, 3)
    const short = port.call('setVent', { open: 0.5 })
    device.say(Action.REPLY, 4, 0.5)
    await expect(clock.until(short)).resolves.toBe(0.5)
    device.say(Action.RESULT, 1, [3, 0, 1, 0])
    await expect(clock.until(stream.result)).resolves.toBe(1)
  })

  it('C12: whose ACK was lost is known by its first item, or by its RESULT', async () => {
    const { clock, device, port, stream } = await streaming()
    const items = read(stream)
    device.say(Action.NEXT, 0, [3, 0, [1, 1]])
    device.say(Action.RESULT, 1, [3, 0, 2, 1])
    await expect(clock.until(items)).resolves.toEqual([{ step: 1, of: 1 }])
    const plain = port.call('calibrate', { probe: 0 })
    device.say(Action.RESULT, 2, [4, 0, 7, 0])
    await expect(clock.until(plain)).resolves.toBe(7)
  })

  it('C12: that ends with an error rejects, with the number that the device gave', async () => {
    const { clock, device, port } = await runningPort({}, BOARD)
    const call = port.call('calibrate', { probe: 1 })
    device.say(Action.ACK, 3)
    device.say(Action.RESULT, 1, [3, 17, 'the probe is dry', 0])
    await expect(clock.until(call)).rejects.toMatchObject({ code: 'REMOTE_ERROR', errorNumber: 17, outcome: 'yes' })
  })

  it('a RESULT that comes again is answered again and changes nothing', async () => {
    const { clock, device, port, stream } = await streaming()
    device.say(Action.ACK, 3)
    for (let i = 0; i < 2; i++) device.say(Action.RESULT, 1, [3, 0, 5, 0])
    expect(device.take().map((m) => [m.action, m.token])).toEqual([
      [Action.REPLY, 1],
      [Action.REPLY, 1],
    ])
    await expect(clock.until(stream.result)).resolves.toBe(5)
    expect(port.info().counters.requestsRepeated).toBe(1)
  })

  it('items that were lost are counted: in the middle by their sequence, at the end by RESULT', async () => {
    const { clock, device, stream, notices, port } = await streaming()
    const items = read(stream)
    device.say(Action.ACK, 3)
    device.say(Action.NEXT, 0, [3, 2, [3, 9]])
    device.say(Action.RESULT, 1, [3, 0, 0, 5])
    await expect(clock.until(items)).resolves.toEqual([{ step: 3, of: 9 }])
    expect(stream.lost).toBe(4)
    expect(notices.filter((n) => n.kind === 'items_lost')).toEqual([
      { kind: 'items_lost', action: 'calibrate', count: 2 },
      { kind: 'items_lost', action: 'calibrate', count: 2 },
    ])
    expect(port.info().counters.itemsLost).toBe(4)
  })

  it('items in front of a reader that does not read are bounded; the rest is counted', async () => {
    const { clock, device, stream } = await streaming()
    device.say(Action.ACK, 3)
    for (let i = 0; i < 1_030; i++) device.say(Action.NEXT, 0, [3, i, [i & 0xff, 0]])
    device.say(Action.RESULT, 1, [3, 0, 0, 1_030])
    expect(await clock.until(read(stream))).toHaveLength(1_024)
    expect(stream.lost).toBe(6)
  })

  it('without a deadline of its own may take as long as it likes once it is taken', async () => {
    const { clock, device, port, stream } = await streaming()
    device.say(Action.ACK, 3)
    for (let i = 0; i < 60; i++) {
      await clock.advance(1_000)
      for (const { action, token } of device.take())
        if (action === Action.TICK) device.say(Action.REPLY, token, [1, 0, 0x1234_5678])
    }
    expect(port.info().waitingCalls).toBe(1)
    device.say(Action.RESULT, 1, [3, 0, 9, 0])
    await expect(clock.until(stream.result)).resolves.toBe(9)
  })

  it('with a deadline ends at it, and the device is told to cancel', async () => {
    const { clock, device, stream } = await streaming(200)
    device.say(Action.ACK, 3)
    const error = await clock.until(stream.result.catch((e) => e))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    await expect(error.finalOutcome).resolves.toBe('yes')
    expect(device.take()).toMatchObject([{ action: Action.CANCEL, value: 3 }])
  })

  it('C15: is cancelled when its reader leaves early', async () => {
    const { clock, device, stream } = await streaming()
    device.say(Action.ACK, 3)
    device.say(Action.NEXT, 0, [3, 0, [1, 9]])
    const reading = (async () => {
      for await (const _ of stream) break
    })()
    await clock.until(reading)
    await expect(clock.until(stream.result)).rejects.toMatchObject({ code: 'CALL_ABORTED' })
    expect(device.take()).toMatchObject([{ action: Action.CANCEL, value: 3 }])
  })

  it('ends as unknown with its session, and its number means nothing in the next one', async () => {
    const { clock, device, port, stream } = await streaming()
    device.say(Action.ACK, 3)
    device.mute()
    device.say(Action.HELLO, 0, encodeDeviceHello({ ...helloOf(greenhouse), epoch: 9, resetCause: 4 }))
    await expect(clock.until(stream.result)).rejects.toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    device.autoHello({ ...BOARD, epoch: 9 })
    device.sayHello({ ...BOARD, epoch: 9 })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    device.say(Action.RESULT, 1, [3, 0, 1, 0])
    expect(device.take()).toMatchObject([{ action: Action.REPLY, token: 1 }])
    expect(port.info().counters.lateReplies).toBe(1)
  })
})

describe('a signal for a call to a board', () => {
  it('C15: that is aborted before the call was written takes it back', async () => {
    const { clock, device, port } = await runningPort()
    const first = port.call('identify')
    const abort = new AbortController()
    const second = port.call('identify', {}, { signal: abort.signal }).catch((e) => e)
    await clock.settle()
    abort.abort(new Error('changed my mind'))
    expect(await clock.until(second)).toMatchObject({
      code: 'CALL_ABORTED',
      outcome: 'no',
      cause: { message: 'changed my mind' },
    })
    device.say(Action.REPLY, 3)
    await clock.until(first)
    expect(device.take().filter((m) => m.action === 0)).toHaveLength(1)
    expect(port.info().waitingCalls).toBe(0)
  })

  it('C15: that is aborted after it was written leaves the outcome to SKIP', async () => {
    const { clock, device, port } = await runningPort()
    const abort = new AbortController()
    const call = port.call('identify', {}, { signal: abort.signal }).catch((e) => e)
    await clock.settle()
    abort.abort()
    const error = await clock.until(call)
    expect(error).toMatchObject({ code: 'CALL_ABORTED', outcome: 'unknown' })
    expect(device.take().at(-1)).toMatchObject({ action: Action.SKIP, token: 3 })
    device.say(Action.ERROR, 3, [5])
    await expect(clock.until(error.finalOutcome)).resolves.toBe('no')
  })

  it('that was aborted before is refused at once', async () => {
    const { device, port } = await runningPort()
    await expect(port.call('identify', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CALL_ABORTED',
      outcome: 'no',
    })
    expect(device.take()).toEqual([])
  })

  it('is not listened to any more when the call has ended', async () => {
    const { clock, device, port } = await runningPort()
    const abort = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = abort.signal
    abort.signal.addEventListener = function (...args: Parameters<typeof addEventListener>) {
      listeners += 1
      addEventListener.apply(this, args)
    }
    abort.signal.removeEventListener = function (...args: Parameters<typeof removeEventListener>) {
      listeners -= 1
      removeEventListener.apply(this, args)
    }
    const call = port.call('identify', {}, { signal: abort.signal })
    device.say(Action.REPLY, 3)
    await clock.until(call)
    expect(listeners).toBe(0)
  })
})
