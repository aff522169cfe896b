/** The conversations of test/vectors/device.json with the device in TypeScript. The C++ library holds them too. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defineContract, descriptorOf } from '../../src/contract/index.js'
import { ApplicationError, createDeviceSession } from '../../src/port/index.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createValueCodec } from '../../src/wire/index.js'
import { fromHex, toHex } from '../wire/vectors.js'

interface DeviceVectors {
  readonly descriptor: string
  readonly rows: readonly { readonly name: string; readonly session?: boolean; readonly script: readonly string[] }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/device.json', import.meta.url), 'utf8'),
) as unknown as DeviceVectors

const bench = defineContract({
  name: 'bench',
  version: '1',
  actions: {
    ping: {},
    scale: { args: { value: 'f32' }, result: 'f32' },
    add: { args: { a: 'u8', b: 'i8' }, result: 'u16' },
    greet: { args: { name: { type: 'str', maxBytes: 8 } }, result: { type: 'str', maxBytes: 8 } },
    hidden: {},
  },
  events: {
    reading: { index: 9, fields: { celsius: 'f32' } },
    alarm: { fields: { number: 'u32' }, acknowledged: true },
  },
})

/** The epoch of every row. */
const EPOCH = 0xc0ffee01

function boot() {
  const said: string[] = []
  const device = createDeviceSession({
    clock: createVirtualClock(),
    random: () => (EPOCH - 0.5) / 0xffff_ffff,
    codec: createValueCodec(),
    contract: bench,
    handlers: {
      ping: () => undefined,
      scale({ value }) {
        if ((value as number) < 0) throw new ApplicationError(17, 'negative')
        return (value as number) * 2
      },
      add: ({ a, b }) => (a as number) + (b as number),
      greet: ({ name }) => name,
    },
    device: { resetCause: 4, receiveBytes: 255, maxContentBytes: 248, window: 1, firmwareVersion: '1' },
    maxKeptEvents: 3,
    lossless: false,
    write: (action, token, value) => said.push(toHex(Uint8Array.from([action, token, ...(value ?? [])]))),
    reset: () => {},
  })
  return { device, take: () => said.splice(0).map(withoutText) }
}

/** The text of an ERROR is for people, and every implementation has its own. */
function withoutText(message: string): string {
  return message.startsWith('fe') && message.slice(4, 6) === '92'
    ? `${message.slice(0, 4)}91${message.slice(6, 8)}`
    : message
}

/** What a step was answered by, cut where the script says `*`. */
function shown(said: readonly string[], expected: readonly string[]): readonly string[] {
  return said.map((message, i) => {
    const wanted = expected[i] ?? ''
    return wanted.endsWith('*') ? `${message.slice(0, wanted.length - 1)}*` : message
  })
}

describe('a device', () => {
  it('of the conversations has the contract that they name', () => {
    expect(new TextDecoder().decode(descriptorOf(bench))).toBe(vectors.descriptor)
  })

  it.each(vectors.rows.map((row) => [row.name, row] as const))('%s', (_, { session, script }) => {
    const { device, take } = boot()
    const hear = (hex: string) => device.receive(fromHex(hex))
    if (session) for (const hex of ['f0019401ce5eed1234cd1000cd03e8', 'f102']) hear(hex)
    take()
    for (let at = 0; at < script.length; ) {
      const step = script[at]!
      const [verb, word] = step.split(' ') as [string, string]
      at += 1
      const expected: string[] = []
      for (; script[at]?.startsWith('< '); at += 1) expected.push(script[at]!.slice(2))
      if (verb === '>') hear(word)
      else if (verb === 'exit') void device.exit(Number(word))
      else if (verb === 'reading') device.emit('reading', { celsius: 1.5 })
      else expect(device.emit('alarm', { number: Number(word) }), step).toBe(verb === 'alarm')
      expect(shown(take(), expected), step).toEqual(expected)
    }
  })
})
