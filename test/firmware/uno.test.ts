/** The greenhouse image on an emulated Uno, spoken to in bytes: what only the chip itself can show. */

import { beforeAll, describe, expect, it } from 'vitest'
import { descriptorOf } from '../../src/contract/descriptor.js'
import { createUno, type UnoBoard } from '../../src/testing/avr/board.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createDeframer, createValueCodec, encodeFrame } from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

const CPU_HZ = 16_000_000
const TICKS_PER_US = CPU_HZ / 1e6
/** The Uno's UART at double speed divides 16 MHz by 8 * 17: a little faster than 115,200. */
const DEVICE_BYTE_TICKS = 10 * 8 * 17
const TURNAROUND_US = 150
const RECEIVE_CYCLES_PER_BYTE = 100
const CALIBRATE = 13
const GET_SETPOINT = 14
/** Fields of the device's HELLO. */
const EPOCH = 2
const RESET_CAUSE = 3
const CAUSES = { power_on: 1, external: 2, brown_out: 3, watchdog: 4, software: 5 } as const

const codec = createValueCodec()

beforeAll(async () => {
  await firmware('images')
}, BUILD_TIMEOUT_MS)

/** A board, and its answers as they stand on the wire. */
function start(image = 'build/firmware/uno/greenhouse.hex', eeprom?: Uint8Array) {
  const board = createUno({ image: readBuilt(image), ...(eeprom === undefined ? {} : { eeprom }) })
  board.attached?.(0)
  const deframer = createDeframer({ maxContentBytes: 65_535 })
  let nowMs = 0
  let contents: Uint8Array[] = []
  let bytes: number[] = []
  let sentTick = 0
  let firstByteTick = 0
  board.bridge.connect({
    received(byte) {
      if (bytes.length === 0) firstByteTick = board.statistics().cycles
      bytes.push(byte)
      for (const event of deframer.push(Uint8Array.of(byte))) {
        // A frame that a reset cut short is no content.
        if (event.kind === 'content') contents.push(event.bytes.slice())
      }
    },
    sent() {
      sentTick = board.statistics().cycles
    },
  })
  const run = (ms: number) => {
    contents = []
    bytes = []
    nowMs += ms
    board.runTo(nowMs)
    return { contents, bytes }
  }
  return {
    board,
    run,
    /** Sends one message and returns what came within 20 ms. */
    send(action: number, token: number, value?: unknown) {
      const head = Uint8Array.of(action, token)
      const tail = value === undefined ? new Uint8Array() : codec.encode(value)
      board.bridge.write(encodeFrame(Uint8Array.from([...head, ...tail])))
      return run(20).contents
    },
    /** From the last stop bit of what was sent to the first start bit of what came. */
    turnaroundUs: () => (firstByteTick - DEVICE_BYTE_TICKS - sentTick) / TICKS_PER_US,
  }
}

function fieldsOf(content: Uint8Array | undefined): readonly unknown[] {
  if (content === undefined) throw new Error('the board did not answer')
  const decoded = codec.decode(content.subarray(2))
  if (!decoded.ok) throw new Error(`the board sent a bad value: ${JSON.stringify(decoded)}`)
  return decoded.value as unknown[]
}

/** HELLO and TICK, and a host that knows no setpoint: the next token is 3. */
function startSession(uno: ReturnType<typeof start>): void {
  expect(uno.send(0xf0, 1, [1, 0x5eed, 4096, 1000])).toHaveLength(1)
  expect(uno.send(0xf1, 2).map(([action]) => action)).toEqual([0xff, GET_SETPOINT])
  expect(uno.send(0xfe, 1, [1])).toEqual([])
}

function helloAfter(uno: ReturnType<typeof start>, work: (board: UnoBoard) => void): readonly unknown[] {
  work(uno.board)
  return fieldsOf(uno.run(300).contents.at(-1))
}

