/** Rows E3 to E9, each from a spawned program and from a board on a serial line. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createEventFeed, EVENT_SERVER_DEFAULTS } from '../../src/event-server/index.js'
import { createValueCodec } from '../../src/wire/index.js'
import { erlang } from '../stdio/drivers.js'
import { connectTo, startServer } from './client.js'
import { type Meter, meter, SOURCES, startMeter } from './sources.js'

/** Readings in runs, as a device with a call between them sends them. */
async function readings(port: Meter, count: number, bytes = 4, run = 1_000): Promise<number> {
  let taken = 0
  for (let from = 0; from < count; from += run) {
    taken += await port.call('burst', { from, count: Math.min(run, count - from), bytes })
  }
  return taken
}

describe.each(SOURCES)('events of %s over TCP', (_source, openMeter) => {
  const start = async () => {
    const port = await startMeter(openMeter)
    return { port, feed: createEventFeed(port, meter) }
  }

  it('E3, E4, E5: 10,000 events arrive in order at an Erlang client that connects where bind says; a second one replaces it, which gets FIN; none after unbind', {
    timeout: 40_000,
  }, async () => {
    const { port, feed } = await start()
    const server = await startServer(feed)
    const { host, port: tcpPort } = server.bind(['reading'])
    const client = (events: number) =>
      erlang(
        `Socket = de:connect(Host, TcpPort, 2),
         de:events(Socket, ${events}, 15000),
         de:say(gen_tcp:recv(Socket, 0, 15000))`,
        { Host: host, TcpPort: tcpPort },
      )
    const first = client(10_000)
    await server.was('connected')
    expect(await readings(port, 10_000)).toBe(10_000)
    expect((await first.said(1))[0]).toMatch(/^\{\{in_order,9999\},\d+\}$/)

    const second = client(100)
    await server.was('replaced')
    expect((await first.said(2))[1]).toBe('{error,closed}')
    expect(await readings(port, 100)).toBe(100)
    expect((await second.said(1))[0]).toMatch(/^\{\{in_order,10099\},\d+\}$/)

    server.unbind()
    expect(await readings(port, 100)).toBe(0)
    await server.close()
    expect((await second.said(2))[1]).toBe('{error,closed}')
    expect(server.counters).toMatchObject({ sent: 10_100, droppedFull: 0, replaced: 1 })
  })

  it('E6: without a client 100,000 events are dropped and counted, and memory stays flat', {
    timeout: 60_000,
  }, async () => {
    const { port, feed } = await start()
    const server = await startServer(feed)
    server.bind(['reading'])
    await readings(port, 10_000)
    const before = usedBytes()
    expect(await readings(port, 90_000)).toBe(90_000)
    const grownBytes = usedBytes() - before
    expect(server.counters).toMatchObject({ sent: 0, droppedUnheard: 100_000 })
    // The events themselves, kept, would be several million.
    expect(grownBytes).toBeLessThan(1_000_000)
    const client = await connectTo(server)
    await readings(port, 1)
    expect(await client.heard(1)).toEqual([['reading', 0, 'xxxx', 100_000]])
  })

  it('E7: a client that does not read costs its bound of 25,000 events, the rest is counted, and every call is answered', {
    timeout: 60_000,
  }, async () => {
    const { port, feed } = await start()
    const server = await startServer(feed, { events: ['reading'] })
    const client = await connectTo(server)
    client.socket.pause()
    let emitted = 0
    let calls = 0
    let most = 0
    while (server.counters.droppedFull < 1_000) {
      const call = port.call('echo', { n: calls })
      emitted += await port.call('burst', { from: emitted, count: 100, bytes: 200 })
      expect(await call).toBe(calls++)
      most = Math.max(most, server.queued)
    }
    expect(most).toBe(EVENT_SERVER_DEFAULTS.maxQueued)
    expect(calls).toBe(emitted / 100)
    client.socket.resume()
    const { sent, droppedFull } = server.counters
    expect(sent + droppedFull).toBe(emitted)
    const heard = await client.heard(sent)
    // What was dropped is the newest: the ids of those before it are without a gap.
    expect(heard.map((event) => event[3])).toEqual(heard.map((_, n) => n))
    await readings(port, 1)
    expect((await client.heard(sent + 1)).at(-1)).toEqual(['reading', 0, 'xxxx', emitted])
  })

  it.each([
    [1, 255],
    [2, 65_535],
  ] as const)(
    'E8: with a length of %i bytes an event of one byte more than %i is dropped and said, the stream lives',
    async (packet, limit) => {
      const { port, feed } = await start()
      const drops: unknown[] = []
      const options = { events: ['reading'], packet, dropped: (...drop: unknown[]) => void drops.push(drop) }
      const server = await startServer(feed, options)
      const client = await connectTo(server, packet)
      // The id and the number are one byte each here, the head of the text the longest that is needed.
      const aroundBytes = createValueCodec().encode(['reading', 0, 'x'.repeat(limit - 30), 0]).length - (limit - 30)
      const emit = (contentBytes: number) =>
        port.call('burst', { from: 0, count: 1, bytes: contentBytes - aroundBytes })
      // The board's own frame holds two bytes less than 65,535 of value: what is too long for the packet is still short enough there.
      expect(await emit(limit + 1)).toBe(1)
      expect(await emit(limit)).toBe(1)
      expect(await emit(limit - 1)).toBe(1)
      const heard = await client.heard(2)
      expect(heard.map((event) => (event[2] as string).length)).toEqual([limit - aroundBytes, limit - 1 - aroundBytes])
      expect(drops).toEqual([['too_large', 'reading']])
      expect(server.counters.droppedTooLarge).toBe(1)
    },
  )

  it('E1: the device sends what is bound and nothing else; binding twice is binding once, and one unbind ends it', async () => {
    const { port, feed } = await start()
    const server = await startServer(feed)
    expect(() => server.bind([])).toThrow('ARGUMENT_INVALID: events: at least one name')
    server.bind(['silent'])
    expect(await readings(port, 3)).toBe(0)
    server.bind(['ALL'])
    server.bind(['reading', 'reading'])
    const client = await connectTo(server)
    expect(await readings(port, 3)).toBe(3)
    await port.call('alarm', { high: true })
    const heard = await client.heard(4)
    expect(heard.map((event) => event[0])).toEqual(['reading', 'reading', 'reading', 'alarm'])
    server.unbind(['reading'])
    expect(await readings(port, 3)).toBe(0)
  })

  it('E10: two subscribers of one event each get it, encoded once', async () => {
    const { port, feed } = await start()
    const servers = [await startServer(feed, { events: ['reading'] }), await startServer(feed, { events: ['ALL'] })]
    const [one, two] = [await connectTo(servers[0]!), await connectTo(servers[1]!)]
    await readings(port, 100)
    expect((await one.heard(100)).map((event) => event[1])).toEqual([...Array(100).keys()])
    expect(await two.heard(100)).toEqual(one.events)
    expect(feed.encoded).toBe(100)
    one.socket.end()
    await servers[0]!.was('gone')
    await readings(port, 1)
    expect((await two.heard(101)).at(-1)).toEqual(['reading', 0, 'xxxx', 100])
  })

  it('E9: when the Erlang process exits its bindings go, and the device is told to stop', async () => {
    const { port, feed } = await start()
    const server = await startServer(feed, { events: ['reading', 'alarm'] })
    const { host, port: tcpPort } = server.address
    const de = erlang('Socket = de:connect(Host, TcpPort, 2), {ok, _} = gen_tcp:recv(Socket, 0, 15000)', {
      Host: host,
      TcpPort: tcpPort,
    })
    await server.was('connected')
    expect(await readings(port, 1)).toBe(1)
    await server.was('gone')
    expect(await de.exited).toBe(0)
    expect(server.bound).toEqual([])
    expect(await readings(port, 1)).toBe(0)
  })
})

/** Bytes in use after a full collection. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
