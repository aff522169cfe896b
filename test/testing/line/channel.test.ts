import { describe, expect, it } from 'vitest'
import { type ChannelOptions, createChannel } from '../../../src/testing/line/index.js'
import { createVirtualClock } from '../../../src/testing/virtual-clock.js'

function make(options: Partial<ChannelOptions> = {}) {
  const clock = createVirtualClock()
  const heard: { readonly atMs: number; readonly bytes: number[] }[] = []
  const channel = createChannel({
    clock,
    baudRate: 10_000, // a byte a millisecond
    ...options,
    deliver: (bytes) => heard.push({ atMs: Math.round(clock.nowMs() * 1_000) / 1_000, bytes: [...bytes] }),
  })
  return { clock, channel, heard }
}

describe('a channel', () => {
  it('takes ten bits of time for a byte, one run behind the other', async () => {
    const { clock, channel, heard } = make()
    channel.send(Uint8Array.of(1, 2, 3))
    channel.send(Uint8Array.of(4))
    expect(channel.queuedBytes).toBe(4)
    await clock.advance(10)
    expect(heard).toEqual([
      { atMs: 3, bytes: [1, 2, 3] },
      { atMs: 4, bytes: [4] },
    ])
    expect(channel.queuedBytes).toBe(0)
  })

  it('delivers later by its latency, and no slower for it', async () => {
    const { clock, channel, heard } = make({ latencyMs: 16 })
    channel.send(Uint8Array.of(1))
    channel.send(Uint8Array.of(2))
    await clock.advance(100)
    expect(heard.map(({ atMs }) => atMs)).toEqual([17, 18])
  })

  it('keeps the order of what was sent on a clock whose timers go off in another', () => {
    const timers: (() => void)[] = []
    const clock = {
      nowMs: () => 0,
      after(_: number, run: () => void) {
        timers.push(run)
        return () => {}
      },
    }
    const heard: number[] = []
    const channel = createChannel({ clock, deliver: (bytes) => heard.push(...bytes) })
    for (const byte of [1, 2, 3]) channel.send(Uint8Array.of(byte))
    timers[1]!()
    expect(heard).toEqual([1, 2])
    timers[2]!()
    expect(heard).toEqual([1, 2, 3])
    expect(channel.queuedBytes).toBe(0)
  })

  it('can deliver one byte at a time', async () => {
    const { clock, channel, heard } = make({ pieces: 'bytes' })
    channel.send(Uint8Array.of(1, 2, 3))
    await clock.advance(10)
    expect(heard).toEqual([1, 2, 3].map((byte) => ({ atMs: byte, bytes: [byte] })))
  })

  it('holds everything while it is frozen, and loses nothing', async () => {
    const { clock, channel, heard } = make()
    channel.send(Uint8Array.of(1))
    channel.stall(50)
    channel.send(Uint8Array.of(2))
    await clock.advance(49)
    expect(heard).toEqual([])
    expect(channel.queuedBytes).toBe(2)
    await clock.advance(1)
    expect(heard.map(({ bytes }) => bytes)).toEqual([[1], [2]])
  })

  it('frozen again by what it delivers, keeps the rest', async () => {
    const clock = createVirtualClock()
    const heard: number[] = []
    const channel = createChannel({
      clock,
      deliver(bytes) {
        heard.push(...bytes)
        channel.freeze()
      },
    })
    channel.freeze()
    channel.send(Uint8Array.of(1))
    channel.send(Uint8Array.of(2))
    await clock.advance(10)
    channel.thaw()
    expect(heard).toEqual([1])
    channel.thaw()
    expect(heard).toEqual([1, 2])
  })

  it('forgets what is on its way when it is cut', async () => {
    const { clock, channel, heard } = make()
    channel.send(Uint8Array.of(1, 2, 3))
    await clock.advance(1)
    channel.cut()
    channel.send(Uint8Array.of(4))
    await clock.advance(100)
    expect(heard).toEqual([{ atMs: 2, bytes: [4] }])
  })
})
