/** Frames of a board as the host takes them: what the rows on framing ask of the portwire protocol on a UART. */

import { describe, expect, it } from 'vitest'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { Action, createValueCodec, encodeDeviceHello, encodeFrame, encodeMessage } from '../../src/wire/index.js'
import { failure } from './action-peer.js'
import { runningPort, startPort } from './harness.js'
import { helloOf } from './scripted-device.js'

const codec = createValueCodec()
const concat = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
const text = (words: string) => new TextEncoder().encode(words)
const total = (drops: object) => Object.values(drops).reduce((sum: number, count: number) => sum + count, 0)
const SET_INTERVAL = greenhouse.actions.get('setInterval')!.index
const READING = greenhouse.events.get('reading')!.index

/** A board that takes contents of up to so many bytes, and calls whose answers the test gives. */
const board = (maxContent: number) => runningPort({}, { maxContent, window: 4, receiveBytes: 0 })

describe('content to and from a board', () => {
  it('F1: to the board goes up to what it announced', async () => {
    const { clock, device, port } = await board(37)
    for (const bytes of [0, 1, 31, 32]) {
      const data = new Uint8Array(bytes).fill(0xa5)
      const call = port.call('echo', { data })
      const { token } = device.take()[0]!
      device.say(Action.REPLY, token, data)
      expect(await clock.until(call)).toEqual(data)
    }
  })

  it('F1, F3: from the board come up to 65,535 bytes, and none of them is wrong', async () => {
    const { clock, device, port } = await board(56)
    const described = port.call('identify')
    device.say(Action.REPLY, device.take()[0]!.token, null)
    await clock.until(described)
    const logs: string[] = []
    port.watch((notice) => void (notice.kind === 'log' && logs.push(notice.text)))
    // Content is action, token, head of the array, severity, head of the text, text.
    const longest = 65_535 - 2 - 1 - 1 - 3
    for (const bytes of [0, 1, 247, 248, 249, 250, 251, 65_000, longest - 1, longest]) {
      device.say(Action.LOG, 0, [6, 'x'.repeat(bytes)])
    }
    expect(logs.map((log) => log.length)).toEqual([0, 1, 247, 248, 249, 250, 251, 65_000, longest - 1, longest])
    expect(total(port.info().counters.framesDropped)).toBe(0)
  })

  it('F2, F3: one byte more than the board takes is TOO_LARGE before a byte is written, and the next call works', async () => {
    // An echo of 32 bytes: action, token, head of the array, head of the bin, bytes.
    const { clock, device, port } = await board(37)
    const sent = port.info().counters.bytesSent
    const { port: smaller, device: smallerDevice, clock: smallerClock } = await board(36)
    const before = smaller.info().counters.bytesSent
    expect(await failure(smaller.call('echo', { data: new Uint8Array(32) }))).toMatchObject({ code: 'TOO_LARGE' })
    expect(smaller.info().counters.bytesSent).toBe(before)
    expect(smallerDevice.take()).toEqual([])
    const next = smaller.call('setLamp', { on: true })
    smallerDevice.say(Action.REPLY, smallerDevice.take()[0]!.token, true)
    expect(await smallerClock.until(next)).toBe(true)
    const fits = port.call('echo', { data: new Uint8Array(32) })
    expect(port.info().counters.bytesSent).toBeGreaterThan(sent)
    device.say(Action.REPLY, device.take()[0]!.token, new Uint8Array(32))
    expect(await clock.until(fits)).toHaveLength(32)
  })
})

