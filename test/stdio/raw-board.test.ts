/** The board over bare packets: opened, lost and opened anew, in virtual time over links that the test holds. */

import { describe, expect, it } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import type { Connector, LinkHandlers } from '../../src/link/index.js'
import type { OnDrop } from '../../src/stdio/board.js'
import { startRawBoard } from '../../src/stdio/raw-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { encodePacket } from '../../src/wire/index.js'

const HUNG_UP = { kind: 'unplugged' } as never

/** @param opens  false while the tty is not there */
function start(onDrop: OnDrop, opens: () => boolean = () => true) {
  const clock = createVirtualClock()
  const seen: string[] = []
  const links: LinkHandlers[] = []
  let arrived: (() => void) | undefined
  const connector: Connector = {
    name: '/dev/test',
    lossless: false,
    async connect(handlers) {
      seen.push('open')
      if (!opens()) throw new PortwireError('PORT_NOT_FOUND', '/dev/test')
      links.push(handlers)
      return {
        write(bytes: Uint8Array) {
          seen.push(`written ${[...bytes]}`)
        },
        async close() {
          seen.push('closed')
        },
      } as never
    },
    onArrival(run) {
      arrived = run
      return () => {
        arrived = undefined
      }
    },
  }
  const board = startRawBoard({
    connector,
    prefixBytes: 2,
    callTimeoutMs: 1_000,
    onDrop,
    clock,
    handlers: {
      up: () => void seen.push('up'),
      lost: (exit) => void seen.push(`lost: ${exit.kind}`),
      said: () => {},
      note: () => {},
    },
  })
  return { clock, seen, links, board, arrive: () => arrived?.() }
}

const answerTo = (answers: unknown[], call: Promise<unknown>) => void call.then((answer) => answers.push(answer))

describe('a board over bare packets', () => {
  it('is up when it is open; a call is its bytes, the answer those of the board', async () => {
    const { clock, seen, links, board } = start('exit')
    await clock.settle()
    const answers: unknown[] = []
    answerTo(answers, board.call(Uint8Array.of(4, 42)))
    links[0]!.data(encodePacket(Uint8Array.of(42), 2))
    await clock.settle()
    expect(seen).toEqual(['open', 'up', 'written 0,2,4,42'])
    expect(answers).toEqual([Uint8Array.of(42)])
    expect(await board.call(new Uint8Array(0))).toEqual({ error: expect.stringContaining('no action'), code: 2 })
  })

  it('ends at its first drop under exit, and when it never opened under anything', async () => {
    const dropped = start('exit')
    await dropped.clock.settle()
    dropped.links[0]!.ended(HUNG_UP)
    await dropped.clock.advance(60_000)
    expect(dropped.seen).toEqual(['open', 'up', 'lost: unplugged'])
    const missing = start('hold', () => false)
    await missing.clock.advance(60_000)
    expect(missing.seen).toEqual(['open', 'lost: failed'])
  })

  it('under error answers at once while it is gone; under hold the call waits and goes out when it is back', async () => {
    for (const onDrop of ['error', 'hold'] as const) {
      const { clock, seen, links, board, arrive } = start(onDrop)
      await clock.settle()
      links[0]!.ended(HUNG_UP)
      const answers: unknown[] = []
      answerTo(answers, board.call(Uint8Array.of(4, 1)))
      await clock.settle()
      expect(answers).toEqual(onDrop === 'error' ? [{ error: 'disconnected' }] : [])
      arrive() // a hot-plug event: without waiting for the pause
      await clock.settle()
      const written = onDrop === 'hold' ? ['written 0,2,4,1'] : []
      expect(seen).toEqual(['open', 'up', 'lost: unplugged', 'open', ...written, 'up'])
    }
  })

  it('is tried again after pauses that double up to a second, and bytes of the old link are not heard', async () => {
    let isThere = true
    const { clock, seen, links, board } = start('hold', () => isThere)
    await clock.settle()
    isThere = false
    links[0]!.ended(HUNG_UP)
    const triedAtMs: number[] = []
    const tries = () => seen.filter((line) => line === 'open').length
    for (let ms = 0, before = tries(); ms < 4_000; ms += 10) {
      await clock.advance(10)
      if (tries() > before) triedAtMs.push(clock.nowMs())
      before = tries()
    }
    const pauses = triedAtMs.map((atMs, index) => atMs - (triedAtMs[index - 1] ?? 0))
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])
    isThere = true
    await clock.advance(1_000)
    links[0]!.data(encodePacket(Uint8Array.of(9), 2))
    expect(board.counters().refused).toBe(0)
  })

  it('is closed and opened anew when an answer stays owed', async () => {
    const { clock, seen, board } = start('hold')
    await clock.settle()
    const answers: unknown[] = []
    answerTo(answers, board.call(Uint8Array.of(5, 6)))
    await clock.advance(2_000)
    expect(answers).toEqual([{ error: 'timeout' }])
    expect(seen.slice(2)).toEqual(['written 0,2,5,6', 'closed', 'lost: protocol'])
    await clock.advance(50)
    expect(seen.slice(-2)).toEqual(['open', 'up'])
  })
})
