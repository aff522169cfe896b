/** Frames back to back over a line with bit errors, start and stop bits included, as a UART has them. */

import { describe, expect, test } from 'vitest'
import { createDeframer, encodeFrame } from '../../src/wire/index.js'
import { createRandom, SEED } from './random.js'
import { concat } from './vectors.js'

const BATCH_FRAMES = 1000
const CONTENT_BYTES = 32
/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10

/** Tells of each bit, in order, whether it is hit. */
type Channel = (random: () => number) => () => boolean

/** Every bit is hit with the same probability, whatever happened before. */
function independentErrors(bitErrorRate: number): Channel {
  return (random) => {
    const gap = () => Math.floor(Math.log(1 - random()) / Math.log(1 - bitErrorRate))
    let untilHit = gap()
    return () => {
      if (untilHit-- > 0) return false
      untilHit = gap()
      return true
    }
  }
}

/** Gilbert and Elliott's model: bursts in which every second bit is hit, and nothing between them. */
function bursts(bitErrorRate: number, meanBurstBits: number): Channel {
  const meanGapBits = (meanBurstBits * 0.5) / bitErrorRate
  return (random) => {
    const length = (mean: number) => 1 + Math.floor(Math.log(1 - random()) / Math.log(1 - 1 / mean))
    let left = length(meanGapBits)
    let inBurst = false
    return () => {
      if (left-- === 0) {
        inBurst = !inBurst
        left = length(inBurst ? meanBurstBits : meanGapBits)
      }
      return inBurst && random() < 0.5
    }
  }
}

/** What the line makes of bytes; `damaged` is told the position of each byte that was hit. */
function transmit(bytes: Uint8Array, isHit: () => boolean, damaged: (position: number) => void): Uint8Array {
  const received = new Uint8Array(bytes.length)
  let end = 0
  for (let at = 0; at < bytes.length; at++) {
    let flips = 0
    for (let bit = 0; bit < BITS_PER_BYTE; bit++) if (isHit()) flips |= 1 << bit
    if (flips !== 0) damaged(at)
    // Without its start bit or its stop bit no byte is received.
    if ((flips & 0b10_0000_0001) === 0) received[end++] = bytes[at]! ^ ((flips >> 1) & 0xff)
  }
  return received.subarray(0, end)
}

describe.each([
  { frames: 1_000_000, name: 'independent errors', channel: independentErrors(1e-4) },
  { frames: 200_000, name: 'bursts of 20 bits on average', channel: bursts(1e-4, 20) },
])('F10: $frames frames of a board at a bit error rate of 1e-4, $name', ({ frames, channel }) => {
  test(`no frame is lost but those that were hit, and nothing arrives that was not sent (seed ${SEED})`, () => {
    const random = createRandom()
    const isHit = channel(random)
    const deframer = createDeframer({ maxContentBytes: 300 })
    let damagedFrames = 0
    let lost = 0
    let lostUndamaged = 0
    let bogus = 0
    let lostInARow = 0
    let longestLoss = 0

    for (let first = 0; first < frames; first += BATCH_FRAMES) {
      const contents = Array.from({ length: BATCH_FRAMES }, () =>
        Uint8Array.from({ length: CONTENT_BYTES }, () => Math.floor(random() * 256)),
      )
      contents.forEach((content, index) => {
        new DataView(content.buffer).setUint16(0, index)
      })
      const wires = contents.map(encodeFrame)
      const frameOfByte = new Uint16Array(wires.reduce((sum, wire) => sum + wire.length, 0))
      for (let index = 0, at = 0; index < wires.length; index++) {
        frameOfByte.fill(index, at, at + wires[index]!.length)
        at += wires[index]!.length
      }
      const damaged = new Uint8Array(BATCH_FRAMES)
      const came = new Uint8Array(BATCH_FRAMES)
      const received = transmit(concat(...wires), isHit, (position) => {
        damaged[frameOfByte[position]!] = 1
      })
      for (const event of deframer.push(received)) {
        if (event.kind !== 'content') continue
        const index = (event.bytes[0]! << 8) | event.bytes[1]!
        const sent = contents[index]
        if (sent !== undefined && Buffer.compare(sent, event.bytes) === 0) came[index] = 1
        else bogus++
      }
      for (let index = 0; index < BATCH_FRAMES; index++) {
        damagedFrames += damaged[index]!
        if (came[index] === 1) {
          lostInARow = 0
          continue
        }
        lost++
        if (damaged[index] === 0) lostUndamaged++
        longestLoss = Math.max(longestLoss, ++lostInARow)
      }
    }
    expect(damagedFrames).toBeGreaterThan(frames / 1000)
    expect({ bogus, lostUndamaged }).toEqual({ bogus: 0, lostUndamaged: 0 })
    expect(lost).toBeLessThanOrEqual(damagedFrames)
    expect(longestLoss).toBeLessThanOrEqual(5)
  }, 120_000)
})
