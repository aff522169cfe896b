import { describe, expect, it } from 'vitest'
import { hear } from '../../../src/testing/line/receiver.js'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('a receiver of 8N1', () => {
  it('hears what was sent when nothing is hit', () => {
    const all = Uint8Array.from({ length: 256 }, (_, value) => value)
    expect(hear(all, [])).toEqual({ bytes: all, framingErrors: 0 })
  })

  it.each(Array.from({ length: 8 }, (_, bit) => bit))('hears a wrong bit %i where a data bit is hit', (bit) => {
    expect(hear(bytes(0x55, 0xaa), [10 + 1 + bit])).toEqual({ bytes: bytes(0x55, 0xaa ^ (1 << bit)), framingErrors: 0 })
  })

  it('loses the byte whose stop bit is hit, as a framing error, and with it the start of the next', () => {
    // The line stays low from the stop bit into the start bit of 0x43, whose third bit is then the first falling edge.
    expect(hear(bytes(0x41, 0xff, 0x43), [19])).toEqual({ bytes: bytes(0x41, 0b1110_1000), framingErrors: 1 })
    // Before a pause there is no next: it is the only one lost.
    expect(hear(bytes(0x41, 0xff), [19])).toEqual({ bytes: bytes(0x41), framingErrors: 1 })
  })

  it('does not see a start bit that is hit: a byte of ones is gone without a trace', () => {
    expect(hear(bytes(0x41, 0xff, 0x42), [10])).toEqual({ bytes: bytes(0x41, 0x42), framingErrors: 0 })
  })

  it('takes a falling edge inside a byte for a start bit when the real one was hit', () => {
    // 0xfe: its lowest bit is low and becomes the start bit; seven ones, the stop bit and idle follow.
    expect(hear(bytes(0xfe), [0])).toEqual({ bytes: bytes(0xff), framingErrors: 0 })
  })
})
