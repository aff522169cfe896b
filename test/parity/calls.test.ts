// Calls and their outcomes, on both kinds of peer.
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CallError, defineContract } from '../../src/index.js'
import { Action } from '../../src/wire/index.js'
import { bench } from './bench-contract.js'
import { losing } from './board-frames.js'
import { startNaiveClient } from './naive-client.js'
import { BOARD, PEERS, type Peer } from './peers.js'

const failure = (promise: Promise<unknown>) =>
  promise.then(
    (value): never => {
      throw new Error(`it did not fail, but gave ${value}`)
    },
    (error: CallError) => error,
  )

/** A client that takes the first answer as its own, over a fresh link. */
async function naive(peer: Peer) {
  await peer.pass(1) // a board boots
  const client = await peer.until(startNaiveClient(peer.connector, peer.clock))
  onTestFinished(() => peer.until(client.close()))
  return client
}

describe.each(PEERS)('a call to a %s', (_, { start, peer, dropped }) => {
  it('C4: ends after 5,000 ms without a reply, not before', async () => {
    const { port, pass, clock } = await start()
    const madeMs = clock.nowMs()
    let endedMs: number | undefined
    const end = failure(port.call('hold', { n: 1 })).finally(() => {
      endedMs = clock.nowMs()
    })
    await pass(4_000)
    expect(endedMs).toBeUndefined()
    await pass(1_001)
    expect(await end).toMatchObject({ code: 'CALL_TIMEOUT', message: expect.stringContaining('in 5000 ms') })
    expect(endedMs! - madeMs).toBeGreaterThanOrEqual(5_000)
    expect(endedMs! - madeMs).toBeLessThan(5_100)
  })

  it('C4: ends after its own timeoutMs where it has one', async () => {
    const { port, pass } = await start()
    const call = failure(port.call('hold', { n: 1 }, { timeoutMs: 50 }))
    await pass(51)
    expect(await call).toMatchObject({ code: 'CALL_TIMEOUT', message: expect.stringContaining('in 50 ms') })
  })

  it('C5: that was given up never has its late reply taken by another call', async () => {
    const { port, until, pass } = await start()
    const late = failure(port.call('hold', { n: 6 }, { timeoutMs: 50 }))
    await pass(51)
    const error = await late
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    const { lateReplies } = port.info().counters
    const later = [port.call('release'), port.call('echo', { n: 41 }), port.call('echo', { n: 42 })]
    expect((await until(Promise.all(later))).slice(1)).toEqual([41, 42])
    expect(await until(error.finalOutcome)).toBe('yes')
    await until(port.call('echo', { n: 0 })) // the end of a job takes a way of its own
    expect(port.info().counters.lateReplies - lateReplies).toBe(1)
  })

  it('C5: shifts every later answer for a client that takes the first one that comes', async () => {
    const made = peer()
    const client = await naive(made)
    const late = client.call('hold', [6], 50)
    await made.pass(51)
    expect(await late).toBe('timeout')
    const [first, second, third] = [
      await made.until(client.call('release', undefined, 5_000)),
      await made.until(client.call('echo', [41], 5_000)),
      await made.until(client.call('echo', [42], 5_000)),
    ]
    expect(first).toBe(1)
    expect([second, third]).toEqual([6, 41])
  })

  it('C5: of an earlier session is never answered in the next one, whatever the number of its token', async () => {
    const { port, drop, restore, until, noticed } = await start({ restart: { type: 'permanent' } })
    const old = failure(port.call('hold', { n: 6 }))
    await until(port.call('held'))
    const again = noticed((notice) => notice.kind === 'state' && notice.state === 'running')
    await drop()
    restore()
    expect(await until(old)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    await until(again)
    const next = [port.call('echo', { n: 41 }), port.call('release'), port.call('echo', { n: 42 })]
    expect((await until(Promise.all(next))).filter((_, i) => i !== 1)).toEqual([41, 42])
  })

  it('C6: is one of 16 in flight, each with its own reply though they come in reversed order', async () => {
    const { port, until } = await start()
    const order: number[] = []
    const calls = Array.from({ length: 16 }, (_, n) =>
      port.call('hold', { n }).then((reply) => {
        order.push(n)
        return reply
      }),
    )
    while ((await until(port.call('held'))) < 16);
    await until(port.call('release'))
    expect(await until(Promise.all(calls))).toEqual(Array.from({ length: 16 }, (_, n) => n))
    expect(order).toEqual(Array.from({ length: 16 }, (_, n) => 15 - n))
  })

  it('C7: fails at once with the exit when the peer goes, and so do all others in flight', async () => {
    const { port, drop, until, clock } = await start({ restart: { type: 'temporary' } })
    const calls = Array.from({ length: 4 }, (_, n) => failure(port.call('hold', { n })))
    await until(port.call('held'))
    const goneMs = clock.nowMs()
    await drop()
    const errors = await until(Promise.all(calls))
    // On a machine that does other things a process takes its time to be seen as gone.
    expect(clock.nowMs() - goneMs).toBeLessThan(500)
    for (const error of errors) expect(error).toMatchObject({ code: 'PORT_EXITED', exit: { kind: dropped } })
    expect(await until(port.exited)).toMatchObject({ kind: dropped })
  })

  it('C7: is waited for to its deadline by a client that is told of no end', async () => {
    const made = peer()
    const client = await naive(made)
    let ended: unknown
    const call = client.call('hold', [6], 5_000).then((answer) => {
      ended = answer
    })
    await made.drop()
    await made.pass(4_000)
    expect(ended).toBeUndefined()
    await made.pass(1_001)
    await call
    expect(ended).toBe('timeout')
  })

  it('C8: tells 0 from nil where anything may come', async () => {
    const { port, until } = await start()
    expect(await until(port.call('mirror', 0))).toBe(0)
    expect(await until(port.call('mirror', null))).toBe(null)
  })

  it('C8: takes 0 and nil as done where nothing is expected, and nothing else', async () => {
    const { result: _, ...quiet } = bench.definition.actions.mirror
    const careless = defineContract({ ...bench.definition, actions: { ...bench.definition.actions, mirror: quiet } })
    const { port, until } = await start({ contractMismatch: 'warn' }, {}, careless as unknown as typeof bench)
    expect(await until(port.call('mirror', 0))).toBeUndefined()
    expect(await until(port.call('mirror', null))).toBeUndefined()
    await expect(until(port.call('mirror', 1))).rejects.toMatchObject({ code: 'REPLY_INVALID' })
    expect(await until(port.call('reset'))).toBeUndefined()
  })

  it('C9: is rejected by the error of the peer, of the reply, of the time and of the line, each told apart', async () => {
    const text = { ...bench.definition.actions.echo, result: 'str' } as const
    const mistaken = defineContract({ ...bench.definition, actions: { ...bench.definition.actions, echo: text } })
    const options = { restart: { type: 'temporary' }, contractMismatch: 'warn' } as const
    const { port, drop, until, pass } = await start(options, {}, mistaken as unknown as typeof bench)
    expect(await until(failure(port.call('fail', { errorNumber: 20 })))).toMatchObject({
      code: 'REMOTE_ERROR',
      errorNumber: 20,
      outcome: 'yes',
    })
    expect(await until(failure(port.call('echo', { n: 1 })))).toMatchObject({ code: 'REPLY_INVALID' })
    const timeout = failure(port.call('hold', { n: 0 }, { timeoutMs: 50 }))
    await pass(51)
    expect(await timeout).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    const lost = failure(port.call('hold', { n: 0 }))
    await until(port.call('held'))
    await drop()
    expect(await until(lost)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
  })

  it('C10: is one of 64 at once, and each gets its own reply', async () => {
    const { port, until } = await start()
    const calls = Array.from({ length: 64 }, (_, n) => port.call('echo', { n: n * 1_000 }))
    expect(await until(Promise.all(calls))).toEqual(Array.from({ length: 64 }, (_, n) => n * 1_000))
    expect(port.info().counters.messagesRefused).toBe(0)
  })

  it('C11: made as a cast arrives once and in order, 10,000 of them, and leaves nothing behind', async () => {
    const { port, until } = await start({ maxQueuedCalls: 10_001 })
    for (let n = 0; n < 10_000; n++) port.cast('count', { n })
    expect(await until(port.call('tally', {}, { timeoutMs: 300_000 }))).toEqual({ count: 10_000, isInOrder: true })
    expect(port.info()).toMatchObject({ waitingCalls: 0, unansweredCalls: 0, counters: { castErrors: 0 } })
  })

  it('C11: made as a lossy cast is answered by nothing at all', async () => {
    const { port, until } = await start({ heartbeatMs: 60_000 })
    await until(port.call('reset'))
    const before = port.info().counters.messagesReceived
    for (let n = 0; n < 100; n++) port.cast('count', { n }, { lossy: true })
    expect(await until(port.call('tally'))).toEqual({ count: 100, isInOrder: true })
    expect(port.info().counters.messagesReceived - before).toBe(1) // the reply to tally
  })

  it('C18: fails by the innermost of its nested deadlines: that of a request in it, then its own, then its caller’s', async () => {
    const { port, until, pass } = await start()
    const asked = new Promise<void>((resolve) => {
      port.handle('lookup', () => {
        resolve()
        return new Promise<string>(() => {}) // for ever
      })
    })
    const fetching = failure(port.call('fetch', { key: 'a' }))
    await until(asked)
    await pass(3_001)
    expect(await until(fetching)).toMatchObject({ code: 'REMOTE_ERROR', message: expect.stringContaining('lookup') })

    const caller = new AbortController()
    const mute = failure(port.call('hold', { n: 0 }, { signal: caller.signal }))
    await pass(5_001)
    caller.abort(new Error('the caller has waited 6,000 ms'))
    expect(await until(mute)).toMatchObject({ code: 'CALL_TIMEOUT' })
  })
})

describe.each(PEERS)('an aborted call to a %s', (_, { start }) => {
  it('C15: frees its place: its caller is told at once, its late reply is dropped, and others get theirs', async () => {
    const { port, until } = await start()
    const aborts = Array.from({ length: 16 }, () => new AbortController())
    const calls = aborts.map(({ signal }, n) => failure(port.call('hold', { n }, { signal })))
    while ((await until(port.call('held'))) < 16);
    for (const abort of aborts) abort.abort(new Error('no longer needed'))
    const errors = await until(Promise.all(calls))
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'CALL_ABORTED', outcome: 'unknown', cause: { message: 'no longer needed' } })
    }
    expect(port.info().waitingCalls).toBe(0)
    await until(port.call('release'))
    const outcomes = await until(Promise.all(errors.map((error) => error.finalOutcome)))
    expect(new Set(outcomes)).toEqual(new Set(['yes']))
    const later = Array.from({ length: 16 }, (_, n) => port.call('echo', { n }))
    expect(await until(Promise.all(later))).toEqual(Array.from({ length: 16 }, (_, n) => n))
  })
})

