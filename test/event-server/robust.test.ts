/** What must not end the process of an event server: consumers of others, values at the limits, options outside of their range. */

import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { defineContract } from '../../src/contract/index.js'
import { deferred } from '../../src/deferred.js'
import { createEventFeed, createFeed, type EventDrop, startEventServer } from '../../src/event-server/index.js'
import { open } from '../../src/open.js'
import { serve } from '../../src/serve.js'
import { createPacketDecoder, createValueCodec } from '../../src/wire/index.js'
import { createFakePort } from '../gateway/fake-port.js'
import { connectTo, startServer } from './client.js'
import { meter, SOURCES, startMeter } from './sources.js'

test.each(SOURCES)('%s: a reliable event that has a consumer already is refused at the start', async (_, openMeter) => {
  const port = await startMeter(openMeter)
  const stop = port.consume('alarm', () => {})
  const feed = createEventFeed(port, meter)
  await expect(startEventServer(feed, { events: ['ALL'] })).rejects.toThrow(
    'ARGUMENT_INVALID: event alarm has a consumer',
  )
  stop()
  await startServer(feed, { events: ['ALL'] })
  port.consume('alarm', () => {}) // the start has left nothing behind
})

test.each(SOURCES)(
  '%s: a subscriber whose event has got a consumer since gets FIN and is told',
  async (_, openMeter) => {
    const port = await startMeter(openMeter)
    const refused = deferred<Error>()
    const server = await startServer(createEventFeed(port, meter), { events: ['ALL'], refused: refused.resolve })
    const stop = port.consume('alarm', () => {})
    const socket = connect(server.address.port, server.address.host).resume()
    const ended = new Promise<void>((resolve) => void socket.once('end', resolve))
    expect((await refused.promise).message).toContain('event alarm has a consumer already')
    await ended
    expect(server.counters.refused).toBe(1)
    expect(server.bound).toEqual([]) // reading was bound before alarm could not be
    stop()
    const client = await connectTo(server)
    await port.call('alarm', { high: true })
    expect((await client.heard(1))[0]!.slice(0, 2)).toEqual(['alarm', true])
  },
)

test('who is there stays when the one who comes has to be sent away', async () => {
  const port = createFakePort()
  let isTaken = false
  const consume: typeof port.consume = (event, consumer) => {
    if (isTaken) throw new Error('taken')
    return port.consume(event, consumer)
  }
  const refused = deferred<Error>()
  const feed = createFeed({ on: port.on, consume }, meter as never)
  const server = await startServer(feed, { events: ['ALL'], refused: refused.resolve })
  const first = await connectTo(server)
  server.unbind(['alarm'])
  isTaken = true
  connect(server.address.port, server.address.host).on('error', () => {})
  await refused.promise
  await port.emit('reading', { n: 1, text: '' })
  expect(await first.heard(1)).toEqual([['reading', 1, '', 0]])
  expect(server.counters).toMatchObject({ replaced: 0, refused: 1 })
})

test('an event of a program with as many values as a port takes reaches the subscriber', async () => {
  const list = { array: 'u8', maxItems: 1024 } as const
  const big = defineContract({
    name: 'big',
    version: '1',
    actions: { go: {} },
    events: { many: { fields: { a: list, b: list, c: list, d: list } } },
  })
  const ones = (length: number) => Array.from({ length }, () => 1)
  const program = await serve(
    big,
    { go: () => void program.emit('many', { a: ones(1023), b: ones(1023), c: ones(1022), d: ones(1022) }) },
    { tcp: '127.0.0.1:0' },
  )
  onTestFinished(() => program.close())
  const port = await open(big, { tcp: program.addresses.tcp! })
  onTestFinished(async () => void (await port.close()))
  const server = await startServer(createEventFeed(port, big), { events: ['many'] })
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  const codec = createValueCodec({ maxNodes: 8192 })
  const heard = deferred<unknown>()
  const socket = connect(server.address.port, server.address.host)
  onTestFinished(() => void socket.destroy())
  socket.on('data', (bytes) => {
    for (const packet of decoder.push(bytes)) heard.resolve(packet.kind === 'content' && codec.decode(packet.bytes))
  })
  await server.was('connected')
  await port.call('go')
  const value = ['many', ones(1023), ones(1023), ones(1022), ones(1022), 0]
  expect(await heard.promise).toEqual({ ok: true, value })
})

test('an event that cannot be encoded is dropped, counted and told; the next one is sent', async () => {
  const port = createFakePort()
  const drops: [EventDrop, string][] = []
  const dropped = (reason: EventDrop, event: string) => void drops.push([reason, event])
  const feed = createFeed(port, meter as never)
  const server = await startServer(feed, { events: ['ALL'], dropped })
  const client = await connectTo(server)
  await port.emit('reading', { n: 1, text: Array.from({ length: 9_000 }, () => 1) })
  await port.emit('alarm', { high: Symbol('none') }, { number: 1 })
  await port.emit('reading', { n: 2, text: '' })
  expect(await client.heard(1)).toEqual([['reading', 2, '', 1]])
  expect(server.counters).toMatchObject({ sent: 1, droppedUnencodable: 2 })
  expect(drops).toEqual([
    ['unencodable', 'reading'],
    ['unencodable', 'alarm'],
  ])
  expect(feed.encoded).toBe(1)
})

test('unbind takes ALL as bind does', async () => {
  const server = await startServer(createFeed(createFakePort(), meter as never))
  server.bind(['ALL'])
  server.unbind(['ALL'])
  expect(server.bound).toEqual([])
})

test.each([
  { packet: 3 },
  { packet: '2' },
  { port: 99_999 },
  { port: -1 },
  { port: 1.5 },
  { maxQueued: Number.NaN },
  { maxQueued: 0 },
  { maxQueued: -1 },
  { maxQueuedBytes: -1 },
  { maxQueuedBytes: Number.POSITIVE_INFINITY },
])('%o is refused', async (wrong) => {
  const started = startEventServer(createFeed(createFakePort(), meter as never), wrong as never)
  void started.then((server) => server.close()).catch(() => {})
  await expect(started).rejects.toThrow(`ARGUMENT_INVALID: ${Object.keys(wrong)[0]}: `)
})