describe('frames of a board', () => {
  /** Three calls in flight, and the bytes of their answers. */
  async function threeCalls() {
    const harness = await board(56)
    const calls = [100, 200, 300].map((ms) => harness.port.call('setInterval', { ms }))
    const frames = harness.device.take().map(({ action, token, value }) => {
      expect(action).toBe(SET_INTERVAL)
      return encodeFrame(encodeMessage(codec, Action.REPLY, token, (value as [number])[0]))
    })
    return { ...harness, calls, stream: concat(...frames), frames }
  }

  it('F6: come whole from every cut into two chunks', async () => {
    const { stream: model } = await threeCalls()
    for (let cut = 0; cut <= model.length; cut++) {
      const { clock, device, calls, stream } = await threeCalls()
      device.sayBytes(stream.subarray(0, cut))
      device.sayBytes(stream.subarray(cut))
      expect(await clock.until(Promise.all(calls))).toEqual([100, 200, 300])
    }
  })

  it('F6: come whole byte by byte, with pauses', async () => {
    const { clock, device, port, calls, stream } = await threeCalls()
    for (const byte of stream) {
      device.sayBytes(Uint8Array.of(byte))
      await clock.advance(9)
    }
    expect(await clock.until(Promise.all(calls))).toEqual([100, 200, 300])
    expect(total(port.info().counters.framesDropped)).toBe(0)
  })

  it('F4: with a lying length are dropped and counted, and the next frame is taken', async () => {
    const { clock, device, port, calls, frames } = await threeCalls()
    const before = process.memoryUsage().arrayBuffers
    // Length 0xffff, sixteen times as much as is taken, as {packet, 4} has it, and no length at all.
    for (const lie of [[0xff, 0xff, 1, 2], [0xff, 0xff, 0xff, 0xff], [9]]) {
      device.sayBytes(Uint8Array.of(0, lie.length + 1, ...lie, 0))
    }
    for (const frame of frames) device.sayBytes(frame)
    expect(await clock.until(Promise.all(calls))).toEqual([100, 200, 300])
    expect(port.info().counters.framesDropped.length).toBe(3)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it('F7: without action and token are dropped and counted, and cost no call', async () => {
    const { clock, device, port, calls, stream } = await threeCalls()
    device.sayBytes(encodeFrame(new Uint8Array(0)))
    device.sayBytes(encodeFrame(Uint8Array.of(Action.REPLY)))
    device.sayBytes(stream)
    expect(await clock.until(Promise.all(calls))).toEqual([100, 200, 300])
    expect(port.info().counters.framesDropped).toMatchObject({ short: 2, length: 0 })
  })

  it('F8: of which half came before the board restarted is dropped, and what comes next is whole', async () => {
    const { clock, device, port, calls, frames } = await threeCalls()
    device.autoHello({ epoch: 77, maxContent: 56, window: 4, receiveBytes: 0 })
    // The last may not run twice, so none of those in front of it goes out again.
    const lost = [...calls, port.call('identify')].map((call) => failure(call))
    device.sayBytes(frames[0]!.subarray(0, -2))
    device.say(Action.HELLO, 0, encodeDeviceHello({ ...helloOf(greenhouse), epoch: 77 }))
    for (const error of await clock.until(Promise.all(lost))) expect(error).toMatchObject({ code: 'PORT_EXITED' })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    const next = port.call('setLamp', { on: true })
    device.say(Action.REPLY, device.take()[0]!.token, true)
    expect(await clock.until(next)).toBe(true)
    expect(total(port.info().counters.framesDropped)).toBe(1)
  })

  it('F8: of which half came before the cable was pulled is never joined with what comes after', async () => {
    const { clock, device, port, calls, frames } = await threeCalls()
    // The last may not run twice, so none of those in front of it goes out again.
    const lost = [...calls, port.call('identify')].map((call) => failure(call))
    device.sayBytes(frames[0]!.subarray(0, -4))
    device.end({ kind: 'unplugged', detail: 'gone' })
    for (const error of await clock.until(Promise.all(lost))) expect(error).toMatchObject({ code: 'PORT_EXITED' })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    const next = port.call('setInterval', { ms: 400 })
    device.sayBytes(frames[0]!.subarray(-4))
    device.say(Action.REPLY, device.take()[0]!.token, 400)
    expect(await clock.until(next)).toBe(400)
    expect(port.info()).toMatchObject({ session: 2, restarts: 1 })
  })

  it('F13: that nobody asked for are events, or counted, and never the answer to a call', async () => {
    const { clock, device, port } = await board(56)
    const heard: unknown[] = []
    port.on('reading', (reading) => heard.push(reading))
    const bound = device.take()[0]!
    device.say(Action.REPLY, bound.token)
    const call = port.call('setInterval', { ms: 100 })
    const { token } = device.take()[0]!
    device.say(READING, 0, [20.5, 40])
    device.say(Action.REPLY, token + 1, 7)
    expect(port.info()).toMatchObject({ unansweredCalls: 1 })
    device.say(Action.REPLY, token, 100)
    expect(await clock.until(call)).toBe(100)
    expect(heard).toEqual([{ celsius: 20.5, humidity: 40 }])
    expect(port.info().counters.lateReplies).toBe(1)
  })

  it('F14: with bytes after the value are refused, not taken for the value', async () => {
    const { clock, device, port, notices } = await board(56)
    const call = failure(port.call('setInterval', { ms: 100 }))
    const { token } = device.take()[0]!
    device.sayBytes(encodeFrame(Uint8Array.of(Action.REPLY, token, 0x64, 0x02)))
    const next = port.call('setInterval', { ms: 200 })
    device.say(Action.REPLY, device.take()[0]!.token, 200)
    expect(await clock.until(next)).toBe(200)
    expect(await clock.until(call)).toMatchObject({ message: expect.stringContaining('trailing_bytes') })
    expect(notices.length).toBeGreaterThan(0)
  })
})

describe('text of a board before its first frame', () => {
  it('F11: is skipped, offered as console text, and counted where it is none', async () => {
    const { clock, device, port, notices } = startPort()
    await clock.settle()
    device.sayBytes(text('ets Jun  8 2016 00:22:57\r\nrst:0x1 (POWERON_RESET)\r\n'))
    // What a boot loader says at another speed.
    device.sayBytes(Uint8Array.of(0x8c, 0xfe, 0x13, 0x81, 0xff))
    await clock.advance(60)
    device.autoHello()
    await clock.until(port.ready())
    const lines = notices.flatMap((notice) => (notice.kind === 'console' ? [notice.text] : []))
    expect(lines).toEqual(['ets Jun  8 2016 00:22:57', 'rst:0x1 (POWERON_RESET)'])
    expect(port.info().counters.consoleLines).toBe(2)
    expect(total(port.info().counters.framesDropped)).toBe(1)
  })
})
