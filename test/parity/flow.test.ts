// Ticks, queues and who waits for whom, on both kinds of peer.
import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CallError, openRaw } from '../../src/index.js'
import { type BenchPort, BOARD, PEERS, PROGRAM } from './peers.js'

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: CallError) => error,
  )

/** A port over a line that can be cut in one direction. */
async function halfCutBoard() {
  let cut: 'to-device' | 'to-host' | undefined
  const peer = await BOARD.start({}, { disturb: (bytes, way) => (way === cut ? new Uint8Array(0) : bytes) })
  const cutLine = (way: typeof cut) => {
    cut = way
  }
  return { ...peer, cutLine }
}

describe('ticks to a program', () => {
  it('D6: are off by default: one that is silent for a minute is not given up, and answers when it goes on', async () => {
    const { port, mute, pass, until } = await PROGRAM.start()
    const { ticks } = port.info().counters
    mute(true)
    await pass(60_000)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
    expect(port.info().counters.ticks).toBe(ticks)
    mute(false)
    expect(await until(port.call('echo', { n: 1 }))).toBe(1)
  })
})

describe.each([
  ['program', PROGRAM, { heartbeatMs: 1_000 }],
  ['board', BOARD, {}],
] as const)('ticks to a %s that has a heartbeat', (_, { start }, options) => {
  it('D6: find within three of them that it is silent, though its line is open', async () => {
    const { port, mute, pass, until } = await start({ ...options, restart: { type: 'temporary' } })
    await until(port.call('echo', { n: 0 }))
    mute(true)
    await pass(2_500)
    expect(port.info().state).toBe('running')
    await pass(1_000)
    expect(await until(port.exited)).toEqual({ kind: 'silent' })
  })

  it('D6: are sent at every fourth heartbeat only while there is other traffic', async () => {
    const { port, pass, until } = await start(options)
    await until(port.call('echo', { n: 0 }))
    const { ticks } = port.info().counters
    for (let n = 0; n < 25; n++) {
      await pass(400)
      await until(port.call('echo', { n }))
    }
    expect(port.info().counters.ticks).toBe(ticks + 2)
    await pass(1_300) // it is looked at four times a heartbeat
    expect(port.info().counters.ticks).toBe(ticks + 3)
  })
})

describe('a program that does only one of reading and writing', () => {
  it('D7: is heard though it reads nothing and our writes wait', async () => {
    const script = `const out = Buffer.from([0, 1, 42]); setInterval(() => process.stdout.write(out), 1)`
    const port = await openRaw({ spawn: process.execPath, args: ['-e', script] }, { packet: 2 })
    onTestFinished(async () => void (await port.close()))
    let written = 0
    for (let i = 0; i < 100; i++) {
      port.write(new Uint8Array(60_000)).then(
        () => (written += 1),
        () => {},
      )
    }
    let heard = 0
    for await (const packet of port.packets()) {
      expect(packet).toEqual(Uint8Array.of(42))
      heard += 1
      if (heard === 100) break
    }
    expect(written).toBeLessThan(100)
    expect(port.info().waitingWrites).toBeGreaterThan(0)
  })

  it('D7: gets what we write though nobody reads what it writes', async () => {
    const script = `
      process.stdout.write(Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.concat([Buffer.of(1, 0), Buffer.alloc(256)]))))
      let bytes = 0
      process.stdin.on('data', (chunk) => {
        bytes += chunk.length
        if (bytes === 100 * 60_002) console.error('all')
      })`
    const port = await openRaw({ spawn: process.execPath, args: ['-e', script] }, { packet: 2 })
    onTestFinished(async () => void (await port.close()))
    const said = new Promise((resolve) => port.watch((notice) => notice.kind === 'console' && resolve(notice.text)))
    await Promise.all(upTo(100).map(() => port.write(new Uint8Array(60_000))))
    expect(await said).toBe('all')
  })
})

describe('a board that does only one of reading and writing', () => {
  it('D7: is heard though it reads nothing and our calls wait', async () => {
    const { port, pass, until, cutLine } = await halfCutBoard()
    const heard: number[] = []
    port.on('counted', ({ n }) => heard.push(n))
    await until(port.call('echo', { n: 0 }))
    const emitted = port.call('emit', { plain: 10_000, other: 0, kept: 0 })
    await pass(10)
    cutLine('to-device')
    const before = heard.length
    const calls = upTo(32).map((n) => port.call('echo', { n }))
    await pass(100)
    expect(heard.length).toBeGreaterThan(before + 1_000)
    expect(port.info().waitingCalls).toBeGreaterThanOrEqual(32)
    cutLine(undefined)
    expect(await until(Promise.all(calls))).toEqual(upTo(32))
    await until(emitted)
    expect(heard).toEqual(upTo(10_000))
  })

  it('D7: gets what we send though it is not heard', async () => {
    const { port, until, pass, cutLine } = await halfCutBoard()
    const { bytesSent } = port.info().counters
    cutLine('to-host')
    for (const n of upTo(1_000)) port.cast('count', { n }, { lossy: true })
    await pass(100)
    expect(port.info().waitingCalls).toBe(0)
    expect(port.info().counters.bytesSent - bytesSent).toBeGreaterThan(10_000)
    cutLine(undefined)
    expect(await until(port.call('tally'))).toEqual({ count: 1_000, isInOrder: true })
  })
})