describe.each(PEERS)('a job of a %s', (_, { start }) => {
  it('C12: is taken at once, has an id of its own, and does not hold up short calls', async () => {
    const { port, until } = await start()
    const jobs = [3, 4, 5].map((count) => port.stream('steps', { count }))
    const read = jobs.map(async (job) => {
      const items: number[] = []
      for await (const item of job) items.push(item)
      return items
    })
    for (let n = 0; n < 100; n++) expect(await until(port.call('echo', { n }))).toBe(n)
    await until(port.call('release'))
    expect(await until(Promise.all(read))).toEqual([3, 4, 5].map((count) => Array.from({ length: count }, (_, i) => i)))
    expect(await until(Promise.all(jobs.map((job) => job.result)))).toEqual([3, 4, 5])
  })

  it('C12: that ends with an error fails its caller, after its items', async () => {
    const { port, until } = await start()
    const job = port.stream('act', { outcome: 'error' })
    const updates: number[] = []
    const read = failure(
      (async () => {
        for await (const { update } of job) updates.push(update)
      })(),
    )
    expect(await until(read)).toMatchObject({ code: 'REMOTE_ERROR', errorNumber: 16 })
    expect(updates).toEqual([1, 2])
  })

  it('C14: tells succeed, fail, continue, done and error apart, with the updates that came on the way', async () => {
    const { port, until } = await start()
    for (const outcome of ['succeed', 'fail', 'done']) {
      const job = port.stream('act', { outcome })
      const updates: number[] = []
      const read = (async () => {
        for await (const { update } of job) updates.push(update) // each is a `continue`
      })()
      expect(await until(job.result)).toEqual({ outcome, update: 3 })
      await until(read)
      expect(updates).toEqual([1, 2])
    }
    const job = port.stream('act', { outcome: 'error' })
    expect(await until(failure(job.result))).toMatchObject({
      code: 'REMOTE_ERROR',
      errorNumber: 16,
      message: expect.stringContaining('the valve is stuck'),
    })
  })
})

