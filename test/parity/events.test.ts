// Events, what of them is bound, and requests of the peer ("fetch"), on both kinds of peer.
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRandom, SEED } from '../wire/random.js'
import { bench } from './bench-contract.js'
import { losing } from './board-frames.js'
import { startNaiveClient } from './naive-client.js'
import { BOARD, PEERS, PROGRAM } from './peers.js'

const NONE = { plain: 0, other: 0, kept: 0 }
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(PEERS)('binding events of a %s', (_, { start, peer }) => {
  it('E1: makes it send those that are bound, and no others', async () => {
    const { port, until } = await start()
    expect(await until(port.call('emit', { plain: 3, other: 3, kept: 0 }))).toEqual(NONE)
    port.on('counted', () => {})
    expect(await until(port.call('emit', { plain: 3, other: 3, kept: 0 }))).toEqual({ plain: 3, other: 0, kept: 0 })
    expect(port.info().counters.eventsReceived).toBe(3)
  })

  it('E1: twice is once: the peer sends each event once, and goes on until the last listener has left', async () => {
    const { port, until } = await start()
    const heard: string[] = []
    const stops = ['a', 'b'].map((name) => port.on('counted', ({ n }) => heard.push(`${name}${n}`)))
    await until(port.call('emit', { plain: 2, other: 0, kept: 0 }))
    await until(port.call('echo', { n: 0 }))
    expect(heard).toEqual(['a0', 'b0', 'a1', 'b1'])
    expect(port.info().counters.eventsReceived).toBe(2)
    stops[0]!()
    stops[0]!()
    expect(await until(port.call('emit', { plain: 1, other: 0, kept: 0 }))).toMatchObject({ plain: 1 })
    stops[1]!()
    expect(await until(port.call('emit', { plain: 1, other: 0, kept: 0 }))).toMatchObject({ plain: 0 })
  })

  it('E1: by a list takes each name once, all when there is no list, and refuses an empty one', async () => {
    const { port, until } = await start()
    const listed = port.mailbox({ events: ['counted', 'kept', 'counted', 'kept'] })
    await until(port.call('emit', { plain: 1, other: 1, kept: 1 }))
    await until(port.call('echo', { n: 0 }))
    const polled = (mailbox: typeof listed) => {
      const events: string[] = []
      for (let message = mailbox.poll(); message; message = mailbox.poll()) events.push(message.event)
      return events
    }
    expect(polled(listed)).toEqual(['counted', 'kept'])
    listed.close()
    expect(await until(port.call('emit', { plain: 1, other: 1, kept: 0 }))).toEqual(NONE)

    const all = port.mailbox()
    await until(port.call('emit', { plain: 1, other: 1, kept: 1 }))
    await until(port.call('echo', { n: 0 }))
    expect(polled(all)).toEqual(['counted', 'other', 'kept'])
    all.close()

    expect(() => port.mailbox({ events: [] })).toThrow('ARGUMENT_INVALID: events: a mailbox needs at least one event')
    const misspelt = ['other', 'conted'] as never
    expect(() => port.mailbox({ events: misspelt })).toThrow('ARGUMENT_INVALID: bench has no event conted')
    port.consume('kept', () => {})
    expect(() => port.mailbox()).toThrow('ARGUMENT_INVALID: event kept has a consumer already')
    expect(await until(port.call('emit', { plain: 1, other: 1, kept: 0 }))).toEqual(NONE) // nothing was bound by either
  })

  it('E2: ends at once: those on their way are dropped, those still bound come', async () => {
    const { port, until } = await start()
    const heard: string[] = []
    const stop = port.on('counted', ({ n }) => {
      heard.push(`counted ${n}`)
      if (n === 0) stop()
    })
    port.on('other', ({ n }) => heard.push(`other ${n}`))
    const sent = await until(port.call('emit', { plain: 50, other: 2, kept: 0 }))
    await until(port.call('echo', { n: 0 }))
    expect(sent.plain).toBeGreaterThan(1)
    expect(port.info().counters.eventsReceived).toBe(sent.plain + sent.other)
    expect(heard).toEqual(['counted 0', 'other 0', 'other 1'])
  })

  it('E2: leaves those on their way to a client that only tells the peer to stop', async () => {
    const made = peer()
    await made.pass(1)
    const client = await made.until(startNaiveClient(made.connector, made.clock))
    onTestFinished(() => made.until(client.close()))
    await made.until(client.bind('counted', true))
    let unbinding: Promise<void> | undefined
    const after: number[] = []
    client.heard((_event, n) => {
      if (unbinding) after.push(n)
      else unbinding = client.bind('counted', false)
    })
    await made.until(client.call('emit', [50, 0, 0], 5_000))
    expect(after.length).toBeGreaterThan(0)
  })

  it('E2: all of them is what closing a mailbox does', async () => {
    const { port, until } = await start()
    const mailbox = port.mailbox({ events: ['counted', 'other'] })
    await until(port.call('emit', { plain: 2, other: 2, kept: 0 }))
    mailbox.close()
    expect(mailbox.poll()).toBeUndefined()
    expect(await until(port.call('emit', { plain: 2, other: 2, kept: 0 }))).toEqual(NONE)
  })

  it('E12: lasts over a restart: bound events of the next life come without being asked for again', async () => {
    const { port, until, drop, restore, noticed } = await start({ restart: { type: 'permanent' } })
    const heard: string[] = []
    port.on('counted', ({ n }) => heard.push(`counted ${n}`))
    port.consume('kept', ({ n }) => void heard.push(`kept ${n}`))
    await until(port.call('echo', { n: 0 }))
    const again = noticed((notice) => notice.kind === 'state' && notice.state === 'running')
    await drop()
    restore()
    await until(again)
    expect(await until(port.call('emit', { plain: 2, other: 2, kept: 1 }))).toEqual({ plain: 2, other: 0, kept: 1 })
    await until(port.call('echo', { n: 0 }))
    expect(heard).toEqual(['counted 0', 'counted 1', 'kept 0'])
    expect(port.info()).toMatchObject({ session: 2, restarts: 1 })
  })

  it('E11: keeps the order in which they were sent, 2,000 of them', async () => {
    const { port, until } = await start()
    const heard: number[] = []
    port.on('counted', ({ n }) => heard.push(n))
    const { plain } = await until(port.call('emit', { plain: 2_000, other: 0, kept: 0 }))
    await until(port.call('echo', { n: 0 }))
    expect(plain).toBe(2_000)
    expect(heard).toEqual(upTo(2_000))
  })
})

