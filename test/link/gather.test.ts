import { describe, expect, it } from 'vitest'
import { createGather } from '../../src/link/gather.js'

/** A gather and all that it handed out, in order, each as it was at that moment. */
function gathering() {
  const out: { bytes: Uint8Array; atFirst: number[] }[] = []
  const take = () => {
    const bytes = gather.take()
    if (bytes) out.push({ bytes, atFirst: [...bytes] })
  }
  const gather = createGather(take)
  return { gather, take, out }
}

describe('small pieces', () => {
  it('come out as one, in their order', () => {
    const { gather, take, out } = gathering()
    expect(gather.add(Uint8Array.of(1, 2))).toBe(true)
    expect(gather.add(Uint8Array.of(3))).toBe(true)
    expect(gather.heldBytes).toBe(3)
    take()
    expect(out.map(({ atFirst }) => atFirst)).toEqual([[1, 2, 3]])
    expect(gather.heldBytes).toBe(0)
    expect(gather.take()).toBeUndefined()
  })

  it('are copied: the piece may be changed afterwards', () => {
    const { gather } = gathering()
    const piece = Uint8Array.of(1)
    gather.add(piece)
    piece[0] = 9
    expect([...gather.take()!]).toEqual([1])
  })

  it('are neither lost nor changed once they are out, however many follow, full blocks included', () => {
    const { gather, take, out } = gathering()
    const all: number[] = []
    for (let i = 0; i < 20_000; i++) {
      const piece = Array.from({ length: i % 7 }, (_, at) => (i + at) % 256)
      gather.add(Uint8Array.from(piece))
      all.push(...piece)
      if (i % 11 === 0) take()
    }
    take()
    expect(out.flatMap(({ atFirst }) => atFirst)).toEqual(all)
    expect(out.flatMap(({ bytes }) => [...bytes])).toEqual(all)
  })
})

it('a piece of 1,025 bytes is left to the caller, one of 1,024 is taken', () => {
  const { gather } = gathering()
  expect(gather.add(new Uint8Array(1024))).toBe(true)
  expect(gather.add(new Uint8Array(1025))).toBe(false)
  expect(gather.heldBytes).toBe(1024)
})