describe('a call to a board', () => {
  it('C7: fails with the reset cause when the board restarts, and so do all others in flight', async () => {
    const { port, until } = await BOARD.start({ restart: { type: 'temporary' } })
    const calls = Array.from({ length: 4 }, (_, n) => failure(port.call('hold', { n })))
    await until(port.call('held'))
    await until(port.kill())
    for (const error of await until(Promise.all(calls))) {
      expect(error).toMatchObject({ code: 'PORT_EXITED', exit: { kind: 'reset', cause: 'software' } })
    }
  })
})

describe('a job of a board whose acceptance is lost on the line', () => {
  /** Swallows the first ACK of the board. */
  const loseAck = () => {
    let isLost = false
    return losing((action) => {
      const isFirst = action === Action.ACK && !isLost
      isLost ||= isFirst
      return isFirst
    })
  }

  it('C12: is known by its first item all the same, and ends with its result', async () => {
    const { port, until } = await BOARD.start({}, { disturb: loseAck() })
    const job = port.stream('act', { outcome: 'done' })
    const updates: number[] = []
    await until(
      (async () => {
        for await (const { update } of job) updates.push(update)
      })(),
    )
    expect(updates).toEqual([1, 2])
    expect(await until(job.result)).toEqual({ outcome: 'done', update: 3 })
  })

  it('C12: is waited for in vain by a client that knows a job by the id in its ok only', async () => {
    const made = BOARD.peer({ disturb: loseAck() })
    const client = await naive(made)
    expect(await made.until(client.call('act', ['done'], 5_000))).toBe('timeout')
    expect(await made.until(client.call('act', ['done'], 5_000))).toEqual(['done', 3]) // its ok was not lost
  })
})
