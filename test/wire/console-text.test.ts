import { describe, expect, test } from 'vitest'
import { createDeframer, encodeFrame } from '../../src/wire/index.js'
import { consoleText, deframe, drops, plain } from './deframing.js'
import { concat, toHex } from './vectors.js'

const text = (string: string) => new TextEncoder().encode(string)
const FRAME = encodeFrame(Uint8Array.of(0xff, 9, 0xc3))
const CONTENT = { content: 'ff09c3' }

describe('text is handed out', () => {
  test('at its line end, before any delimiter', () => {
    const deframer = createDeframer({ maxContentBytes: 300 })
    expect(deframer.push(text('boot'))).toEqual([])
    expect(deframer.push(text('ing\r\nnext')).map(plain)).toEqual([{ console: 'booting\r\n' }])
  })

  test('after 50 ms of silence, when it has no line end', () => {
    const deframer = createDeframer({ maxContentBytes: 300 })
    deframer.push(text('login: '))
    expect(deframer.inRun).toBe(true)
    expect(deframer.idle().map(plain)).toEqual([{ console: 'login: ' }])
    expect(deframer.idle()).toEqual([])
    expect(deframer.push(text('pi\n')).map(plain)).toEqual([{ console: 'pi\n' }])
    expect(deframer.push(FRAME).map(plain)).toEqual([CONTENT])
  })

  test('in whole characters only: half a character waits for its rest', () => {
    const deframer = createDeframer({ maxContentBytes: 300 })
    const bytes = text('21 °C')
    deframer.push(bytes.subarray(0, 4))
    expect(deframer.idle().map(plain)).toEqual([{ console: '21 ' }])
    deframer.push(bytes.subarray(4))
    expect(deframer.idle().map(plain)).toEqual([{ console: '°C' }])
  })

  test('at 1,024 bytes at the latest, between characters', () => {
    const long = 'a°✓🌱'.repeat(1000)
    for (const chunkBytes of [1, 7, 20_000]) {
      const deframer = createDeframer({ maxContentBytes: 56 })
      const events = deframe(concat(text(long), Uint8Array.of(0)), { deframer, chunkBytes })
      expect(consoleText(events)).toBe(long)
      expect(drops(events)).toEqual([])
      for (const event of events) expect(text('console' in event ? event.console : '').length).toBeLessThanOrEqual(1024)
    }
  })

  test('with a byte order mark where it had one', () => {
    expect(deframe(concat(text('\ufeffhello\n'), Uint8Array.of(0)))).toEqual([{ console: '\ufeffhello\n' }])
  })
})

describe('silence', () => {
  test('in the middle of a frame costs nothing: this computer may have been the one that slept', () => {
    const content = Uint8Array.of(3, 7, 0x91, 0x05, 0x0a, 0x41)
    const wire = encodeFrame(content)
    for (let cut = 0; cut <= wire.length; cut++) {
      const deframer = createDeframer({ maxContentBytes: 300 })
      const before = deframer.push(wire.subarray(0, cut)).map(plain)
      expect(deframer.idle()).toEqual([])
      const after = deframer.push(wire.subarray(cut)).map(plain)
      expect([...before, ...after].filter((event) => 'content' in event)).toEqual([{ content: toHex(content) }])
      expect(drops([...before, ...after])).toEqual([])
    }
  })

  test('after half a frame lets text be text again, and the half frame is counted once', () => {
    const deframer = createDeframer({ maxContentBytes: 300 })
    deframer.push(FRAME.subarray(0, 6))
    expect(deframer.idle()).toEqual([])
    expect(deframer.push(text('Guru Meditation\r\nrebooting')).map(plain)).toEqual([{ console: 'Guru Meditation\r\n' }])
    expect(deframer.push(FRAME).map(plain)).toEqual([{ drop: 'cobs' }, { console: 'rebooting' }, CONTENT])
  })

  test('after a run that was too long lets text be text again, and the run is counted once', () => {
    const deframer = createDeframer({ maxContentBytes: 56 })
    expect(drops(deframer.push(new Uint8Array(500).fill(0x81)).map(plain))).toEqual(['oversize'])
    expect(deframer.idle()).toEqual([])
    expect(deframer.push(text('hello\n')).map(plain)).toEqual([{ console: 'hello\n' }])
    expect(deframer.push(new Uint8Array(500).fill(0x81))).toEqual([])
    expect(deframer.idle()).toEqual([])
    expect(deframer.push(text('cut: °').subarray(0, 6))).toEqual([])
    expect(deframer.push(FRAME).map(plain)).toEqual([CONTENT])
  })

  test('on an idle line says nothing', () => {
    const deframer = createDeframer({ maxContentBytes: 56 })
    expect(deframer.idle()).toEqual([])
    deframer.push(FRAME)
    expect(deframer.inRun).toBe(false)
    expect(deframer.idle()).toEqual([])
  })
})

test('a frame that begins as lines of text is not lost when those lines were handed out', () => {
  const content = new Uint8Array(0x0a0a).fill(0x61)
  content[29] = 0
  const wire = encodeFrame(content)
  for (const chunkBytes of [1, 3, wire.length]) {
    const events = deframe(concat(wire, FRAME), { maxContentBytes: 4000, chunkBytes })
    expect(events.slice(-2)).toEqual([{ content: toHex(content) }, CONTENT])
    expect(drops(events)).toEqual([])
  }
})

test('bytes without a delimiter are counted once, at the longest frame, however many they are', () => {
  const deframer = createDeframer({ maxContentBytes: 56 })
  const noise = new Uint8Array(64 * 1024).fill(0xaa)
  const events = [...deframer.push(noise.subarray(0, 61)), ...deframer.push(noise.subarray(61, 62))]
  expect(events).toEqual([{ kind: 'drop', reason: 'oversize', bytes: 62 }])
  for (let round = 0; round < 100; round++) expect(deframer.push(noise)).toEqual([])
  expect(deframer.push(FRAME).map(plain)).toEqual([CONTENT])
})

test('endless bytes cost no memory', () => {
  const deframers = [0xaa, 0x61].map((byte) => ({ deframer: createDeframer({ maxContentBytes: 65_535 }), byte }))
  const before = process.memoryUsage().arrayBuffers
  for (const { deframer, byte } of deframers) {
    const chunk = new Uint8Array(4096).fill(byte)
    for (let round = 0; round < 1000; round++) deframer.push(chunk)
    expect(deframer.push(FRAME).map(plain).at(-1)).toEqual(CONTENT)
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
})

test('dropped bytes are said', () => {
  const deframer = createDeframer({ maxContentBytes: 300 })
  expect(deframer.push(Uint8Array.of(0, 0x05, 1, 2, 0))).toEqual([{ kind: 'drop', reason: 'cobs', bytes: 3 }])
  expect(deframer.push(Uint8Array.of(...text('ok\n'), 0xff, 0xfe, 0))).toEqual([
    { kind: 'console', text: 'ok\n' },
    { kind: 'drop', reason: 'cobs', bytes: 2 },
  ])
})
