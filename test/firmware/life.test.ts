/** A peer's life, calls and logs with the C++ library, as a program and as a board. */

import { writeFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineContract, type OpenOptions, open, type Port } from '../../src/index.js'
import { SEVERITIES } from '../../src/port/index.js'
import { encodeFrame } from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS } from './build.js'
import { buildLife, type Life, life, PEERS, type Peer } from './life-peers.js'

let program = ''
beforeAll(async () => {
  program = await buildLife()
}, BUILD_TIMEOUT_MS)

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean()
})

describe.each(Object.entries(PEERS))('%s', (name, start) => {
  const isBoard = name.includes('board')

  async function opened(options: object = {}, contract: unknown = life): Promise<{ peer: Peer; port: Port<Life> }> {
    const peer = await start(program)
    cleanUp.push(() => peer.stop())
    const target = { ...peer.target, restart: { type: 'temporary' }, ...options }
    const port = await open(contract as typeof life, target as never)
    cleanUp.push(() => port.close())
    return { peer, port: port as unknown as Port<Life> }
  }

  it('C1: has its actions by the order of the contract; a list in another order is a typed error, and no action runs', async () => {
    const { port } = await opened()
    expect(await port.call('echo', { number: 7 })).toBe(7)
    expect(port.info().device).toMatchObject({ contractHash: life.hash, contractName: 'life' })
    await port.close()
    const { quit, ...others } = life.definition.actions
    const reordered = defineContract({ ...life.definition, actions: { quit, ...others } })
    await expect(opened({}, reordered)).rejects.toMatchObject({ code: 'CONTRACT_MISMATCH' })
  })

  it('C2: answers action 200 by a typed error; one that is not in the contract is refused before anything is sent', async () => {
    const wider = defineContract({
      ...life.definition,
      actions: { ...life.definition.actions, fly: { index: 200 } },
    })
    const { port } = await opened({ contractMismatch: 'warn' }, wider)
    const call = port.call as unknown as (action: string) => Promise<unknown>
    await expect(call('fly')).rejects.toMatchObject({ code: 'REMOTE_ERROR', errorNumber: 1, outcome: 'no' })
    const { counters } = port.info()
    await expect((async () => call('swim'))()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(port.info()).toMatchObject({ waitingCalls: 0, unansweredCalls: 0, counters })
    expect(await port.call('echo', { number: 8 })).toBe(8)
  })

  it('C16, D3: gives malformed requests three answers, names the argument, and lives', async () => {
    const loose = {
      ...life.definition.actions,
      echo: { args: { number: 'str' }, result: 'u8' },
      greet: { args: { name: 'str' } },
    }
    const wrong = defineContract({ ...life.definition, actions: loose } as never)
    const { port } = await opened({ contractMismatch: 'warn' }, wrong)
    const call = port.call as unknown as (action: string, args?: object) => Promise<unknown>
    const numberOf = (error: { errorNumber: number; outcome: string; message: string }) => error
    const badArguments = await call('echo', { number: 'seven' }).catch(numberOf)
    const tooLarge = await call('greet', { name: '123456789' }).catch(numberOf)
    const unknown = await call('idle').catch(numberOf)
    expect([badArguments, tooLarge, unknown]).toMatchObject([
      { errorNumber: 2, outcome: 'no', message: expect.stringContaining('argument 1') },
      { errorNumber: 4, outcome: 'no', message: expect.stringContaining('argument 1') },
      { errorNumber: 1, outcome: 'no' },
    ])
    expect(await call('safeStates')).toBe(0)
    expect(await call('greet', { name: '12345678' })).toBeUndefined()
  })

  it('L8, L9: exits with its own status, after its last events', async () => {
    for (const status of [0, 1, 77, 127, 128, 255]) {
      const { peer, port } = await opened()
      const told: unknown[] = []
      port.consume('last', async ({ number }) => {
        await new Promise((turn) => setImmediate(turn)) // a consumer takes its time
        told.push(number)
      })
      await port.call('quit', { status, events: 150 })
      told.push(await port.exited)
      expect(told).toEqual([...Array.from({ length: 150 }, (_, i) => i), { kind: 'exit', status }])
      await peer.stop()
    }
  })

  it('S1: logs beside calls: 400 lines while 100 calls run, none lost, none out of order', async () => {
    const { port } = await opened()
    const lines: string[] = []
    port.watch((notice) => notice.kind === 'log' && lines.push(`${notice.severity} ${notice.text}`))
    const shouting = Array.from({ length: 4 }, () => port.call('shout', { lines: 100 }))
    const echoes = Array.from({ length: 100 }, (_, i) => port.call('echo', { number: i }))
    expect(await Promise.all(echoes)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await Promise.all(shouting)
    const all = Array.from({ length: 100 }, (_, i) => `${SEVERITIES[i % 8]} line ${i}`)
    expect(lines).toEqual([...all, ...all, ...all, ...all])
  })

  it('S3: has one end, after its last line and its last event', async () => {
    const { port } = await opened()
    const told: unknown[] = []
    port.watch((notice) => {
      if (notice.kind === 'log') told.push(notice.text)
      else if (notice.kind === 'state') told.push(notice.state)
    })
    port.consume('last', ({ number }) => void told.push(number))
    await port.call('shout', { lines: 2 })
    await port.call('quit', { status: 3, events: 2 })
    expect(await port.exited).toEqual({ kind: 'exit', status: 3 })
    expect(told).toEqual(['line 0', 'line 1', 0, 1, 'closed'])
  })

  it('E9: is told to stop when the last listener goes, and stops', async () => {
    const { port } = await opened()
    const heard = new Promise<void>((resolve) => {
      let beats = 0
      const stops = [1, 2].map(() =>
        port.on('beat', () => {
          beats += 1
          if (beats < 6) return
          for (const stop of stops) stop()
          resolve()
        }),
      )
    })
    await heard
    await port.call('echo', { number: 0 }) // behind the binding
    const sent = await port.call('beats')
    expect(sent).toBeGreaterThan(2)
    for (let i = 0; i < 10; i++) await port.call('block', { ms: 6 })
    expect(await port.call('beats')).toBe(sent)
  })

  it('L13: may still answer and emit when its host calls no more, and then says its exit code', async () => {
    const { port } = await opened()
    const events: number[] = []
    port.consume('last', ({ number }) => void events.push(number))
    const calls = [port.call('block', { ms: 100 }), port.call('echo', { number: 9 })]
    port.closeInput() // in the same turn: they go first
    port.closeInput()
    expect(await Promise.all(calls)).toEqual([undefined, 9])
    // A program whose standard input has ended leaves; a board is told so, has its last words, and a code of its own.
    expect(await port.exited).toEqual(isBoard ? { kind: 'exit', status: 5 } : { kind: 'status', status: 0 })
    expect(events).toEqual(isBoard ? [0, 1] : [])
  })
})

describe('a board in C++ behind a tty whose host is gone', () => {
  async function board(): Promise<Peer> {
    const peer = await PEERS['a board in C++ behind a tty']!(program)
    cleanUp.push(() => peer.stop())
    return peer
  }
  const host = async (peer: Peer) => open(life, { ...peer.target, restart: { type: 'temporary' } } as OpenOptions<Life>)

  it('L7: notices the missing ticks and runs its safe state, once, and serves the next host', {
    timeout: 20_000,
  }, async () => {
    const peer = await board()
    const port = await host(peer)
    expect(port.info().device!.deadManMs).toBe(600)
    await port.call('block', { ms: 800 }) // as long as loop() blocks, nothing was missed
    expect(await port.call('safeStates')).toBe(0)
    await port.close()
    // A look is a session, and so a sign of life: more than the dead-man time must pass between two.
    const looks: number[] = []
    const look = async () => {
      const next = await host(peer)
      looks.push(await next.call('safeStates'))
      await next.close()
      return looks.length
    }
    await expect.poll(look, { interval: 1_500, timeout: 15_000 }).toBe(3)
    expect(looks[1]).toBe(looks[0]! + 1)
    expect(looks[2]).toBe(looks[1]! + 1)
  })

  it('L23: after half a frame, cut at any byte: the half is dropped, and the next host’s first call works', async () => {
    const peer = await board()
    const frame = encodeFrame(Uint8Array.of(0, 3, 0x91, 7))
    for (let cut = 1; cut < frame.length; cut++) {
      writeFileSync(peer.path!, frame.subarray(0, cut), { flag: 'a' })
      const port = await host(peer)
      expect(await port.call('echo', { number: cut })).toBe(cut)
      await port.close()
    }
  })
})