describe('the greenhouse on an Uno', () => {
  it('announces itself with the limits of the stock Arduino ring', () => {
    const hello = fieldsOf(start().run(300).contents[0])
    expect(hello.slice(0, 2)).toEqual([1, null])
    expect(hello.slice(4, 7)).toEqual([63, 56, 1])
    expect(hello.slice(12, 14)).toEqual(['1.0.0', 'greenhouse'])
  })

  it('answers an empty call within 150 us of its last stop bit, but for the 0.2 ms a second in which it samples', () => {
    const uno = start()
    uno.run(300)
    startSession(uno)
    for (let token = 3; token < 203; token++) {
      uno.run(0.0137 * token)
      expect([...uno.send(0, token)[0]!]).toEqual([0xff, token, 0])
      expect(uno.turnaroundUs()).toBeGreaterThan(0)
      expect(uno.turnaroundUs()).toBeLessThan(TURNAROUND_US)
    }
  })

  it('spends at most 100 cycles on a received byte, COBS and CRC together', () => {
    const { bytes } = start('build/firmware/uno/receive_path.hex').run(50)
    expect(bytes).toHaveLength(3)
    const cycles = (bytes[1]! << 8) | bytes[2]!
    expect(cycles / (bytes[0]! - 1)).toBeLessThanOrEqual(RECEIVE_CYCLES_PER_BYTE)
  })

  it('asks once a minute, repeats until the deadline, and then skips', { timeout: 60_000 }, () => {
    const uno = start()
    uno.run(300)
    startSession(uno)
    let token = 3
    const asked: number[] = []
    for (let second = 0; second < 64; second++) {
      const { contents } = uno.run(500)
      asked.push(...contents.map(([action]) => action!))
      expect(uno.send(0xf1, token++).at(0)?.slice(0, 1)).toEqual(Uint8Array.of(0xff))
      uno.run(480)
    }
    expect(asked.slice(0, 1)).toEqual([GET_SETPOINT])
    expect(asked.filter((action) => action === GET_SETPOINT).length).toBeGreaterThan(4)
    expect(asked.at(-1)).toBe(0xfa)
  })

  it('runs two calibrations at a time, a step each 100 ms, while it answers calls', () => {
    const uno = start()
    uno.run(300)
    startSession(uno)
    expect(uno.send(CALIBRATE, 3, [0])).toEqual([Uint8Array.of(0xfb, 3)])
    expect(uno.send(CALIBRATE, 4, [1])).toEqual([Uint8Array.of(0xfb, 4)])
    expect(uno.send(CALIBRATE, 5, [0])).toEqual([Uint8Array.of(0xfe, 5, 0x91, 3)])
    const items = new Map<unknown, unknown[]>([
      [3, []],
      [4, []],
    ])
    const ends: unknown[] = []
    for (let token = 6; ends.length < 2 && token < 100; token++) {
      const contents = uno.send(0, token)
      for (let content = contents.shift(); content !== undefined; content = contents.shift()) {
        if (content[0] === 0xfd) {
          const [job, sequence, item] = fieldsOf(content) as [number, number, unknown]
          expect(items.get(job)).toHaveLength(sequence)
          items.get(job)!.push(item)
        } else if (content[0] === 0xf9) {
          ends.push(fieldsOf(content))
          contents.push(...uno.send(0xff, content[1]!))
        } else {
          expect(content).toEqual(Uint8Array.of(0xff, token, 0))
        }
      }
    }
    const steps = Array.from({ length: 10 }, (_, i) => [i + 1, 10])
    expect([...items.values()]).toEqual([steps, steps])
    expect(ends).toEqual([
      [3, 0, expect.any(Number), 10],
      [4, 0, expect.any(Number), 10],
    ])
  })

  it('tells its contract piece by piece, out of its flash', () => {
    const uno = start()
    uno.run(300)
    startSession(uno)
    const told: number[] = []
    for (let token = 3; token < 100; token++) {
      const [total, piece] = fieldsOf(uno.send(0xf2, token, told.length)[0]) as [number, Uint8Array]
      told.push(...piece)
      if (piece.length === 0) expect(total).toBe(told.length)
      if (piece.length === 0) break
    }
    expect(Uint8Array.from(told)).toEqual(descriptorOf(greenhouse))
  })

  it.each(['power_on', 'external', 'brown_out', 'watchdog'] as const)('tells the reset cause %s', (cause) => {
    const uno = start()
    uno.run(300)
    expect(helloAfter(uno, (board) => board.reset(cause))[RESET_CAUSE]).toBe(CAUSES[cause])
    // The flags do not outlive the boot that they belong to.
    expect(helloAfter(uno, (board) => board.reset('external'))[RESET_CAUSE]).toBe(CAUSES.external)
  })

  it('restarts when RESET names its boot, and tells that it was asked to', () => {
    const uno = start()
    const epoch = fieldsOf(uno.run(300).contents[0])[EPOCH] as number
    startSession(uno)
    uno.send(0xf4, 0, [0, (epoch + 1) >>> 0])
    expect(uno.run(300).contents).toEqual([])
    uno.board.bridge.write(encodeFrame(Uint8Array.from([0xf4, 0, ...codec.encode([0, epoch])])))
    const hello = fieldsOf(uno.run(300).contents[0])
    expect(hello[RESET_CAUSE]).toBe(CAUSES.software)
    expect(hello[EPOCH]).not.toBe(epoch)
    expect(helloAfter(uno, (board) => board.reset('watchdog'))[RESET_CAUSE]).toBe(CAUSES.watchdog)
  })
})

