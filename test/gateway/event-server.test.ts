/** Events over TCP to an Erlang client: scenario A14. */

import { spawnSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { defineContract } from '../../src/contract/index.js'
import { type EventServer, type EventServerOptions, startEventServer } from '../../src/gateway/event-server.js'
import { createPacketDecoder, createValueCodec } from '../../src/wire/index.js'
import { erlang } from '../stdio/drivers.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { until } from './until.js'

const contract = defineContract({
  name: 'meter',
  version: '1',
  events: {
    reading: { fields: { celsius: 'f32', text: 'str' } },
    alarm: { fields: { high: 'bool' }, acknowledged: true },
    silent: {},
  },
}) as unknown as Contract

/** A fake port that also says what is bound. */
function createBoundPort(): FakePort & { readonly bound: ReadonlySet<string> } {
  const fake = createFakePort()
  const bound = new Set<string>()
  const binding = (event: string, stop: () => void) => {
    bound.add(event)
    return () => {
      bound.delete(event)
      stop()
    }
  }
  return Object.assign(Object.create(fake) as FakePort, {
    bound,
    on: (event: string, listener: never) => binding(event, fake.on(event, listener)),
    consume: (event: string, consumer: never) => binding(event, fake.consume(event, consumer)),
  })
}

async function start(options: Partial<EventServerOptions> = {}) {
  const port = createBoundPort()
  const server = await startEventServer(port, { contract, ...options })
  onTestFinished(() => server.close())
  return { port, server }
}

interface Client {
  readonly socket: Socket
  readonly events: unknown[]
  readonly ended: () => boolean
}

async function connectTo(server: EventServer, prefixBytes: 1 | 2 | 4 = 2): Promise<Client> {
  const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 65_535 })
  const codec = createValueCodec()
  const events: unknown[] = []
  let ended = false
  const socket = connect(server.address.port, server.address.host)
  socket.on('data', (bytes) => {
    for (const packet of decoder.push(bytes)) {
      const decoded = packet.kind === 'content' ? codec.decode(packet.bytes) : undefined
      events.push(decoded?.ok ? decoded.value : packet)
    }
  })
  socket.on('end', () => {
    ended = true
  })
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, events, ended: () => ended }
}

/** Resolves when the server has taken the client and nothing is on its way to it: that the client is connected says neither. */
async function accepted(server: EventServer, port: FakePort, client: Client) {
  await until(
    async () => {
      await port.emit('silent', {})
      return client.events.length > 0
    },
    5_000,
    () => `the server has taken the client; it sent ${server.counters.sent} events`,
  )
  await port.emit('reading', { celsius: 0, text: 'last' })
  await until(() => isLast(client.events.at(-1)), 5_000, 'the last of them')
  client.events.length = 0
}

function isLast(event: unknown): boolean {
  return Array.isArray(event) && event[2] === 'last'
}

test('A14: 10,000 events arrive at an Erlang client in order, none lost, and none after unbind', async () => {
  const { port, server } = await start()
  const { host, port: tcpPort } = server.bind(['reading', 'silent'])
  const de = erlang(
    `Socket = de:connect(Host, TcpPort, 2),
     de:say(connected),
     {ok, _} = gen_tcp:recv(Socket, 0, 5000),
     de:events(Socket, 10000, 5000),
     de:say(gen_tcp:recv(Socket, 0, 200))`,
    { Host: host, TcpPort: tcpPort },
  )
  await de.said(1)
  await until(
    async () => {
      if (server.counters.sent === 0) await port.emit('silent', {})
      return server.counters.sent > 0
    },
    5_000,
    'the server has taken the client',
  )
  for (let n = 0; n < 10_000; n++) void port.emit('reading', { celsius: n, text: 'x' })
  await until(() => de.lines.length >= 2, 15_000, 'Erlang has taken them')
  server.unbind(['reading'])
  expect([...port.bound]).toEqual(['silent'])
  await port.emit('reading', { celsius: 1, text: 'late' })
  const lines = await de.said(3)
  expect(lines[1]).toMatch(/^\{\{in_order,\d+\},\d+\}$/)
  expect(lines[2]).toBe('{error,timeout}')
  console.log(`A14: ${lines[1]} (last id, ms)`)
})

test('an event is its name, its values by position and its id', async () => {
  const { port, server } = await start({ events: ['ALL'] })
  const client = await connectTo(server)
  await accepted(server, port, client)
  await port.emit('reading', { celsius: 21.5, text: 'probe 1' })
  await port.emit('alarm', { high: true }, { number: 7 })
  await port.emit('silent', {})
  await until(() => client.events.length === 3, 5_000, 'three events')
  expect(client.events).toEqual([
    ['reading', 21.5, 'probe 1', expect.any(Number)],
    ['alarm', true, 'greenhouse:7f3a91c2:7'],
    ['silent', expect.any(Number)],
  ])
})

test('a new subscriber replaces the old one, which gets FIN; the new one gets everything from then on', async () => {
  const { port, server } = await start({ events: ['ALL'] })
  const first = await connectTo(server)
  await accepted(server, port, first)
  const second = await connectTo(server)
  await until(first.ended, 5_000, 'FIN at the first')
  await accepted(server, port, second)
  await port.emit('reading', { celsius: 1, text: '' })
  await until(() => second.events.length === 1, 5_000, 'the event at the second')
  expect(first.events).toEqual([])
  expect(server.counters.replaced).toBe(1)
  expect(port.bound.size).toBe(3)
})

