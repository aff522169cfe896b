import { describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import type { Connector } from '../../src/link/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createPacketDecoder, encodePacket, type PrefixBytes } from '../../src/wire/index.js'
import { failure, forget, scriptedPort } from './action-peer.js'
import { createScriptedDevice } from './scripted-device.js'

/** An argument whose request has so much content: action, the head of the bin, the bytes. */
const argumentFor = (contentBytes: number) => {
  const head = contentBytes <= 2 + 1 + 0xff ? 2 : contentBytes <= 1 + 3 + 0xffff ? 3 : 5
  return new Uint8Array(contentBytes - 1 - head)
}

describe('content of a request to a program', () => {
  it.each([
    [1, 255],
    [2, 65_535],
  ] as const)(
    'F1, F2: with a prefix of %i, %i bytes go out; one more is TOO_LARGE before a byte is written',
    async (packet, most) => {
      const { clock, port, peer } = await scriptedPort({ packet })
      const fits = port.call('echo', argumentFor(most))
      expect(peer.take().map((request) => request.length)).toEqual([most])
      peer.answer(1)
      await clock.until(fits)
      const before = peer.bytesHeard
      expect(await clock.until(failure(port.call('echo', argumentFor(most + 1))))).toMatchObject({
        code: 'TOO_LARGE',
        message: `TOO_LARGE: echo: ${most + 1} bytes of content; the device takes ${most}`,
      })
      expect(peer.bytesHeard).toBe(before)
      const next = port.call('echo', 2)
      peer.answer(2)
      await expect(clock.until(next)).resolves.toBe(2)
    },
  )

  it('F2: of 70,000 bytes is TOO_LARGE with a prefix of 2, also for calls that were made before the link was there', async () => {
    const { clock, port, peer } = await scriptedPort()
    expect(await failure(port.call('echo', new Uint8Array(70_000)))).toMatchObject({ code: 'TOO_LARGE' })
    peer.end({ kind: 'status', status: 0 })
    const held = failure(port.call('echo', new Uint8Array(70_000)))
    const next = port.call('echo', 1)
    await clock.until(port.ready())
    expect(await clock.until(held)).toMatchObject({ code: 'TOO_LARGE' })
    await clock.advance(1)
    peer.answer(1)
    await expect(clock.until(next)).resolves.toBe(1)
  })

  it('F3: of 2^20 bytes goes out with a prefix of 4', async () => {
    const { port, peer } = await scriptedPort({ packet: 4 })
    forget(port.call('echo', argumentFor(2 ** 20)))
    expect(peer.take().map((request) => request.length)).toEqual([2 ** 20])
  })
})

describe('a length that a program may not announce', () => {
  it.each([
    ['2^31', [0x80, 0, 0, 0], 2 ** 31],
    ['2^32 - 1', [0xff, 0xff, 0xff, 0xff], 2 ** 32 - 1],
    ['one byte above 16 MiB', [0x01, 0, 0, 1], 2 ** 24 + 1],
  ])('F3, F4: %s ends the session as a protocol error', async (_, prefix, announced) => {
    const { clock, port, peer } = await scriptedPort({ packet: 4, restart: { type: 'temporary' } })
    const call = failure(port.call('echo', 1))
    peer.bytes(...prefix)
    const detail = expect.stringContaining(`a packet of ${announced} bytes was announced; at most 16777216 are taken`)
    expect(await clock.until(call)).toMatchObject({ code: 'PORT_EXITED', exit: { kind: 'protocol', detail } })
  })

  it('F4: a lying length that is allowed costs less than 1 MiB, in memory and in buffers', async () => {
    const lies = async (count: number) => {
      const { port, peer } = await scriptedPort({ packet: 4 })
      forget(port.call('echo', 1))
      const before = process.memoryUsage()
      for (let i = 0; i < count; i++) peer.bytes(...(i === 0 ? [0x01, 0, 0, 0] : [0]))
      const after = process.memoryUsage()
      return { rss: after.rss - before.rss, arrayBuffers: after.arrayBuffers - before.arrayBuffers }
    }
    await lies(100) // warm
    const grown = [await lies(1), await lies(1), await lies(1)]
    expect(Math.max(...grown.map((g) => g.arrayBuffers))).toBeLessThan(2 ** 20)
    expect(Math.min(...grown.map((g) => g.rss))).toBeLessThan(2 ** 20)
  })
})

/** The scripted device speaks with a prefix of 2: this puts its packets into others. */
function withPrefix(connector: Connector, prefixBytes: PrefixBytes): Connector {
  return {
    ...connector,
    async connect(handlers) {
      const fromDevice = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
      const fromHost = createPacketDecoder({ prefixBytes, maxContentBytes: 65_535 })
      const link = await connector.connect({
        ...handlers,
        data(bytes) {
          for (const event of fromDevice.push(bytes)) {
            if (event.kind === 'content') handlers.data(encodePacket(event.bytes, prefixBytes))
          }
        },
      })
      return {
        ...link,
        write(bytes) {
          for (const event of fromHost.push(bytes))
            if (event.kind === 'content') link.write(encodePacket(event.bytes, 2))
          return true
        },
      }
    },
  }
}

describe('the portwire protocol over the pipes of a program', () => {
  it.each([1, 2, 4] as const)('F1: speaks with a prefix of %i', async (packet) => {
    const clock = createVirtualClock()
    const device = createScriptedDevice({ contract: greenhouse, clock, lossless: true })
    device.autoHello({ maxContent: 255, window: 4, receiveBytes: 0 })
    const port = createPort(greenhouse, { link: withPrefix(device.connector, packet), packet, clock })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    const call = port.call('setLamp', { on: true })
    device.say(Action.REPLY, device.take()[0]!.token, true)
    await expect(clock.until(call)).resolves.toBe(true)
    await clock.until(port.close())
  })

  it('F2: takes no more than its prefix can say, whatever the device announces', async () => {
    const clock = createVirtualClock()
    const device = createScriptedDevice({ contract: greenhouse, clock, lossless: true })
    device.autoHello({ maxContent: 65_535, window: 4, receiveBytes: 0 })
    const port = createPort(greenhouse, { link: withPrefix(device.connector, 1), packet: 1, clock })
    await clock.until(port.ready())
    await clock.advance(1)
    device.take()
    expect(port.info().device?.maxContentBytes).toBe(255)
    await clock.until(port.close())
  })
})
