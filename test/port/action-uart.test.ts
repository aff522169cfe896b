/** Bare packets of a board on a UART that say too little or too much, in virtual time. */

import { describe, expect, it } from 'vitest'
import { createPacketReceiver } from '../../src/port/host/raw-packets.js'
import { encodePacket } from '../../src/wire/index.js'
import { failure, problems, scriptedPort } from './action-peer.js'

describe('bare packets on a UART', () => {
  it('F8: half a packet and the end of the line is never the answer, nor the beginning of the next one', async () => {
    const { clock, port, peer, notices } = await scriptedPort({}, { lossless: false })
    const cut = failure(port.call('echo', 'half'))
    peer.bytes(0, 5, 0xa4, 0x68)
    peer.end({ kind: 'unplugged', detail: 'gone' })
    expect(await clock.until(cut)).toMatchObject({ code: 'PORT_EXITED', exit: { kind: 'unplugged' } })
    expect(problems(notices)).toEqual([expect.stringContaining('4 of 7 bytes of a packet')])
    await clock.until(port.ready())
    await clock.advance(1)
    const next = port.call('echo', 'whole')
    peer.answer('whole')
    await expect(clock.until(next)).resolves.toBe('whole')
  })

  it('F11: text before the first packet is dropped after 50 ms, counted and shown', async () => {
    const { clock, port, peer, notices } = await scriptedPort({}, { lossless: false })
    peer.bytes(...new TextEncoder().encode('Hi there\n'))
    await clock.advance(50)
    expect(problems(notices)).toEqual([expect.stringContaining('"Hi there."')])
    const call = port.call('echo', 1)
    peer.answer(1)
    await expect(clock.until(call)).resolves.toBe(1)
    expect(port.info()).toMatchObject({ session: 1, counters: { framesDropped: { length: 1 } } })
  })
})

describe('half a packet of a board', () => {
  /** A receiver whose timers come when the test lets the host turn to them. */
  function receiver() {
    let nowMs = 0
    let timer: { readonly dueMs: number; readonly run: () => void } | undefined
    const heard: string[] = []
    const packets = createPacketReceiver({
      prefixBytes: 2,
      maxContentBytes: 65_535,
      lossless: false,
      clock: {
        nowMs: () => nowMs,
        after(delayMs, run) {
          const own = { dueMs: nowMs + delayMs, run }
          timer = own
          return () => {
            if (timer === own) timer = undefined
          }
        },
      },
      handlers: {
        content: (bytes) => heard.push(Buffer.from(bytes).toString()),
        broken: (detail) => heard.push(detail),
        cut: (detail) => heard.push(`cut off: ${detail}`),
      },
    })
    /** So much later the host turns to its timers, once. */
    const turnAfter = (ms: number) => {
      nowMs += ms
      if (timer === undefined || timer.dueMs > nowMs) return
      const { run } = timer
      timer = undefined
      run()
    }
    return { packets, heard, turnAfter }
  }
  const packet = encodePacket(new TextEncoder().encode('whole'), 2)

  it('F9: is not dropped when the host was busy, and the rest of it waits to be read', () => {
    for (const busyMs of [20, 51, 120, 5_000]) {
      const { packets, heard, turnAfter } = receiver()
      packets.push(packet.subarray(0, 4))
      turnAfter(busyMs)
      packets.push(packet.subarray(4))
      expect(heard, `busy for ${busyMs} ms`).toEqual(['whole'])
    }
  })

  it('F9: is dropped after 50 ms in which the host looked and nothing came, busy before or not', () => {
    for (const busyMs of [0, 200]) {
      const { packets, heard, turnAfter } = receiver()
      packets.push(packet.subarray(0, 4))
      turnAfter(busyMs)
      for (let ms = 1; ms < 50; ms++) turnAfter(1)
      expect(heard, `busy for ${busyMs} ms`).toEqual([])
      turnAfter(1)
      expect(heard.map((line) => line.slice(0, 32))).toEqual(['cut off: 4 of 7 bytes of a packe'])
    }
  })
})