test('without a subscriber events are dropped and counted, and none is kept for the next one', async () => {
  const { port, server } = await start()
  server.bind(['reading', 'silent'])
  for (let n = 0; n < 100; n++) await port.emit('reading', { celsius: n, text: '' })
  expect(server.counters.droppedUnheard).toBe(100)
  const client = await connectTo(server)
  await accepted(server, port, client)
  await port.emit('reading', { celsius: 7, text: 'now' })
  await until(() => client.events.length === 1, 5_000, 'the event')
  expect(client.events).toEqual([['reading', 7, 'now', expect.any(Number)]])
})

test('a subscriber that does not read costs no more than its bound, and no call', async () => {
  const { port, server } = await start({ events: ['ALL'], maxQueued: 1_000 })
  const client = await connectTo(server)
  await accepted(server, port, client)
  client.socket.pause()
  const text = 'x'.repeat(1_000)
  const EMITTED = 20_000
  for (let n = 0; n < EMITTED; n++) {
    void port.emit('reading', { celsius: n, text })
    if (n % 500 === 0) await port.call('anything', { n })
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const { droppedFull } = server.counters
  expect(droppedFull).toBeGreaterThan(0)
  client.socket.resume()
  await until(() => client.events.length === EMITTED - droppedFull, 10_000, 'all that was not dropped')
  // The gap is there to see, and the order is kept.
  const ids = client.events.map((event) => (event as unknown[]).at(-1) as number)
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  expect(port.calls).toHaveLength(EMITTED / 500)
})

test.each([
  [1, 255],
  [2, 65_535],
] as const)(
  'an event too large for a length of %i bytes is dropped with a count, at the exact limit; the stream lives',
  async (prefix, limit) => {
    const { port, server } = await start({ events: ['ALL'], packet: prefix })
    const client = await connectTo(server, prefix)
    await accepted(server, port, client)
    const codec = createValueCodec()
    const emit = async (content: number) => {
      // The id is one byte here, as only a handful of events came before.
      const empty = codec.encode(['reading', 0, 'x'.repeat(limit - 30), 0]).length - (limit - 30)
      await port.emit('reading', { celsius: 0, text: 'x'.repeat(content - empty) })
    }
    await emit(limit + 1)
    expect(server.counters.droppedTooLarge).toBe(1)
    await emit(limit)
    await emit(limit - 1)
    await until(() => client.events.length === 2, 5_000, 'both that fit')
    expect(server.counters.droppedTooLarge).toBe(1)
  },
)

test('when the subscriber is gone its bindings go, and the device is told to stop', async () => {
  const { port, server } = await start()
  const { host, port: tcpPort } = server.bind(['reading', 'silent'])
  const de = erlang('Socket = de:connect(Host, TcpPort, 2), gen_tcp:recv(Socket, 0, 5000), de:say(heard)', {
    Host: host,
    TcpPort: tcpPort,
  })
  await until(
    async () => {
      await port.emit('silent', {})
      return de.lines.length > 0
    },
    10_000,
    'Erlang has heard an event',
  )
  await de.exited
  await until(() => port.bound.size === 0, 5_000, 'nothing is bound')
  expect(server.bound).toEqual([])
})

test('binding twice is binding once; nothing, and what the contract does not have, is refused', async () => {
  const { port, server } = await start()
  server.bind(['reading'])
  expect(server.bind(['reading', 'reading'])).toEqual(server.address)
  expect(server.bound).toEqual(['reading'])
  expect(() => server.bind([])).toThrow('ARGUMENT_INVALID: events: at least one name')
  expect(() => server.bind(['silent', 'reeding'])).toThrow('no event reeding; it has: reading, alarm, silent')
  expect([...port.bound]).toEqual(['reading'])
  server.bind(['ALL'])
  expect(server.bound).toEqual(['reading', 'alarm', 'silent'])
  server.unbind()
  expect(port.bound.size).toBe(0)
})

test('the socket has TCP_NODELAY and keepalive: the system calls show it', () => {
  const script = `
    import { connect } from 'node:net'
    import { startEventServer } from './dist/gateway/event-server.js'
    import { defineContract } from './dist/contract/index.js'
    const contract = defineContract({ name: 'm', version: '1', events: { e: {} } })
    const port = { on: () => () => {}, consume: () => () => {} }
    const server = await startEventServer(port, { contract, events: ['e'] })
    const socket = connect(server.address.port, '127.0.0.1', async () => {
      while (server.bound.length === 0) await new Promise((done) => setImmediate(done))
      process.exit(0)
    })`
  const args = ['-f', '-e', 'trace=setsockopt', process.execPath, '--input-type=module', '-e', script]
  const { stderr, error } = spawnSync('strace', args, { encoding: 'utf8' })
  expect(error).toBeUndefined()
  expect(stderr).toMatch(/SOL_TCP, TCP_NODELAY, \[1\]/)
  expect(stderr).toMatch(/SOL_SOCKET, SO_KEEPALIVE, \[1\]/)
})
