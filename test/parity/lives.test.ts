// What ends, ends alone: nothing of an old life is heard in the new one, and no other program or board suffers.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { Action } from '../../src/wire/index.js'
import { runningPort } from '../port/harness.js'
import { createRandom, SEED } from '../wire/random.js'
import { boardPort, data, failedWith, newFolder, programPort, sh, textOf } from './supervised.js'

describe('the old life of a program', () => {
  it('L19: leaves half a packet, which is dropped and told, and what its child still says is not heard in the new one', async () => {
    // A child of it outlives it, holds its output, and answers a call 3 that the new life has asked of another process.
    const script = `if [ -e "$2" ]; then exec "$1"; fi; touch "$2"
      setsid sh -c 'trap "" PIPE; while [ ! -e "$1.now" ]; do sleep 0.01; done
        printf "\\000\\006\\361\\003\\304\\002no"; touch "$1.said"' sh "$2" &
      printf '\\000\\050\\361half'; exit 3`
    const flag = join(newFolder(), 'flag')
    const refused: string[] = []
    const { port, next } = programPort({}, sh(script, flag))
    port.watch((notice) => notice.kind === 'refused' && refused.push(notice.problem))
    const died = await next('backoff', 0)
    expect(died.exit).toEqual({ kind: 'status', status: 3 })
    expect(refused).toEqual([expect.stringMatching(/^truncated: the stream ended with 7 of 42 bytes/)])
    await port.ready()
    const unanswered = port.call('settle', { ms: 60_000 }) // token 3
    const failed = expect(unanswered).rejects.toMatchObject(failedWith({ kind: 'closed' }))
    await expect.poll(() => port.info().unansweredCalls).toBe(1)
    const { bytesReceived } = port.info().counters
    writeFileSync(`${flag}.now`, '')
    await expect.poll(() => existsSync(`${flag}.said`)).toBe(true)
    expect(port.info().counters.bytesReceived).toBe(bytesReceived)
    expect(port.info().unansweredCalls).toBe(1)
    await port.close()
    await failed
  })
})

describe('the old life of a board', () => {
  it("L19: replies, events and half a frame that arrive after the restart are nobody's", async () => {
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    const heard: unknown[] = []
    port.on('reading', (value) => heard.push(value))
    port.consume('alarm', (value) => void heard.push(value))
    await clock.settle()
    const old = port.call('blink', { times: 3 }) // not idempotent: it is not made again
    const token = device.take().find(({ action }) => action === 7)!.token
    const failed = expect(old).rejects.toMatchObject(failedWith({ kind: 'unplugged' }))
    device.mute()
    device.end({ kind: 'unplugged', detail: 'gone' })
    await failed
    await clock.advance(300)
    expect(port.info()).toMatchObject({ state: 'handshake', session: 2 })
    // The UART of the converter still held these.
    device.say(Action.REPLY, token, 0.25)
    device.say(9, 0, [1, 2])
    device.say(10, 1, [99, true])
    device.sayBytes(Uint8Array.of(0, 9, 1, 2, 3))
    await clock.settle()
    device.autoHello({ window: 4, receiveBytes: 0 })
    await clock.advance(1_500)
    expect(port.info().state).toBe('running')
    device.take()
    const fresh = port.call('setVent', { open: 0.75 })
    const written = device.take().find(({ action }) => action === 1)!
    device.say(Action.REPLY, written.token, 0.75)
    await expect(clock.until(fresh)).resolves.toBe(0.75)
    expect(heard).toEqual([])
    expect(port.info().counters).toMatchObject({ lateReplies: 0, eventsReceived: 0 })
    await clock.until(port.close())
  })
})

const CALLS = 200
/** @returns how many of the calls were answered with what they sent */
async function callMany(port: { call(action: 'echo', args: { data: Uint8Array }): Promise<Uint8Array> }, name: string) {
  let right = 0
  for (let i = 0; i < CALLS; i++)
    if (textOf(await port.call('echo', data(`${name} ${i}`))) === `${name} ${i}`) right += 1
  return right
}