describe('events of a board over a line that loses some', () => {
  const frameOf = (event: keyof typeof bench.definition.events) => bench.events.get(event)!.index

  it('E11: keep their order, and the gap is reported with how many are missing', async () => {
    let sent = 0
    const everyThird = losing((action) => action === frameOf('counted') && ++sent % 3 === 0)
    const { port, until, pass, notices } = await BOARD.start({}, { disturb: everyThird })
    const heard: number[] = []
    port.on('counted', ({ n }) => heard.push(n))
    await until(port.call('emit', { plain: 30, other: 0, kept: 0 }))
    await pass(2_000) // the next tick compares
    expect(heard).toEqual(upTo(30).filter((n) => n % 3 !== 2))
    const lost = notices.flatMap((notice) => (notice.kind === 'events_lost' ? [notice.count] : []))
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(10)
    expect(port.info().counters.plainEventsLost).toBe(10)
  })

  it(`E11: are all delivered in order, each once, when they are reliable (seed ${SEED})`, async () => {
    const random = createRandom(SEED)
    const oneInThree = losing((action) => action === frameOf('kept') && random() < 1 / 3)
    const { port, until, pass } = await BOARD.start({}, { disturb: oneInThree })
    const numbers: (number | undefined)[] = []
    port.consume('kept', (_, { number }) => void numbers.push(number))
    await until(port.call('emit', { plain: 0, other: 0, kept: 200 }))
    await pass(30_000)
    expect(numbers).toEqual(upTo(200))
    expect(port.info().counters.eventsOutOfTurn).toBeGreaterThan(0)
  })
})

