/** A client under `--notify`, byte by byte, over a real Port and a board in virtual time. */

import 'serialport'
import { describe, expect, it } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { deferred } from '../../src/deferred.js'
import { serialConnector } from '../../src/link/index.js'
import { ApplicationError, type DeviceSession } from '../../src/port/index.js'
import { createBridge } from '../../src/stdio/bridge.js'
import { startingCommands } from '../../src/stdio/client-commands.js'
import { startLinkBoard } from '../../src/stdio/link-board.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createPacketDecoder, createValueCodec, encodePacket } from '../../src/wire/index.js'
import { numbers } from './tty-board.js'

const contract = numbers as unknown as Contract
const codec = createValueCodec()

/** @param notify  names, as the flag has them; undefined: without the flag */
async function start(notify: readonly string[] | undefined, held: () => Promise<unknown> = async () => 'done') {
  const clock = createVirtualClock()
  const client = { isReading: true }
  const board = createMockBoard({
    contract,
    clock,
    random: () => 0.5,
    handlers: {
      map: () => ({ id: 7 }),
      list: () => [],
      create: () => undefined,
      echo: (value: unknown) => value,
      grumble: (value: unknown) => value,
      never: () => new Promise(() => {}),
      length: () => 0,
      held,
    } as never,
  })
  const up = deferred<void>()
  const link = startLinkBoard({
    connector: serialConnector({ path: board.path, binding: board.binding, clock }),
    ...(notify && { contract }),
    callTimeoutMs: 4_900,
    readyTimeoutMs: 10_000,
    onDrop: 'hold',
    clock,
    handlers: { up: () => up.resolve(), lost: () => {}, said: () => {}, note: () => {} },
  })
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  /** Each packet with its tag as a letter; without the flag there is none. */
  const packets: unknown[][] = []
  let atMs: number[] = []
  const bridge = createBridge({
    prefixBytes: 2,
    board: link,
    isReading: () => client.isReading,
    ...(notify && { notify: { port: link.port, contract } }),
    write(bytes) {
      for (const packet of decoder.push(bytes)) {
        if (packet.kind !== 'content') throw new Error('what was written is no packet')
        const tag = notify ? [String.fromCharCode(packet.bytes[0]!)] : []
        const decoded = codec.decode(packet.bytes, notify ? 1 : 0)
        packets.push([...tag, decoded.ok ? decoded.value : decoded])
        atMs.push(clock.nowMs())
      }
    },
  })
  for (const command of startingCommands(contract, notify ?? [])) bridge.command(command)
  await clock.until(up.promise)
  await clock.advance(10)
  const send = (action: number, ...value: unknown[]) => {
    bridge.receive(encodePacket(Uint8Array.from([action, ...value.flatMap((one) => [...codec.encode(one)])]), 2))
  }
  return {
    clock,
    client,
    board,
    bridge,
    packets,
    send,
    command: (...command: unknown[]) => send(255, command),
    device: (): DeviceSession => board.device!,
    /** What was written since the last time, and when. */
    take() {
      const taken = packets.splice(0)
      const times = atMs
      atMs = []
      return { packets: taken, atMs: times }
    },
    counters: () => link.counters(),
  }
}

