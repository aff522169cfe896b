import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../../src/testing/index.js'
import { createMemoryFolder } from './memory-folder.js'
import { eventOf, openBench, turns } from './support.js'

const last = (number: number, epoch = 1) => ({ epoch, number })
const numbersOf = (payloads: readonly Record<string, unknown>[]) => payloads.map(({ n }) => n)

describe('the outbox on disk, events of a board or a program', () => {
  it('R10: tells the device to forget an event only when the batch that holds it is on the disk', async () => {
    const folder = createMemoryFolder()
    let finish!: () => void
    folder.beforeWrite = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    const { outbox } = await openBench(folder)
    let isStored = false
    const stored = outbox.store(eventOf('a', 0), last(0)).then(() => {
      isStored = true
    })
    await turns()
    expect(isStored).toBe(false)
    expect(folder.values.size).toBe(0)
    folder.beforeWrite = () => {}
    finish()
    await stored
    expect(folder.values.size).toBe(1)
    expect(folder.batches).toEqual([{ puts: 1, sync: true }])
  })

  it('writes what comes while the disk is busy as one batch, of at most 64', async () => {
    const folder = createMemoryFolder()
    const { outbox } = await openBench(folder)
    await Promise.all(Array.from({ length: 200 }, (_, n) => outbox.store(eventOf(`d${n}`, 0), last(0))))
    expect(folder.batches.map(({ puts }) => puts)).toEqual([1, 64, 64, 64, 7])
    expect(folder.batches.every(({ sync }) => sync)).toBe(true)
  })

  it('R10: stores an event once that its device sends again, also after a restart of the gateway', async () => {
    const folder = createMemoryFolder()
    const first = await openBench(folder)
    await first.outbox.store(eventOf('a', 7), last(7))
    await first.outbox.store(eventOf('a', 7), last(7))
    await Promise.all([first.outbox.store(eventOf('a', 8), last(8)), first.outbox.store(eventOf('a', 8), last(8))])
    await first.outbox.close()
    const second = await openBench(folder)
    await second.outbox.store(eventOf('a', 8), last(8))
    second.outbox.connected()
    expect(numbersOf(await second.drain())).toEqual([7, 8])
    // Another boot counts from 0 again.
    await second.outbox.store(eventOf('a', 0), last(0, 2))
    expect(numbersOf(await second.drain())).toEqual([0])
  })

  it('removes an event when the broker has it, and begins with the oldest of the others after a restart', async () => {
    const folder = createMemoryFolder()
    const first = await openBench(folder)
    for (let n = 0; n < 10; n++) first.outbox.append(eventOf('a', n))
    await turns()
    first.outbox.connected()
    const sent = await first.send()
    expect(numbersOf(sent.map(({ payload }) => payload))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const at of [0, 1, 4, 7]) first.outbox.acknowledge(sent[at]!.position)
    await first.outbox.close()
    const second = await openBench(folder)
    expect(second.outbox.info).toMatchObject({ events: 6, quarantined: 0 })
    second.outbox.connected()
    expect(numbersOf(await second.drain())).toEqual([2, 3, 5, 6, 8, 9])
    await second.outbox.close()
    expect(folder.values.size).toBe(0)
  })

  it('sends everything again that was not acknowledged when the connection is lost, in order', async () => {
    const bench = await openBench(createMemoryFolder())
    bench.outbox.connected()
    for (let n = 0; n < 6; n++) bench.outbox.append(eventOf('a', n))
    await turns()
    const sent = await bench.send(4)
    bench.outbox.acknowledge(sent[1]!.position)
    bench.outbox.disconnected()
    bench.outbox.acknowledge(sent[0]!.position) // of a connection that is over
    bench.outbox.connected()
    expect(numbersOf(await bench.drain())).toEqual([0, 2, 3, 4, 5])
  })

  it('R12: lets a device that has nothing waiting go before the backlog of others, and keeps the order of each', async () => {
    const bench = await openBench(createMemoryFolder())
    for (let n = 0; n < 1_000; n++) bench.outbox.append(eventOf('slow', n))
    await turns()
    bench.outbox.connected()
    bench.outbox.append(eventOf('quick', 0))
    bench.outbox.append(eventOf('slow', 1_000))
    await turns()
    const live = bench.outbox.take('live')!
    expect(JSON.parse(String(live.publication.payload))).toEqual({ n: 0, id: 'quick:00000001:0' })
    bench.outbox.acknowledge(live.position)
    expect(bench.outbox.take('live')).toBeUndefined()
    const rest = await bench.drain()
    expect(numbersOf(rest)).toEqual(Array.from({ length: 1_001 }, (_, n) => n))
  })

  it('marks what was stored before the connection began as historical, and nothing else', async () => {
    const bench = await openBench(createMemoryFolder())
    bench.outbox.append(eventOf('a', 0))
    bench.outbox.append(eventOf('b', 0, { payload: '{"n":0,"historical":5}', historicalMember: 'event_historical' }))
    await turns()
    bench.outbox.connected()
    bench.outbox.append(eventOf('a', 1))
    await turns()
    expect(await bench.drain()).toEqual([
      { n: 0, id: 'a:00000001:0', historical: true },
      { n: 0, historical: 5, event_historical: true },
      { n: 1, id: 'a:00000001:1' },
    ])
  })

  it('R12: drops the oldest when it is full, and generated = sent + said to be lost, exactly', async () => {
    const bench = await openBench(createMemoryFolder(), { maxBytes: 20_000 })
    for (let n = 0; n < 3_000; n++) {
      bench.outbox.append(eventOf(n % 3 === 0 ? 'a' : 'b', n))
      if (n % 64 === 0) await turns(3)
    }
    await turns(200)
    expect(bench.outbox.info.waiting).toBe(0)
    expect(bench.outbox.info.bytes).toBeLessThan(20_000 + 64 * 150)
    bench.outbox.connected()
    const payloads = await bench.drain()
    const events = payloads.filter(({ n }) => n !== undefined)
    const said = payloads
      .filter(({ type }) => type === 'events_dropped')
      .map(({ data }) => data as { count: number; reason: string })
    const lost = said.reduce((sum, { count }) => sum + count, 0)
    expect(new Set(said.map(({ reason }) => reason))).toEqual(new Set(['full']))
    expect(lost).toBeGreaterThan(2_000)
    expect(events.length + lost).toBe(3_000)
    expect(bench.outbox.info.dropped).toEqual({ full: lost, ttl: 0, corrupt: 0 })
    // Those that are there are the newest.
    expect(Math.min(...events.map(({ n }) => n as number))).toBe(lost)
  })

  it('keeps reliable events on their device when it is full and is to reject new ones', async () => {
    const bench = await openBench(createMemoryFolder(), { maxBytes: 1_000, onFull: 'reject-new' })
    const stored: number[] = []
    for (let n = 0; n < 30; n++) void bench.outbox.store(eventOf('a', n), last(n)).then(() => stored.push(n))
    await turns(100)
    const before = stored.length
    expect(before).toBeGreaterThan(2)
    expect(before).toBeLessThan(15)
    bench.outbox.append(eventOf('b', 0))
    expect(bench.rejected).toEqual(['b'])
    bench.outbox.connected()
    expect(numbersOf(await bench.drain())).toEqual(Array.from({ length: 30 }, (_, n) => n))
    expect(stored).toHaveLength(30)
    expect(bench.outbox.info.dropped.full).toBe(1)
  })

  it('R11: does not take the copy of an event for stored while there is no room for the event itself', async () => {
    const bench = await openBench(createMemoryFolder(), { maxBytes: 1_000, onFull: 'reject-new' })
    const stored: number[] = []
    for (let n = 0; n < 30; n++) {
      for (let copy = 0; copy < 2; copy++) void bench.outbox.store(eventOf('a', n), last(n)).then(() => stored.push(n))
    }
    await turns(100)
    expect(bench.outbox.info.events).toBeLessThan(15)
    expect(new Set(stored).size).toBe(bench.outbox.info.events)
    bench.outbox.connected()
    expect(numbersOf(await bench.drain())).toEqual(Array.from({ length: 30 }, (_, n) => n))
    expect(stored).toHaveLength(60)
  })

  it('drops what is older than its time to live, and says how many', async () => {
    const clock = createVirtualClock()
    let nowMs = 0
    const bench = await openBench(createMemoryFolder(), { ttlMs: 60_000, clock, now: () => new Date(nowMs) })
    for (let n = 0; n < 5; n++) bench.outbox.append(eventOf('a', n, { atMs: 0 }))
    for (let n = 5; n < 8; n++) bench.outbox.append(eventOf('a', n, { atMs: 50_000 }))
    await turns()
    nowMs = 70_000
    await clock.advance(10_000)
    await turns()
    bench.outbox.connected()
    const payloads = await bench.drain()
    expect(numbersOf(payloads)).toEqual([5, 6, 7, undefined])
    expect(payloads.at(-1)).toMatchObject({ data: { name: 'a', count: 5, reason: 'ttl' } })
  })
})

