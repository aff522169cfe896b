/** The host's decoders at their exact limits and under bombs, and through a port that goes on afterwards. */

import { describe, expect, it } from 'vitest'
import 'serialport'
import { createPort, defineContract } from '../../src/index.js'
import { createActionCodec } from '../../src/port/host/action-codec.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import {
  Action,
  createDeframer,
  createPacketDecoder,
  createValueCodec,
  DEFAULT_VALUE_LIMITS,
  encodeFrame,
  encodePacket,
} from '../../src/wire/index.js'
import { createScriptedPeer, failure, scriptedPort } from '../port/action-peer.js'
import { runningPort } from '../port/harness.js'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const BOMBS = [
  'ddffffffff',
  'dfffffffff',
  'dcffff',
  'deffff',
  'dbffffffff',
  'c6ffffffff',
  'c9ffffffff00',
  '91'.repeat(48),
]

/** What is allocated while the work runs, at most: the least of three runs, since others allocate too. */
function allocatedBytes(work: () => void): number {
  const runs = Array.from({ length: 3 }, () => {
    const before = process.memoryUsage()
    work()
    const after = process.memoryUsage()
    return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  })
  return Math.min(...runs)
}

describe('what a program sends', () => {
  it.each([1, 2, 4] as const)(
    'D1: is a packet of the limit, one below, and no more, with a prefix of %i',
    (prefixBytes) => {
      for (const maxContentBytes of [1, 56, 254]) {
        for (const length of [maxContentBytes - 1, maxContentBytes, maxContentBytes + 1]) {
          const decoder = createPacketDecoder({ prefixBytes, maxContentBytes })
          const [event] = decoder.push(encodePacket(new Uint8Array(length), prefixBytes))
          const kind = length <= maxContentBytes ? 'content' : 'oversize'
          expect(event?.kind, `${length} of ${maxContentBytes}`).toBe(kind)
        }
      }
    },
  )

  it('D1: has keys of the limit of texts, one below, and no more', () => {
    const narrow = createValueCodec({ maxStringBytes: 20 })
    for (const length of [19, 20]) {
      const value = { ['k'.repeat(length)]: 1 }
      expect(narrow.decode(createValueCodec().encode(value))).toEqual({ ok: true, value })
      expect(narrow.encode(value)).toEqual(createValueCodec().encode(value))
    }
    const value = { ['k'.repeat(21)]: 1 }
    expect(narrow.decode(createValueCodec().encode(value))).toEqual({ ok: false, reason: 'string_too_long' })
    expect(() => narrow.encode(value)).toThrow(RangeError)
  })

  it('D2: that nests a million deep is refused without recursion, at less than 1 MiB', () => {
    const packet = encodePacket(new Uint8Array(1e6).fill(0x91), 4)
    const decoder = createPacketDecoder({ prefixBytes: 4, maxContentBytes: 2 ** 24 })
    const codec = createActionCodec({})
    const verdicts: unknown[] = []
    const allocated = allocatedBytes(() => {
      for (const event of decoder.push(packet)) if (event.kind === 'content') verdicts.push(codec.decode(event.bytes))
    })
    expect(verdicts).toEqual(new Array(3).fill({ ok: false, reason: 'too_deep' }))
    expect(allocated).toBeLessThan(2 ** 20)
  })

  it('D2: as an answer that is a bomb fails its call alone', async () => {
    const { clock, port, peer } = await scriptedPort()
    for (const bomb of BOMBS) {
      const call = failure(port.call('echo', 1))
      peer.packet(...bytes(bomb))
      expect(await clock.until(call), bomb).toMatchObject({ code: 'REPLY_INVALID' })
      const next = port.call('echo', 2)
      peer.answer(2)
      expect(await clock.until(next)).toBe(2)
    }
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
  })

  it('D3: of the wrong type fails its call alone, naming the field', async () => {
    const clock = createVirtualClock()
    const typed = defineContract({
      name: 'typed',
      version: '1',
      actions: { setVent: { args: { open: 'f32', zone: 'u8' }, result: { done: 'bool', zone: 'u8' } } },
    })
    const peer = createScriptedPeer()
    const port = createPort(typed, { protocol: 'action', link: peer.connector, clock })
    await clock.until(port.ready())
    const answered = async (answer: unknown) => {
      const call = failure(port.call('setVent', { open: 0.5, zone: 3 }))
      await clock.advance(1)
      peer.answer(answer)
      return clock.until(call)
    }
    for (const [answer, field] of [
      [[1, 3], /done: expected a boolean, got 1/],
      [[true, 'x'], /zone: expected a whole number \(u8\), got "x"/],
      [[true, 256], /zone: 256 is not in 0 to 255 \(u8\)/],
      [[true, null], /zone: expected a whole number \(u8\), got nil/],
      [[true], /expected 2 values, got 1/],
    ] as const) {
      expect(await answered(answer)).toMatchObject({ code: 'REPLY_INVALID', message: expect.stringMatching(field) })
    }
    const before = peer.bytesHeard
    const wrong = failure(port.call('setVent', { open: 0.5, zone: 'x' as never }))
    expect(await wrong).toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining('zone') })
    expect(peer.bytesHeard).toBe(before)
    await clock.until(port.close())
  })
})