describe('a client of a board under --notify', () => {
  it('A15: the id of a job of 2 s is there in under 50 ms, 1,000 short calls are answered within it, then comes its end', async () => {
    const job = deferred<unknown>()
    const { clock, send, command, take } = await start([], () => job.promise)
    const startMs = clock.nowMs()
    clock.after(2_000, () => job.resolve('done'))
    command('bgapi', 'held', 1)
    await clock.advance(0)
    for (let n = 0; n < 1_000; n++) {
      send(4, n)
      await clock.advance(1)
    }
    await clock.advance(2_000)
    const { packets, atMs } = take()
    expect(packets[0]).toEqual(['r', ['ok', 1]])
    expect(atMs[0]! - startMs).toBeLessThan(50)
    expect(packets.slice(1, 1_001)).toEqual([...Array(1_000).keys()].map((n) => ['r', n]))
    expect(packets[1_001]).toEqual(['n', ['bgok', 1, 'done']])
    expect(atMs[1_000]! - startMs).toBeLessThan(2_000)
  })

  it('C12: the end of a job never overtakes its id, though the answer of an earlier call holds that up', async () => {
    const { clock, send, command, take } = await start([])
    send(7, 0) // never answered: a timeout after 4,900 ms
    command('bgapi', 4, 42)
    await clock.advance(4_000)
    expect(take().packets).toEqual([])
    await clock.advance(1_000)
    expect(take().packets).toEqual([
      ['r', { error: 'timeout' }],
      ['r', ['ok', 1]],
      ['n', ['bgok', 1, 42]],
    ])
  })

  it('C12, C15: a job that fails, one that is cancelled and one whose board goes away end by bgerror', async () => {
    const pending = [deferred<unknown>(), deferred<unknown>(), deferred<unknown>()]
    let next = 0
    const { clock, board, command, take } = await start([], () => pending[next++]!.promise)
    for (const id of [1, 2, 3]) {
      command('bgapi', 9, id)
      await clock.advance(200)
    }
    take()
    pending[0]!.reject(new ApplicationError(20, 'no bulb'))
    await clock.advance(100)
    command('cancel', 2)
    await clock.advance(100)
    board.unplug()
    await clock.advance(1_000)
    const { packets } = take()
    expect(packets).toEqual([
      ['n', ['bgerror', 1, { error: 'no bulb', code: 20 }]],
      ['r', 'ok'],
      ['n', ['bgerror', 2, { error: 'cancelled', code: 9 }]],
      ['n', ['bgerror', 3, { error: 'disconnected' }]],
    ])
    command('cancel', 2)
    command('cancel', 4)
    expect(take().packets).toEqual([
      ['r', ['error', 'expired']],
      ['r', ['error', 'badid']],
    ])
  })

  it('E13, E14, E15: a question of the board carries its deadline; the first answer wins, one after the deadline is expired', async () => {
    const { clock, device, command, take } = await start(['configuration'])
    const answer = device().ask('configuration', { key: 'interval' }, 3_000)
    await clock.advance(10)
    expect(take().packets).toEqual([['n', ['fetch', 'configuration', ['interval'], 1, 3_000]]])
    command('fetch_reply', 1, 2_500)
    command('fetch_reply', 1, 9)
    expect(await clock.until(answer)).toBe(2_500)
    const late = device().ask('configuration', { key: 'interval' }, 3_000)
    late.catch(() => {})
    await clock.advance(3_100)
    command('fetch_reply', 2, 2_500)
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/CALL_TIMEOUT|REMOTE_ERROR/) })
    expect(take().packets).toEqual([
      ['r', 'ok'],
      ['r', ['error', 'expired']],
      ['n', ['fetch', 'configuration', ['interval'], 2, 3_000]],
      ['r', ['error', 'expired']],
    ])
  })

  it('E17: an answer of nothing, of a wrong type or beyond its range is badarg, and the question stays open', async () => {
    const { clock, device, command, take } = await start(['configuration'])
    const answer = device().ask('configuration', { key: 'interval' }, 3_000)
    await clock.advance(10)
    take()
    command('fetch_reply', 1)
    command('fetch_reply', 1, 'soon')
    command('fetch_reply', 1, 60_001)
    command('fetch_reply', 'x', 1)
    for (const [, reply] of take().packets) expect(reply).toEqual(['error', 'badarg', expect.any(String)])
    command('fetch_reply', 1, 60_000)
    expect(await clock.until(answer)).toBe(60_000)
  })

  it('E16: without a handler, and after unbind, the board is told none at once', async () => {
    const { clock, device, command, take } = await start(['configuration'])
    command('unbind', 'configuration')
    expect(take().packets).toEqual([['r', 'ok']])
    const startMs = clock.nowMs()
    await expect(clock.until(device().ask('configuration', { key: 'x' }, 60_000))).rejects.toThrow('(error 1)')
    expect(clock.nowMs() - startMs).toBeLessThan(50)
  })

  it('a question of a session that is over is expired: nobody waits for its answer', async () => {
    const { clock, board, device, command, take } = await start(['configuration'])
    device()
      .ask('configuration', { key: 'x' }, 60_000)
      .catch(() => {})
    await clock.advance(10)
    board.reset()
    await clock.advance(2_000)
    take()
    command('fetch_reply', 1, 5)
    expect(take().packets).toEqual([['r', ['error', 'expired']]])
  })

  it('E12: bindings of a client come back after a restart of the board', async () => {
    const { clock, board, device, take } = await start(['reading', 'configuration'])
    board.unplug()
    await clock.advance(1_000)
    board.plug()
    await clock.advance(3_000)
    take()
    expect(device().emit('reading', { n: 1, text: 'x' })).toBe(true)
    const answer = device().ask('configuration', { key: 'x' }, 3_000)
    answer.catch(() => {})
    await clock.advance(10)
    expect(take().packets).toEqual([
      ['n', ['event', ['reading', 1, 'x', 0]]],
      ['n', ['fetch', 'configuration', ['x'], 1, 3_000]],
    ])
  })

  it('A5: replugged after a second, the board answers the call that waited for it', async () => {
    const { clock, board, send, take } = await start([])
    board.unplug()
    await clock.advance(100)
    send(4, 42)
    await clock.advance(900)
    expect(take().packets).toEqual([])
    board.plug()
    await clock.advance(3_900)
    expect(take().packets).toEqual([['r', 42]])
  })

  it('S5: a reliable event stays on the board until the client reads; calls are not held up by what waits', async () => {
    const { clock, client, device, send, take, bridge } = await start(['alarm', 'reading'])
    client.isReading = false
    for (let n = 0; n < 40; n++) device().emit('alarm', { high: true })
    await clock.advance(1_000)
    // The board's queue of 16 is full: it drops and counts, the bridge does not.
    expect(device().counters.eventsDropped).toBeGreaterThan(0)
    expect(bridge.counters.eventsDropped).toBe(0)
    send(4, 1)
    client.isReading = true
    bridge.pump()
    await clock.advance(1_000)
    const { packets } = take()
    const alarms = packets.filter(([, notice]) => Array.isArray(notice) && notice[0] === 'event').length
    const lost = packets.filter(([, notice]) => Array.isArray(notice) && notice[0] === 'lost')
    expect(packets).toContainEqual(['r', 1])
    expect(lost).toEqual([['n', ['lost', 40 - alarms, 'board']]])
  })

  it('W7: heartbeats never reach the client', async () => {
    const { clock, device, take } = await start(['ALL'])
    take()
    const before = device().counters.taken
    await clock.advance(60_000)
    expect(device().counters.taken - before).toBeGreaterThan(50)
    expect(take().packets).toEqual([])
  })

  it('W9, S5: of 100,000 events during one action a client that does not read keeps 25,000, in order; how many it lost is said in their place', {
    timeout: 60_000,
  }, async () => {
    const action = deferred<unknown>()
    const { clock, client, device, send, take, bridge } = await start(['reading'], () => action.promise)
    send(9, 1)
    client.isReading = false
    for (let n = 0; n < 100_000; n++) {
      device().emit('reading', { n, text: '' })
      if (n % 1_000 === 0) await clock.advance(1)
    }
    action.resolve('done')
    await clock.advance(1)
    client.isReading = true
    bridge.pump()
    device().emit('reading', { n: 100_000, text: '' })
    await clock.advance(100)
    const notices = take().packets.filter(([tag]) => tag === 'n')
    const numbersHeard = notices.slice(0, 25_000).map(([, notice]) => ((notice as unknown[])[1] as unknown[])[1])
    expect(numbersHeard).toEqual([...Array(25_000).keys()])
    expect(notices.slice(25_000)).toEqual([
      ['n', ['lost', 75_000, 'client']],
      ['n', ['event', ['reading', 100_000, '', 100_000]]],
    ])
  })

  it('C16: what is no command is badarg or undef by name, and the client lives', async () => {
    const { send, command, take } = await start([])
    command()
    send(255, 5)
    command('constructor')
    command('bgapi')
    command('bgapi', 'nothing')
    command('bgapi', 240)
    command('event')
    command('event', [1])
    command('bind', 'nothing')
    send(255)
    const replies = take().packets.map(([, reply]) => reply)
    expect(replies).toHaveLength(10)
    expect(replies.slice(0, 9).map((reply) => (reply as unknown[]).slice(0, 2))).toEqual(
      ['badarg', 'badarg', 'undef', 'badarg', 'badarg', 'badarg', 'badarg', 'badarg', 'badarg'].map((why) => [
        'error',
        why,
      ]),
    )
    expect(replies[9]).toMatchObject({ code: 2 })
  })
})

describe('a client of a board without --notify', () => {
  it('events and requests do not reach it: what passes is the value of a reply, and what did not is counted', async () => {
    const { clock, device, send, take, counters } = await start(undefined)
    device().emit('alarm', { high: true })
    await clock.advance(100)
    send(4, 7)
    await clock.advance(100)
    expect(take().packets).toEqual([[7]])
    expect(counters().refused).toBe(1)
  })

  it('a request of the board is told at once that nobody answers: the board has said which of its numbers are requests', async () => {
    const { clock, device } = await start(undefined)
    const startedMs = clock.nowMs()
    const asked = device().ask('configuration', { key: 'interval' }, 60_000)
    await expect(clock.until(asked)).rejects.toThrow(/^REMOTE_ERROR: .*\(error 1\)$/)
    expect(clock.nowMs() - startedMs).toBeLessThan(100)
  })
})
