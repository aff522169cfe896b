/** test/vectors through the C++ library where it runs: as a native program, and as AVR code on an emulated Uno. */

import { beforeAll, describe, expect, it } from 'vitest'
import { createValueCodec } from '../../src/wire/index.js'
import { type FrameVectorEvent, fromHex, readVectors, toHex } from '../wire/vectors.js'
import { BUILD_TIMEOUT_MS, firmware } from './build.js'
import { PROBES, type Probe, type Question } from './probe.js'

/** `Drop` of the library, in its order. */
const REASONS = ['cobs', 'length', 'crc', 'oversize', 'short']
/** Receivers that the probe has. */
const RECEIVERS = [56, 300, 600]
const OK = 0
const codec = createValueCodec()
const frames = readVectors('frames')
const packets = readVectors('packets')
const values = readVectors('values')

beforeAll(async () => {
  await firmware('probe')
}, BUILD_TIMEOUT_MS)

/** Asks about all rows at once; those that the probe cannot take are left out, and have to be named by the caller. */
function askAll<Row extends { readonly name: string }>(
  probe: Probe,
  rows: readonly Row[],
  question: (row: Row) => Question,
) {
  const asked = rows.map((row) => ({ row, question: question(row) }))
  const fits = ({ question: { bytes, maxContentBytes = 56 } }: (typeof asked)[number]) =>
    bytes.length <= probe.maxBytes && RECEIVERS.includes(maxContentBytes)
  const taken = asked.filter(fits)
  const answers = probe.ask(taken.map((entry) => entry.question))
  return {
    answers: taken.map(({ row }, i) => ({ row, answer: answers[i]! })),
    tooLarge: asked.filter((entry) => !fits(entry)).map(({ row }) => row.name),
  }
}

/** The probe's events, as the vectors have them. */
function eventsOf(answer: Uint8Array): FrameVectorEvent[] {
  const events: FrameVectorEvent[] = []
  for (let at = 0; at < answer.length; ) {
    if (answer[at] === 1) {
      events.push({ drop: REASONS[answer[at + 1]!] as never })
      at += 2
    } else {
      const end = at + 3 + ((answer[at + 1]! << 8) | answer[at + 2]!)
      events.push({ content: toHex(answer.subarray(at + 3, end)) })
      at = end
    }
  }
  return events
}

const contentsOf = (events: readonly object[]) => events.filter((event) => 'content' in event)

describe.each(PROBES)('the C++ framing on $name', (probe) => {
  it('sends frames as the shared vectors say', () => {
    const { answers, tooLarge } = askAll(probe, frames.send, (row) => ({ what: 's', bytes: fromHex(row.content) }))
    for (const { row, answer } of answers) expect(toHex(answer), row.name).toBe(row.wire)
    expect(answers.length).toBe(frames.send.length)
    expect(tooLarge).toEqual([])
  })

  it('receives frames as the shared vectors say', () => {
    const { answers, tooLarge } = askAll(probe, frames.receive, (row) => ({
      what: 'f',
      maxContentBytes: row.maxContentBytes,
      bytes: fromHex(row.wire),
    }))
    for (const { row, answer } of answers) {
      const got = eventsOf(answer)
      // Where the host reads console text, the device counts a drop of one reason or another.
      const hasText = row.events.some((event) => 'console' in event)
      if (hasText) expect(contentsOf(got), row.name).toEqual(contentsOf(row.events))
      else expect(got, row.name).toEqual(row.events)
    }
    expect(tooLarge).toEqual(frames.receive.filter(({ name }) => name.startsWith('large: ')).map(({ name }) => name))
  })

  it('sends and receives packets as the shared vectors say', () => {
    const ofPrefix2 = <Row extends { prefixBytes: number }>(row: Row) => row.prefixBytes === 2
    const sent = askAll(probe, packets.send.filter(ofPrefix2), (row) => ({ what: 'q', bytes: fromHex(row.content) }))
    for (const { row, answer } of sent.answers) expect(toHex(answer), row.name).toBe(row.wire)
    const received = askAll(probe, packets.receive.filter(ofPrefix2), (row) => ({
      what: 'p',
      maxContentBytes: row.maxContentBytes,
      bytes: fromHex(row.wire),
    }))
    for (const { row, answer } of received.answers) {
      const got = eventsOf(answer)
      // Content without action and token is no message of a device.
      const expected = row.events.map((event) => {
        if ('oversize' in event) return { drop: 'oversize' }
        return event.content.length < 4 ? { drop: 'short' } : event
      })
      expect(got, row.name).toEqual(expected)
    }
    expect(sent.answers.length).toBeGreaterThan(10)
    expect(received.answers.length).toBeGreaterThan(10)
    expect([...sent.tooLarge, ...received.tooLarge]).toEqual([])
  })
})

describe.each(PROBES)('the C++ codec on $name', (probe) => {
  it('reads and writes the values of the shared vectors, or says what it does not take', () => {
    const rows = [...values.good, ...values.alsoAccepted]
    const { answers, tooLarge } = askAll(probe, rows, (row) => ({ what: 'e', bytes: fromHex(row.hex) }))
    let taken = 0
    for (const { row, answer } of answers) {
      const decoded = codec.decode(fromHex(row.hex))
      const isFloat = /^c[ab]/.test(row.hex)
      const isTaken = decoded.ok && (isFloat ? isOfFloat(decoded.value as number) : isOfDevice(decoded.value))
      if (!isTaken) expect(answer.at(-1), row.name).not.toBe(OK)
      else if (!isFloat) {
        taken++
        expect(toHex(answer), row.name).toBe(`${toHex(codec.encode(asFloats(decoded.value)))}00`)
      } else {
        taken++
        expect(answer.at(-1), row.name).toBe(OK)
        expect(codec.decode(answer.subarray(0, -1)), row.name).toEqual({
          ok: true,
          value: floatOf(decoded.value, row.hex),
        })
      }
    }
    expect(taken).toBeGreaterThan(60)
    expect(tooLarge).toEqual([])
  })

  it('refuses what the shared vectors call bad, but for what only the host looks at', () => {
    const onlyHost = ['bad_utf8', 'too_deep', 'too_many_nodes', 'array_too_long', 'string_too_long', 'binary_too_long']
    const { answers, tooLarge } = askAll(probe, values.bad, (row) => ({ what: 'e', bytes: fromHex(row.hex) }))
    const taken = answers.filter(({ answer }) => answer.at(-1) === OK)
    for (const { row } of taken) expect(onlyHost, row.name).toContain(row.reason)
    expect(answers.length - taken.length).toBeGreaterThan(20)
    for (const name of tooLarge) expect(name).toMatch(/1025|4101/)
  })
})

/** Whether a device holds it: no maps, and integers of 32 bits. */
function isOfDevice(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isOfDevice)
  if (typeof value === 'bigint') return false
  if (Number.isInteger(value)) return (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32
  return value === null || typeof value !== 'object' || value instanceof Uint8Array
}

/** Whether a float holds it, rounded: no finite number that would become infinity. */
function isOfFloat(value: number): boolean {
  return !Number.isFinite(value) || Number.isFinite(Math.fround(value))
}

/** Doubles among the items come back as the nearest floats. */
function asFloats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asFloats)
  return typeof value === 'number' && !Number.isInteger(value) ? Math.fround(value) : value
}

/** The float nearest to the double; of a double, what is smaller than 2^-126 is zero. */
function floatOf(value: unknown, hex: string): number {
  const float = Math.fround(value as number)
  return hex.startsWith('cb') && Math.abs(float) < 2 ** -126 ? 0 * Math.sign(float) : float
}
