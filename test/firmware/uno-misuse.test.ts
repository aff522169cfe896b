/** An emulated Uno under a host that is wrong, and a line that carries garbage: counted, answered where somebody asks, and the next
 * call works. And its epochs over a thousand boots; PORTWIRE_BOOTS says how many. */

import { beforeAll, describe, expect, it } from 'vitest'
import { createUno, type UnoBoard } from '../../src/testing/avr/board.js'
import { createDeframer, createValueCodec, encodeFrame } from '../../src/wire/index.js'
import { createRandom } from '../wire/random.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

const BOOT_MS = 60
const ANSWER_MS = 20
const BOOTS = Number(process.env['PORTWIRE_BOOTS'] ?? 1000)
const SEED = Number(process.env['PORTWIRE_SEED'] ?? Date.now() % 2 ** 31)
const EPOCH = 2
const [HELLO, TICK, RESET, STATS, ERROR, REPLY] = [0xf0, 0xf1, 0xf4, 0xf6, 0xfe, 0xff]
const [UNKNOWN_ACTION, BAD_ARGUMENTS] = [1, 2]
const IDENTIFY = 0
const CALIBRATE = 13
const codec = createValueCodec()

beforeAll(async () => {
  await firmware('images')
}, BUILD_TIMEOUT_MS)

function start(image = 'greenhouse', baudRate = 115_200) {
  const board: UnoBoard = createUno({ image: readBuilt(`build/firmware/uno/${image}.hex`) })
  board.attached?.(0)
  board.bridge.configure({ baudRate })
  const deframer = createDeframer({ maxContentBytes: 65_535 })
  let contents: Uint8Array[] = []
  board.bridge.connect({
    received(byte) {
      for (const event of deframer.push(Uint8Array.of(byte)))
        if (event.kind === 'content') contents.push(event.bytes.slice())
    },
    sent() {},
  })
  const run = (ms: number) => {
    contents = []
    board.runTo(board.reachedMs() + ms)
    return contents
  }
  let token = 0
  const message = (action: number, number: number, value?: unknown) =>
    Uint8Array.from([action, number, ...(value === undefined ? [] : codec.encode(value))])
  const write = (content: Uint8Array) => board.bridge.write(encodeFrame(content))
  const ask = (action: number, value?: unknown) => {
    token = (token % 255) + 1
    write(message(action, token, value))
    const answer = run(ANSWER_MS).find((content) => content[1] === token && content[0]! >= ERROR)
    if (answer === undefined) throw new Error(`no answer to ${action} under token ${token}`)
    const decoded = answer.length > 2 ? codec.decode(answer, 2) : { ok: true as const, value: null }
    return { action: answer[0], value: decoded.ok ? decoded.value : decoded.reason }
  }
  return {
    board,
    run,
    write,
    message,
    ask,
    startSession() {
      token = 0
      expect(ask(HELLO, [1, 0x5eed, 4096, 1000]).action).toBe(REPLY)
      expect(ask(TICK).action).toBe(REPLY)
      // It asks for its setpoint at once; nobody has one.
      write(message(ERROR, 1, [UNKNOWN_ACTION]))
      run(ANSWER_MS)
    },
    /** [taken, repeats, wrong tokens, useless messages, frames dropped, events dropped] */
    stats: () => ask(STATS).value as readonly number[],
  }
}

function started() {
  const uno = start()
  uno.run(300)
  uno.startSession()
  return uno
}