describe('one of ten programs', () => {
  it('L24: that crashes over and over costs the other nine no call', async () => {
    const [victim, ...others] = Array.from({ length: 10 }, () =>
      programPort({ restart: { firstMs: 1, maxMs: 1, intensity: 1e6 } }),
    )
    await Promise.all(others.map(({ port }) => port.ready()))
    let over = false
    const crashing = async () => {
      for (; !over; await victim!.next('running')) victim!.crash()
    }
    await victim!.port.ready()
    const crashes = crashing()
    const right = await Promise.all(others.map(({ port }, i) => callMany(port, `program ${i}`)))
    over = true
    await crashes
    expect(right).toEqual(Array(9).fill(CALLS))
    expect(others.map(({ port }) => port.info().restarts)).toEqual(Array(9).fill(0))
    expect(victim!.port.info().restarts).toBeGreaterThan(0)
  })

  it('L24: that floods its stderr costs no call, neither of its own nor of the other nine', async () => {
    const noisy = programPort({}, sh('yes 0123456789abcdef >&2 & exec "$1"'))
    const others = Array.from({ length: 9 }, () => programPort())
    let lines = 0
    noisy.port.watch((notice) => {
      if (notice.kind === 'console') lines += 1
    })
    await Promise.all([noisy, ...others].map(({ port }) => port.ready()))
    const right = await Promise.all([noisy, ...others].map(({ port }, i) => callMany(port, `program ${i}`)))
    expect(right).toEqual(Array(10).fill(CALLS))
    expect(lines).toBeGreaterThan(1_000)
  })
})

describe('one of ten boards', () => {
  it('L24: that is unplugged, floods or only makes noise costs the other seven no call', async () => {
    const boards = Array.from({ length: 10 }, () => boardPort())
    const right = boards.map(async ({ clock, board, port }, i) => {
      await clock.until(port.ready())
      if (i === 0) board.unplug()
      if (i === 1) port.on('reading', () => {})
      const calls = callMany(port, `board ${i}`)
      if (i > 2) return clock.until(calls)
      calls.catch(() => {})
      const random = createRandom(SEED + i)
      for (let ms = 0; ms < 2_000; ms++) {
        if (i === 1) for (let n = 0; n < 10; n++) board.device?.emit('reading', { celsius: n, humidity: n })
        if (i === 2) board.print(Uint8Array.from({ length: 64 }, () => Math.floor(random() * 256)))
        await clock.advance(1)
      }
      return undefined
    })
    expect((await Promise.all(right)).slice(3)).toEqual(Array(7).fill(CALLS))
    expect(boards[1]!.port.info().counters.eventsReceived).toBeGreaterThan(10_000)
    await Promise.all(boards.map(({ clock, port }) => clock.until(port.close())))
  })
})

describe('a program that is stopped at a bad moment', () => {
  it('L25: while it starts, while it is restarted, and while it is killed: close resolves and it is gone', async () => {
    const starting = programPort()
    expect(await starting.port.close()).toEqual({ kind: 'closed' })
    const restarting = programPort({ restart: { firstMs: 60_000 } })
    await restarting.port.ready()
    const died = restarting.next('backoff')
    restarting.crash()
    await died
    expect(await restarting.port.close()).toEqual({ kind: 'closed' })
    const killed = programPort()
    await killed.port.ready()
    const exits = await Promise.all([killed.port.kill(), killed.port.close(), killed.port.close()])
    expect(exits.slice(1)).toEqual([{ kind: 'closed' }, { kind: 'closed' }])
    for (const { pids } of [starting, restarting, killed])
      for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(false)
  })
})

describe('a board that is closed at a bad moment', () => {
  it('L25: while it boots, while it is away, and while it is killed: close resolves and its port can be opened again', async () => {
    for (const moment of ['boots', 'away', 'killed'] as const) {
      const { clock, board, port } = boardPort({}, { bootMs: 500, resetOnOpen: true })
      if (moment !== 'boots') await clock.until(port.ready())
      if (moment === 'away') {
        board.unplug()
        await clock.advance(1_000)
      }
      const kill = moment === 'killed' ? port.kill() : undefined
      expect(await clock.until(port.close())).toEqual({ kind: 'closed' })
      if (kill) expect(await clock.until(kill)).toEqual({ kind: 'closed' })
      board.plug()
      const next = createPort(greenhouse, { serial: board.path, binding: board.binding, clock })
      await clock.until(next.ready())
      await clock.until(next.close())
    }
  })
})