describe.each(PEERS)('a request of a %s', (_, { start }) => {
  it('E13: in the middle of a call is answered by its handler, and the call by that answer', async () => {
    const { port, until } = await start()
    port.handle('lookup', async ({ key }) => `value of ${key}`)
    const fetching = upTo(20).map((n) => port.call('fetch', { key: `k${n}` }))
    expect(await until(Promise.all(fetching))).toEqual(upTo(20).map((n) => `value of k${n}`))
  })

  it('E14: tells its deadline of 3,000 ms, and is over for the peer when that has passed', async () => {
    const { port, until, pass, clock } = await start()
    let asked: number | undefined
    const asking = new Promise<AbortSignal>((resolve) => {
      port.handle('lookup', (_args, { deadlineMs, signal }) => {
        asked = deadlineMs
        resolve(signal)
        return new Promise<string>(() => {})
      })
    })
    const call = port.call('fetch', { key: 'a' }).catch((error) => error)
    const signal = await until(asking)
    const fromMs = clock.nowMs()
    expect(asked).toBe(3_000)
    await pass(2_000)
    expect(signal.aborted).toBe(false)
    await pass(1_001)
    expect(signal.aborted).toBe(true)
    expect(await until(call)).toMatchObject({ code: 'REMOTE_ERROR', message: expect.stringContaining('lookup') })
    expect(clock.nowMs() - fromMs).toBeLessThan(5_000)
  })

  it('E15: is answered once: the answer that comes late is dropped and counted, the next request gets its own', async () => {
    const { port, until, pass } = await start()
    let answerLate = (_: string) => {}
    const asking = new Promise<void>((resolve) => {
      const stop = port.handle('lookup', () => {
        resolve()
        stop()
        return new Promise<string>((answer) => {
          answerLate = answer
        })
      })
    })
    const first = port.call('fetch', { key: 'a' }).catch((error) => error)
    await until(asking)
    await pass(3_001)
    expect(await until(first)).toMatchObject({ code: 'REMOTE_ERROR' })
    port.handle('lookup', ({ key }) => `value of ${key}`)
    const second = port.call('fetch', { key: 'b' })
    answerLate('value of a')
    expect(await until(second)).toBe('value of b')
    expect(port.info().counters.lateAnswers).toBe(1)
  })

  it('E16: is taken by several handlers in turn, of which one that has gone is skipped', async () => {
    const { port, until } = await start()
    const ask = () => until(port.call('fetch', { key: '' }))
    port.handle('lookup', () => 'one')
    const gone = port.handle('lookup', () => 'two')
    port.handle('lookup', () => 'three')
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual(['one', 'two', 'three', 'one'])
    gone()
    expect([await ask(), await ask(), await ask()]).toEqual(['three', 'one', 'three'])
  })

  it('E16: that nobody handles is told so at once, not when its deadline has passed', async () => {
    const { port, until, clock } = await start()
    const fromMs = clock.nowMs()
    await expect(until(port.call('fetch', { key: 'a' }))).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
      message: expect.stringContaining('error 1'), // unknown
    })
    expect(clock.nowMs() - fromMs).toBeLessThan(2_000)
  })

  it('E17: whose handler answers nothing gets an error that says what is missing, not an empty answer', async () => {
    const { port, until, notices } = await start()
    port.handle('lookup', (() => undefined) as never)
    await expect(until(port.call('fetch', { key: 'a' }))).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
      message: expect.stringContaining('result of request lookup: expected a string, got nothing'),
    })
    expect(notices.filter((notice) => notice.kind === 'refused')).toHaveLength(1)
    port.handle('lookup', () => '') // an empty text is one
    await until(port.call('fetch', { key: 'a' }).catch(() => {}))
    expect(await until(port.call('fetch', { key: 'a' }))).toBe('')
  })
})

describe.each([
  ['program', PROGRAM, 10_000],
  ['board', BOARD, 2_000],
] as const)('calls both ways between host and %s', (_, { start }, count) => {
  it(`E18: at the same time are each answered by their own answer, ${count} each way`, async () => {
    const { port, until } = await start()
    let asked = 0
    port.handle('lookup', ({ key }) => {
      asked += 1
      return `value of ${key}`
    })
    const fetches = (async () => {
      for (let n = 0; n < count; n++) {
        const answer = await port.call('fetch', { key: `k${n}` })
        if (answer !== `value of k${n}`) throw new Error(`request ${n} was answered ${answer}`)
      }
    })()
    const echoes = (async () => {
      for (let n = 0; n < count; n++) {
        const answer = await port.call('echo', { n })
        if (answer !== n) throw new Error(`call ${n} was answered ${answer}`)
      }
    })()
    await until(Promise.all([fetches, echoes]))
    expect(asked).toBe(count)
  })
})