describe('the epoch of an Uno', () => {
  it('is never used twice, over a hundred boots and a change of cause', { timeout: 60_000 }, () => {
    const uno = start()
    const epochs = new Set([fieldsOf(uno.run(300).contents[0])[EPOCH]])
    for (let boot = 1; boot < 100; boot++) {
      const cause = boot % 3 === 0 ? 'power_on' : boot % 3 === 1 ? 'external' : 'watchdog'
      epochs.add(helloAfter(uno, (board) => board.reset(cause))[EPOCH])
    }
    expect(epochs.size).toBe(100)
  })

  it('is not used twice when power fails in the middle of writing it', { timeout: 60_000 }, () => {
    const uno = start()
    const seen = new Set<unknown>()
    for (let us = 0; us < 30_000; us += 487) {
      uno.board.reset('power_on')
      for (const content of uno.run(us / 1000).contents) seen.add(fieldsOf(content)[EPOCH])
      const before = new Set(seen)
      const hello = helloAfter(uno, (board) => board.reset('power_on'))
      expect(before).not.toContain(hello[EPOCH])
      seen.add(hello[EPOCH])
    }
  })

  it('survives any one damaged byte of its cells', { timeout: 60_000 }, () => {
    const first = start()
    const told: unknown[] = []
    told.push(fieldsOf(first.run(300).contents[0])[EPOCH])
    for (let boot = 0; boot < 10; boot++) told.push(helloAfter(first, (board) => board.reset('external'))[EPOCH])
    const memory = first.board.eeprom.slice()
    const used = [...memory.keys()].filter((at) => memory[at] !== 0xff)
    expect(used.length).toBeGreaterThan(16)
    expect(used[0]).toBeGreaterThanOrEqual(1024 - 48)
    // Damage of the newest cell alone would bring its own number again; all older ones must not disturb it.
    let again = 0
    for (const at of used) {
      const damaged = memory.slice()
      damaged[at] = damaged[at]! ^ 0x10
      const epoch = fieldsOf(start(undefined, damaged).run(300).contents[0])[EPOCH]
      if (told.includes(epoch)) again++
    }
    expect(again).toBeLessThanOrEqual(6)
  })
})