describe('an Uno board and a host that is wrong', () => {
  it('answers wrong arguments and unknown actions with their ERROR, and the next call', () => {
    const uno = started()
    const wrong = [['x'], [null], [{}], [[0]]].map((value) => [value, 'argument 1'] as const)
    const outside = [[2], [255], [300]].map((value) => [value, 'argument 1 out of range'] as const)
    for (const [value, text] of [...wrong, ...outside]) {
      expect(uno.ask(CALIBRATE, value)).toEqual({ action: ERROR, value: [BAD_ARGUMENTS, text] })
      expect(uno.ask(IDENTIFY)).toEqual({ action: REPLY, value: 0 })
    }
    for (const value of [[], [0, 0], 0, {}, undefined]) {
      expect(uno.ask(CALIBRATE, value)).toEqual({ action: ERROR, value: [BAD_ARGUMENTS] })
    }
    for (const action of [14, 16, 100, 239]) {
      expect(uno.ask(action, [1])).toEqual({ action: ERROR, value: [UNKNOWN_ACTION] })
      expect(uno.ask(IDENTIFY)).toEqual({ action: REPLY, value: 0 })
    }
  })

  it('drops a frame that is longer than it announced, by one byte or by a thousand, counts it, and answers the next call', () => {
    const uno = started()
    const before = uno.stats()[4]!
    for (const [i, bytes] of [57, 58, 200, 1056].entries()) {
      uno.write(new Uint8Array(bytes).fill(1))
      expect(uno.run(150)).toEqual([])
      expect(uno.ask(IDENTIFY)).toEqual({ action: REPLY, value: 0 })
      expect(uno.stats()[4]).toBe(before + i + 1)
    }
    // The longest that it takes: 56 bytes, here with an argument too many.
    expect(uno.ask(CALIBRATE, [0, new Uint8Array(50)])).toEqual({ action: ERROR, value: [BAD_ARGUMENTS] })
  })

  it('does not obey a RESET for another boot, counts it, and answers the next call', () => {
    const uno = start()
    const [hello] = uno.run(300)
    const decoded = codec.decode(hello!, 2)
    const epoch = (decoded.ok ? (decoded.value as number[]) : [])[EPOCH]!
    uno.startSession()
    const before = uno.stats()[3]!
    for (const wrong of [(epoch + 1) >>> 0, (epoch - 1) >>> 0, 0]) uno.write(uno.message(RESET, 0, [0, wrong]))
    expect(uno.run(400)).toEqual([])
    expect(uno.stats()[3]).toBe(before + 3)
    expect(uno.ask(IDENTIFY)).toEqual({ action: REPLY, value: 0 })
  })

  it(`counts what it drops of garbage at line rate, and answers the next call (seed ${SEED})`, {
    timeout: 60_000,
  }, () => {
    const uno = started()
    const random = createRandom(SEED)
    let before = uno.stats()[4]!
    for (let round = 0; round < 10; round++) {
      uno.board.bridge.write(Uint8Array.from({ length: 2000 }, () => Math.floor(random() * 256)))
      expect(uno.run(200)).toEqual([])
      uno.board.bridge.write(Uint8Array.of(0))
      uno.run(1)
      const after = uno.stats()[4]!
      // A zero comes every 256 bytes, and each ends a frame that is none.
      expect(after).toBeGreaterThan(before)
      before = after
      expect(uno.ask(IDENTIFY)).toEqual({ action: REPLY, value: 0 })
    }
  })
})

describe('an Uno board at 1,000,000 baud under noise without an end', () => {
  it('goes round in loop(), and its dead-man runs in time, though bytes come as fast as it reads them', {
    timeout: 60_000,
  }, () => {
    const uno = start('flooded', 1_000_000)
    uno.run(300)
    expect(uno.ask(HELLO, [1, 0x5eed, 4096, 100]).action).toBe(REPLY)
    expect(uno.ask(TICK).action).toBe(REPLY)
    const NOISE_MS = 600
    const DEAD_MAN_MS = 300
    uno.board.bridge.write(new Uint8Array(NOISE_MS * 100).fill(0x55))
    let passes = 0
    let safeAtMs: number | undefined
    for (let ms = 0.01; ms < NOISE_MS; ms += 0.01) {
      const before = uno.board.pin(8)
      uno.run(0.01)
      if (uno.board.pin(8) !== before) passes++
      if (uno.board.pin(2) === 'high') safeAtMs ??= ms
    }
    expect(passes).toBeGreaterThan(NOISE_MS / 10)
    expect(safeAtMs).toBeGreaterThan(DEAD_MAN_MS - 2 * ANSWER_MS)
    expect(safeAtMs).toBeLessThan(DEAD_MAN_MS + 10)
    // The noise ends, and the next hello is heard.
    uno.board.bridge.write(Uint8Array.of(0))
    uno.write(uno.message(HELLO, 1, [1, 0x5eed, 4096, 100]))
    expect(uno.run(ANSWER_MS).map((content) => content[0])).toEqual([REPLY])
  })
})

describe(`an Uno board over ${BOOTS} boots`, () => {
  it('has another epoch each time, one more than before, also where it is reset again before it could say hello', {
    timeout: 120_000,
  }, () => {
    const uno = start()
    const epochOf = (contents: readonly Uint8Array[]) => {
      const decoded = codec.decode(contents.at(-1)!, 2)
      return (decoded.ok ? (decoded.value as number[]) : [])[EPOCH]!
    }
    const epochs = [epochOf(uno.run(BOOT_MS))]
    for (let boot = 1; boot < BOOTS; boot++) {
      // Every tenth time twice in a row: the first is cut short before anything was told.
      if (boot % 10 === 0) {
        uno.board.reset('external')
        expect(uno.run(0.05)).toEqual([])
      }
      uno.board.reset(boot % 2 === 0 ? 'watchdog' : 'external')
      epochs.push(epochOf(uno.run(BOOT_MS)))
    }
    for (const [i, epoch] of epochs.entries()) expect(epoch).toBe((epochs[0]! + i) % 2 ** 32)
    expect(epochs).toHaveLength(BOOTS)
  })
})
