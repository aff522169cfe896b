// Supervision means the same for a program and for a board: an end is noticed unasked, and what is to run again does.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import 'serialport'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { startNative } from '../../src/testing/native.js'
import { createRandom, SEED } from '../wire/random.js'
import {
  boardPort,
  data,
  FIRMWARE,
  failedWith,
  followStates,
  newFolder,
  programPort,
  sh,
  textOf,
} from './supervised.js'

const isZombie = (pid: number) =>
  existsSync(`/proc/${pid}`) && /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

describe('the end of a program', () => {
  it('L11: is noticed without anybody waiting, with its signal, and leaves no zombie', async () => {
    const { port, pids, crash } = programPort({ restart: { type: 'temporary' } })
    await port.ready()
    crash()
    await expect.poll(() => port.info().state).toBe('closed')
    expect(port.info().lastExit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
    expect(isZombie(pids[0]!)).toBe(false)
    expect(existsSync(`/proc/${pids[0]}`)).toBe(false)
  })
})

describe('the end of a board', () => {
  it('L11: is noticed without anybody waiting, within a second of the cable being pulled', async () => {
    const { clock, board, port, states } = boardPort()
    await clock.until(port.ready())
    const unpluggedMs = clock.nowMs()
    let noticedMs = Number.POSITIVE_INFINITY
    port.watch((notice) => {
      if (notice.kind === 'state') noticedMs = Math.min(noticedMs, clock.nowMs())
    })
    board.unplug()
    await clock.advance(5_000)
    expect(states.find(({ exit }) => exit)).toMatchObject({ state: 'backoff', exit: { kind: 'unplugged' } })
    expect(noticedMs - unpluggedMs).toBeLessThan(1_000)
    await clock.until(port.close())
  })

  it('L11: is noticed behind a pty when its program is gone, which no read tells', async () => {
    const board = await startNative(FIRMWARE)
    onTestFinished(() => board.kill())
    const port = createPort(greenhouse, { serial: board.path, restart: { type: 'temporary' } })
    onTestFinished(async () => void (await port.close()))
    await port.ready()
    board.kill()
    await expect.poll(() => port.info().state, { timeout: 5_000 }).toBe('closed')
    expect(port.info().lastExit).toMatchObject({ kind: 'unplugged' })
  })
})

describe('a program that died', () => {
  it('L17: between two calls is there for the next one, again and again, where a client that spawns once is dead', async () => {
    const bare = spawn(FIRMWARE, { stdio: ['pipe', 'ignore', 'ignore'] })
    bare.stdin.on('error', () => {})
    const exited = new Promise((resolve) => bare.once('exit', resolve))
    bare.kill('SIGKILL')
    await exited
    const write = () => new Promise<unknown>((done) => bare.stdin.write('request', (error) => done(error ?? 'written')))
    expect([await write(), await write()]).toEqual([expect.any(Error), expect.any(Error)])

    const { port, pids, crash, next } = programPort()
    for (let life = 1; life <= 3; life++) {
      expect(textOf(await port.call('echo', data(`life ${life}`)))).toBe(`life ${life}`)
      const died = next('backoff')
      crash()
      await died
    }
    expect(textOf(await port.call('echo', data('last')))).toBe('last')
    expect(new Set(pids).size).toBe(4)
    expect(port.info().restarts).toBe(3)
  })

  it('L17: in a call fails that call with its end, and answers the next one', async () => {
    const { port, crash } = programPort()
    await port.ready()
    const call = port.call('settle', { ms: 60_000 })
    const failed = expect(call).rejects.toMatchObject({ ...failedWith({ kind: 'signal' }), outcome: 'unknown' })
    await expect.poll(() => port.info().unansweredCalls).toBe(1)
    crash()
    await failed
    expect(textOf(await port.call('echo', data('again')))).toBe('again')
  })
})

describe('a board that was away', () => {
  it('L17: between two calls is there for the next one, which waits until the board is back', async () => {
    const { clock, board, port } = boardPort()
    await clock.until(port.ready())
    board.unplug()
    await clock.advance(100)
    const call = port.call('echo', data('held'), { timeoutMs: 20_000 })
    await clock.advance(7_000)
    board.plug()
    expect(textOf(await clock.until(call))).toBe('held')
    expect(port.info()).toMatchObject({ state: 'running', session: 2, restarts: 1 })
    await clock.until(port.close())
  })

  it('L17: may come back on another tty, where its own name leads to that', async () => {
    const path = join(newFolder(), 'by-id')
    // Both at once, so that they have different ttys.
    const [first, second] = await Promise.all([startNative(FIRMWARE), startNative(FIRMWARE)])
    onTestFinished(() => first.kill())
    onTestFinished(() => second.kill())
    symlinkSync(first.path, path)
    const port = createPort(greenhouse, { serial: path })
    onTestFinished(async () => void (await port.close()))
    const { next } = followStates(port)
    await port.ready()
    const died = next('backoff')
    first.kill()
    await died
    rmSync(path)
    symlinkSync(second.path, path)
    expect(textOf(await port.call('echo', data('moved'), { timeoutMs: 15_000 }))).toBe('moved')
  })
})

describe('the restart type of a program', () => {
  const exits = { 'ends well': 'exit 0', fails: 'exit 3' } as const

  it.each([
    ['permanent', 'ends well', 'backoff'],
    ['permanent', 'fails', 'backoff'],
    ['transient', 'ends well', 'closed'],
    ['transient', 'fails', 'backoff'],
    ['temporary', 'ends well', 'closed'],
    ['temporary', 'fails', 'closed'],
  ] as const)('L18: %s, of one that %s: %s', async (type, how, expected) => {
    const { states, next } = programPort({ restart: { type, firstMs: 60_000 }, random: () => 0.5 }, sh(exits[how]))
    const exit = { kind: 'status', status: how === 'fails' ? 3 : 0 }
    const { state, restartInMs } = await Promise.race([next('backoff', 0), next('closed', 0)])
    expect(state).toBe(expected)
    expect(states.at(-1)).toMatchObject({ exit })
    expect(restartInMs).toBe(expected === 'backoff' ? 15_000 : undefined) // half of 30 s, the longest
  })

  it('L18: more restarts than the intensity are a failed port, told with the reason, and tried slowly from then on', async () => {
    const restart = { firstMs: 4, maxMs: 10, intensity: 3, periodMs: 60_000, retryFailedMs: 20 }
    const { states, next } = programPort({ restart, random: () => 0.5 }, sh('exit 3'))
    const failed = await next('failed', 0)
    expect(failed).toMatchObject({ exit: { kind: 'status', status: 3 }, restartInMs: 20 })
    // Full jitter: half of 4, 8 and 10 (the longest) ms.
    expect(states.filter(({ state }) => state === 'backoff').map(({ restartInMs }) => restartInMs)).toEqual([2, 4, 5])
    await next('opening')
    await next('failed')
  })
})

describe('the restart type of a board', () => {
  it.each([
    ['permanent', 0, 'running'],
    ['transient', 0, 'closed'],
    ['transient', 3, 'running'],
    ['temporary', 3, 'closed'],
  ] as const)('L18: %s, of one that says its exit with %i: %s', async (type, status, expected) => {
    const { clock, board, port } = boardPort({ restart: { type } })
    await clock.until(port.ready())
    await clock.advance(1)
    board.device!.exit(status)
    await clock.advance(1_000)
    expect(port.info()).toMatchObject({ state: expected, lastExit: { kind: 'exit', status } })
    await clock.until(port.close())
  })

  it('L18: more restarts than the intensity are a failed port, told with the reason, and tried once a minute from then on', async () => {
    const { clock, board, port, states } = boardPort()
    await clock.until(port.ready())
    for (let reset = 1; reset <= 6; reset++) {
      expect(port.info().state).toBe('running')
      board.reset('watchdog')
      await clock.advance(1_000)
    }
    expect(states.at(-1)).toEqual({
      kind: 'state',
      state: 'failed',
      exit: { kind: 'reset', cause: 'watchdog' },
      restartInMs: 60_000,
    })
    await clock.advance(58_000)
    expect(port.info().state).toBe('failed')
    await clock.advance(2_000)
    expect(port.info().state).toBe('running')
    await clock.until(port.close())
  })

  it(`L18: the pauses before a board that never says hello are drawn at random below a bound that doubles (seed ${SEED})`, async () => {
    const random = createRandom()
    const restart = { intensity: 20, periodMs: 1e9 }
    const { clock, port, states } = boardPort({ random, restart, readyTimeoutMs: 100 }, { bootMs: 1e9 })
    await clock.advance(600_000)
    const pauses = states.filter(({ state }) => state === 'backoff').map(({ restartInMs }) => restartInMs!)
    expect(pauses.length).toBeGreaterThan(10)
    for (const [attempt, pauseMs] of pauses.entries())
      expect(pauseMs).toBeLessThanOrEqual(Math.min(30_000, 250 * 2 ** attempt))
    expect(Math.max(...pauses)).toBeGreaterThan(8_000)
    expect(new Set(pauses).size).toBe(pauses.length)
    await clock.until(port.close())
  })
})