describe('sixteen calls of one turn', () => {
  it('D8: to a program leave in one or two system calls', async () => {
    const { port, until } = await PROGRAM.start()
    await until(port.call('echo', { n: 0 }))
    const systemWrites = () => Number(/syscw: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1])
    const before = systemWrites()
    await until(Promise.all(upTo(16).map((n) => port.call('echo', { n }))))
    expect(systemWrites() - before).toBeLessThan(8) // one or two, and what else this process writes
  })

  it('D8: to a board leave in one or two writes to the line', async () => {
    let writes = 0
    const { port, until } = await BOARD.start(
      {},
      {
        disturb(bytes, way) {
          if (way === 'to-device') writes += 1
          return bytes
        },
      },
    )
    await until(port.call('echo', { n: 0 }))
    writes = 0
    await until(Promise.all(upTo(16).map((n) => port.call('echo', { n }))))
    expect(writes).toBeLessThanOrEqual(2)
  })
})

describe.each(PEERS)('handlers of a host of a %s', (_, { start }) => {
  it('D9: that take a second hold up neither calls nor plain events', async () => {
    const { port, until, clock } = await start()
    const running: string[] = []
    const second = () => new Promise<void>((resolve) => clock.after(1_000, resolve))
    port.consume('kept', () => {
      running.push('consumer')
      return second()
    })
    port.handle('lookup', async () => {
      running.push('handler')
      await second()
      return 'late'
    })
    let heard = 0
    port.on('counted', () => {
      heard += 1
    })
    const fetched = port.call('fetch', { key: 'a' })
    const emit = () => until(port.call('emit', { plain: 10, other: 0, kept: 1 }))
    await emit()
    const fromMs = clock.nowMs()
    for (const n of upTo(50)) expect(await until(port.call('echo', { n }))).toBe(n)
    await emit()
    await until(port.call('echo', { n: 0 }))
    expect(clock.nowMs() - fromMs).toBeLessThan(1_000)
    expect(running.sort()).toEqual(['consumer', 'handler'])
    expect(heard).toBe(20)
    expect(await until(fetched)).toBe('late')
  })
})

describe.each([
  ['program', PROGRAM, 25_000],
  ['board', BOARD, 1_024],
] as const)('the queues of and to a %s', (_, { start }, bound) => {
  const fill = ({ port }: BenchPort) => upTo(bound).map((n) => port.call('echo', { n }, { timeoutMs: 600_000 }))

  it(`D10: hold ${bound} calls, refuse the next one typed, and answer all that they hold`, async () => {
    const peer = await start({ maxQueuedCalls: bound })
    const { port, until } = peer
    const calls = fill(peer)
    await expect(port.call('echo', { n: 0 })).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    expect(() => port.cast('count', { n: 0 })).toThrow('QUEUE_FULL')
    expect(await until(Promise.all(calls))).toEqual(upTo(bound))
    expect(port.info()).toMatchObject({ waitingCalls: 0, unansweredCalls: 0 })
    expect(await until(port.call('echo', { n: 7 }))).toBe(7)
  })

  it('D10: are emptied by close: every call that waits ends, saying whether it was sent', async () => {
    const peer = await start({ maxQueuedCalls: bound })
    const { port, until } = peer
    const ends = Promise.all(fill(peer).map(failure))
    await until(port.close())
    const errors = await ends
    expect(new Set(errors.map((error) => error?.code))).toEqual(new Set(['PORT_EXITED']))
    const sent = errors.filter((error) => error?.outcome === 'unknown').length
    expect(sent).toBeLessThanOrEqual(16)
    expect(errors.filter((error) => error?.outcome === 'no')).toHaveLength(bound - sent)
    expect(port.info().waitingCalls).toBe(0)
  })

  it('D10: keep 256 events that nobody has taken yet; what is beyond is dropped by the device, and told exactly', async () => {
    const { port, until, notices } = await start()
    const mailbox = port.mailbox({ events: ['kept'] })
    expect(await until(port.call('emit', { plain: 0, other: 0, kept: 300 }))).toMatchObject({ kept: 256 })
    const read: number[] = []
    while (read.length < 256) {
      const message = mailbox.poll()
      if (message?.event === 'kept') read.push(message.value.n)
      else await until(port.call('echo', { n: 0 }))
    }
    mailbox.poll()
    for (let i = 0; i < 4; i++) await until(port.call('echo', { n: 0 }))
    expect(read).toEqual(upTo(256))
    expect(notices.filter((notice) => notice.kind === 'events_dropped')).toEqual([
      { kind: 'events_dropped', count: 44 },
    ])
    expect(port.info().counters.eventsDropped).toBe(44)
  })
})