describe('the disk of a gateway of boards and programs fails', () => {
  it.each([true, false])(
    'R11: an event whose batch failed is not acknowledged before it is stored; the batch is there: %s',
    async (keepsFailed) => {
      const clock = createVirtualClock()
      const folder = createMemoryFolder()
      folder.keepsFailed = keepsFailed
      const bench = await openBench(folder, { clock })
      await bench.outbox.store(eventOf('a', 0), last(0))
      folder.beforeWrite = () => {
        throw new Error('IO error: 000003.log: Input/output error')
      }
      let isStored = false
      const stored = bench.outbox.store(eventOf('a', 1), last(1)).then(() => {
        isStored = true
      })
      await turns()
      expect(isStored).toBe(false)
      expect(bench.outbox.info.isOpen).toBe(false)
      expect(bench.alarms.at(-1)).toMatchObject({
        state: 'unavailable',
        problem: expect.stringContaining('Input/output'),
      })
      folder.beforeWrite = () => {}
      await clock.until(stored)
      expect(folder.opens).toBe(2)
      expect(bench.alarms.at(-1)).toEqual({ state: 'ok' })
      bench.outbox.connected()
      expect(numbersOf(await bench.drain())).toEqual([0, 1])
    },
  )

  it('R11: a disk that is full keeps the gateway alive without an outbox, and it resumes within 5 s of space', async () => {
    const clock = createVirtualClock()
    const folder = createMemoryFolder()
    const full = () => {
      throw new Error('IO error: MANIFEST: No space left on device')
    }
    folder.beforeOpen = full
    const bench = await openBench(folder, { clock })
    expect(bench.outbox.info.isOpen).toBe(false)
    let storedAtMs: number | undefined
    const stored = bench.outbox.store(eventOf('a', 0), last(0)).then(() => {
      storedAtMs = clock.nowMs()
    })
    await clock.advance(60_000)
    expect(storedAtMs).toBeUndefined()
    expect(bench.alarms).toHaveLength(1)
    const roomAtMs = clock.nowMs()
    folder.beforeOpen = () => {}
    await clock.until(stored)
    expect(storedAtMs! - roomAtMs).toBeLessThanOrEqual(5_000)
  })

  it('R9: a record that changed is never sent: it is put aside with its outbox, the others are kept, and it is counted', async () => {
    const folder = createMemoryFolder()
    const first = await openBench(folder)
    for (let n = 0; n < 10; n++) first.outbox.append(eventOf('a', n))
    await turns()
    await first.outbox.close()
    const bytes = Buffer.from(folder.values.get(4)!)
    bytes[bytes.length - 3]! ^= 1
    folder.values.set(4, bytes)
    folder.values.delete(6)
    const second = await openBench(folder)
    expect(second.alarms).toEqual([
      { state: 'quarantined', problem: 'record 4 is damaged', lost: 2, aside: '/memory/outbox.quarantine-1' },
    ])
    second.outbox.connected()
    const payloads = await second.drain()
    expect(numbersOf(payloads)).toEqual([0, 1, 2, 3, 5, 7, 8, 9, undefined])
    expect(payloads.at(-1)).toMatchObject({ type: 'events_dropped', data: { count: 2, reason: 'corrupt' } })
  })

  it('R9: damage that is seen only when an event is to be sent is dealt with while the gateway runs', async () => {
    const clock = createVirtualClock()
    const folder = createMemoryFolder()
    const bench = await openBench(folder, { clock })
    for (let n = 0; n < 5; n++) bench.outbox.append(eventOf('a', n))
    await turns()
    folder.values.delete(2)
    bench.outbox.connected()
    await turns()
    await clock.advance(1_000)
    await turns()
    expect(bench.alarms.at(-1)).toMatchObject({ state: 'quarantined', lost: 1 })
    expect(numbersOf(await bench.drain())).toEqual([0, 1, 3, 4, undefined])
  })
})

describe('a broker that forgets what a board or a program has said', () => {
  it('R13: with hold, what it acknowledged shortly before it was gone is sent once more after a reconnect, then removed', async () => {
    const clock = createVirtualClock()
    const folder = createMemoryFolder()
    const bench = await openBench(folder, { clock, holdMs: 5_000 })
    bench.outbox.connected()
    for (let n = 0; n < 3; n++) bench.outbox.append(eventOf('a', n))
    await turns()
    expect(numbersOf(await bench.drain())).toEqual([0, 1, 2])
    await clock.advance(1_000)
    bench.outbox.disconnected()
    bench.outbox.append(eventOf('a', 3))
    await turns()
    bench.outbox.connected()
    expect(numbersOf(await bench.drain())).toEqual([3])
    await clock.advance(2_000)
    expect(numbersOf(await bench.drain())).toEqual([0, 1, 2])
    await clock.advance(10_000)
    bench.outbox.disconnected()
    bench.outbox.connected()
    await clock.advance(2_000)
    expect(await bench.drain()).toEqual([])
    await turns()
    expect(folder.values.size).toBe(0)
  })
})
