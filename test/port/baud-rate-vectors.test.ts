/** The conversations of test/vectors/baud-rates.json with the device in TypeScript. The C++ library holds them too. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createDeviceSession } from '../../src/port/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createValueCodec, decodeDeviceHello, Feature } from '../../src/wire/index.js'
import { fromHex, toHex } from '../wire/vectors.js'

interface BaudRateVectors {
  readonly opening: number
  readonly others: readonly number[]
  readonly rows: readonly { readonly name: string; readonly script: readonly string[] }[]
}

const { opening, others, rows } = JSON.parse(
  readFileSync(new URL('../vectors/baud-rates.json', import.meta.url), 'utf8'),
) as unknown as BaudRateVectors

/** The epoch of every row. */
const EPOCH = 0xc0ffee01

function boot() {
  const clock = createVirtualClock()
  const codec = createValueCodec()
  const said: string[] = []
  const line = { baudRate: opening, saidAtChange: -1 }
  const device = createDeviceSession({
    clock,
    random: () => (EPOCH - 0.5) / 0xffff_ffff,
    codec,
    contract: greenhouse as never,
    handlers: {},
    device: { resetCause: 4, receiveBytes: 63, maxContentBytes: 56, window: 1, firmwareVersion: '1' },
    maxKeptEvents: 3,
    lossless: false,
    baudRate: {
      opening,
      others,
      set(baudRate) {
        line.baudRate = baudRate
        line.saidAtChange = said.length
      },
    },
    write: (action, token, value) => said.push(toHex(Uint8Array.from([action, token, ...(value ?? [])]))),
    reset: () => {},
  })
  return { clock, codec, device, line, said }
}

describe('a device whose line has several baud rates', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', async (_, { script }) => {
    const { clock, device, line, said } = boot()
    for (let at = 0; at < script.length; ) {
      const step = script[at]!
      const [verb, word] = step.split(' ') as [string, string]
      at += 1
      const expected: string[] = []
      for (; script[at]?.startsWith('< '); at += 1) expected.push(script[at]!.slice(2))
      if (verb === '>') device.receive(fromHex(word))
      else if (verb === 'after') await clock.advance(Number(word))
      else expect(line.baudRate, step).toBe(Number(word))
      const answers = said.splice(0)
      expect(
        answers.map((text, i) => (expected[i]?.endsWith('*') ? `${text.slice(0, expected[i].length - 1)}*` : text)),
      ).toEqual(expected)
    }
  })

  it('lists its rates in the announcement, with the bit of the feature', () => {
    const { codec, device, said } = boot()
    device.announce()
    const decoded = codec.decode(fromHex(said[0]!).slice(2))
    const hello = decodeDeviceHello(decoded.ok && decoded.value)
    expect(hello?.baudRates).toEqual(others)
    expect(hello!.features & Feature.BAUD_RATES).toBe(Feature.BAUD_RATES)
  })

  it('has written its answer when it changes, and nothing after it', () => {
    const { device, line, said } = boot()
    device.receive(fromHex('f0019501ce5eed1234cd1000cd03e8ce000f4240'))
    expect(said).toHaveLength(1)
    expect(line.saidAtChange).toBe(1)
  })

  it('has no timer left when it has stopped', async () => {
    const { clock, device, line } = boot()
    device.receive(fromHex('f0019501ce5eed1234cd1000cd03e8ce000f4240'))
    device.stop()
    await clock.advance(10_000)
    expect(line.baudRate).toBe(1_000_000)
  })
})
