// What only a running chip shows: the stack that a program needs, and how long an answer takes. On the emulated Uno.

import { readFileSync } from 'node:fs'
import { createLoader } from '../load-ts.mjs'

const PAINT = 0xa5
const BOOT_MS = 300
const ANSWER_MS = 20
const TICKS_PER_US = 16
/** The Uno's UART at double speed divides 16 MHz by 8 * 17: a little faster than 115,200. */
const DEVICE_BYTE_TICKS = 10 * 8 * 17
const TURNAROUNDS = 50
/** Beyond the dead-man's 3 s and the deadline of a request. */
const SILENCE_MS = 3500

/** What a host may say to a device in a session, [action, value, its bytes if they are no value]: calls, wrong ones, the protocol's own. */
const EXERCISE = [
  [0, [true]],
  [0, [300]],
  [0, []],
  [1, [true]],
  [1, [1]],
  [1, [1, 2]],
  [2, [0.5]],
  [200, [1]],
  [0xf2, 0],
  [0xf3, [1, true]],
  [0xf3, [15, true]],
  [0xf6, undefined],
  [0xfc, 6],
  [0, new Uint8Array(50)],
]

export async function createMeasure() {
  const loader = await createLoader()
  const { createUno } = await loader.load('src/testing/avr/board.ts')
  const wire = await loader.load('src/wire/index.ts')
  const codec = wire.createValueCodec()

  /** Runs an image and puts it through everything.
   * @param args  of a call of its action 0, null: none; undefined: it is no device
   * @returns stackBytes, and turnaroundUs: the longest of 50, from the last stop bit of the call to the first start bit of the answer */
  function run({ image, ramBytes, args }) {
    const board = createUno({ image: readFileSync(image, 'utf8') })
    board.sram.fill(PAINT)
    board.attached?.(0)
    const deframer = wire.createDeframer({ maxContentBytes: 65_535 })
    let contents = []
    let sentTick = 0
    let firstByteTick = 0
    board.bridge.connect({
      received(byte) {
        firstByteTick ||= board.statistics().cycles
        for (const event of deframer.push(Uint8Array.of(byte)))
          if (event.kind === 'content') contents.push(event.bytes.slice())
      },
      sent() {
        sentTick = board.statistics().cycles
        firstByteTick = 0
      },
    })
    const wait = (ms) => board.runTo(board.reachedMs() + ms)
    const send = (action, token, value) => {
      contents = []
      const tail = value === undefined ? [] : codec.encode(value)
      board.bridge.write(wire.encodeFrame(Uint8Array.from([action, token, ...tail])))
      wait(ANSWER_MS)
      // What the device asks or ends is answered as a host does: so its lane goes on.
      const asked = contents.find(([to, number]) => number !== 0 && number !== token && to !== 0xf0 && to < 0xfb)
      if (asked) {
        board.bridge.write(wire.encodeFrame(Uint8Array.of(asked[0] === 0xf9 ? 0xff : 0xfb, asked[1])))
        wait(ANSWER_MS)
      }
      return contents
    }
    wait(BOOT_MS)
    let turnaroundUs
    if (args !== undefined) {
      send(0xf0, 1, [1, 0x5eed, 4096, 1000])
      send(0xf1, 2)
      let token = 2
      const next = () => {
        token = (token % 255) + 1
        return token
      }
      turnaroundUs = 0
      for (let i = 0; i < TURNAROUNDS; i++) {
        wait(0.0137 * i)
        const number = next()
        const [answer] = send(0, number, args ?? undefined)
        if (answer?.[0] !== 0xff || answer[1] !== number) throw new Error(`${image}: no answer to call ${number}`)
        // A device that samples its probes at this moment answers later; that is its own time.
        const us = (firstByteTick - DEVICE_BYTE_TICKS - sentTick) / TICKS_PER_US
        if (us > turnaroundUs) turnaroundUs = us
      }
      for (const [action, value] of EXERCISE) send(action, next(), value)
      for (const [action, value] of EXERCISE) send(action, 0, value)
      board.setPin(8, true)
      board.setPin(9, true)
      wait(SILENCE_MS)
      send(0xf7, next())
    } else {
      board.bridge.write(Uint8Array.from({ length: 60 }, (_, i) => i))
      wait(BOOT_MS)
    }
    const firstTouched = board.sram.findIndex((byte, at) => at >= ramBytes && byte !== PAINT)
    return { stackBytes: board.sram.length - firstTouched, turnaroundUs }
  }

  /** Cycles a received byte, of COBS and CRC together, as the image of receive_path.cpp tells them. */
  function receivePath(image) {
    const board = createUno({ image: readFileSync(image, 'utf8') })
    const told = []
    board.bridge.connect({ received: (byte) => told.push(byte), sent() {} })
    board.attached?.(0)
    board.runTo(50)
    const [bytes, high, low] = told
    return ((high << 8) | low) / (bytes - 1)
  }

  return { run, receivePath, close: () => loader.close() }
}