describe('what a board sends', () => {
  it('D1: is a frame of the limit, one below, and no more', () => {
    for (const maxContentBytes of [2, 56, 254, 65_534]) {
      for (const length of [maxContentBytes - 1, maxContentBytes, maxContentBytes + 1]) {
        const [event] = createDeframer({ maxContentBytes }).push(encodeFrame(new Uint8Array(length)))
        const verdict = event?.kind === 'drop' ? event.reason : event?.kind
        const expected = length > maxContentBytes ? 'oversize' : length < 2 ? 'short' : 'content'
        expect(verdict, `${length} of ${maxContentBytes}`).toBe(expected)
      }
    }
  })

  it('D2: as an answer that is a bomb fails its call alone, at less than 1 MiB', async () => {
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    const deep = 'dc0001'.repeat(21_000)
    for (const bomb of [...BOMBS, '91'.repeat(65_000), deep]) {
      const call = failure(port.call('setInterval', { ms: 100 }))
      const { token } = device.take()[0]!
      const frame = encodeFrame(Uint8Array.of(Action.REPLY, token, ...bytes(bomb)))
      device.sayBytes(frame)
      expect(await clock.until(call), bomb.slice(0, 10)).toMatchObject({ code: 'REPLY_INVALID' })
      const next = port.call('setInterval', { ms: 200 })
      device.say(Action.REPLY, device.take()[0]!.token, 200)
      expect(await clock.until(next)).toBe(200)
    }
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
    const codec = createValueCodec(DEFAULT_VALUE_LIMITS)
    const deepest = new Uint8Array(65_000).fill(0x91)
    expect(allocatedBytes(() => codec.decode(deepest))).toBeLessThan(2 ** 20)
  })

  it('D3: of the wrong type fails its call alone, naming the field', async () => {
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    for (const [answer, field] of [
      [['warm', 40], /celsius: expected a number, got "warm"/],
      [[20.5, null], /humidity: expected a number, got nil/],
      [[20.5], /expected 2 values, got 1/],
      [7, /readClimate/],
    ] as const) {
      const call = failure(port.call('readClimate'))
      device.say(Action.REPLY, device.take()[0]!.token, answer)
      expect(await clock.until(call)).toMatchObject({ code: 'REPLY_INVALID', message: expect.stringMatching(field) })
    }
    const sent = device.heard.length
    const wrong = failure(port.call('setVent', { open: 'wide' as never }))
    expect(await wrong).toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining('open') })
    expect(device.heard.length).toBe(sent)
    const next = port.call('readClimate')
    device.say(Action.REPLY, device.take()[0]!.token, [20.5, 40])
    expect(await clock.until(next)).toEqual({ celsius: 20.5, humidity: 40 })
  })

  it('D3: is the name of the field when an argument has the wrong type', async () => {
    const clock = createVirtualClock()
    const board = createMockBoard({ contract: greenhouse, clock, handlers: { setVent: ({ open }) => open } })
    // The host's own check would let none of these through.
    const careless = defineContract({
      ...greenhouse.definition,
      actions: { ...greenhouse.definition.actions, setVent: { args: 'any', result: 'f32' } },
    })
    const options = { serial: board.path, binding: board.binding, clock, contractMismatch: 'warn' } as const
    const port = createPort(careless, options)
    await clock.until(port.ready())
    for (const wrong of [['wide'], [null], [], 7]) {
      expect(await clock.until(failure(port.call('setVent', wrong as never)))).toMatchObject({
        code: 'REMOTE_ERROR',
        errorNumber: 2,
        message: expect.stringMatching(
          Array.isArray(wrong) && wrong.length === 1 ? /open: expected a number/ : /setVent/,
        ),
      })
    }
    expect(await clock.until(port.call('setVent', [0.5] as never))).toBe(0.5)
    await clock.until(port.close())
  })
})
