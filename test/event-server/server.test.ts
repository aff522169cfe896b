/** The event server over a port without a device: what is the same whoever sends the events. */

import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { createFeed, type EventServerOptions, startEventServer } from '../../src/event-server/index.js'
import { createFakePort } from '../gateway/fake-port.js'
import { connectTo, startServer } from './client.js'
import { meter } from './sources.js'

const contract = meter as unknown as Contract

async function start(options: EventServerOptions = {}) {
  const port = createFakePort()
  const feed = createFeed(port, contract)
  return { port, feed, server: await startServer(feed, options) }
}

test('a new client replaces the old one, which gets FIN; the new one gets everything from then on', async () => {
  const { port, server } = await start({ events: ['ALL'] })
  const first = await connectTo(server)
  await port.emit('reading', { n: 1, text: '' })
  const second = await connectTo(server, 2, 1)
  await first.ended
  await port.emit('reading', { n: 2, text: '' })
  expect(await second.heard(1)).toEqual([['reading', 2, '', 1]])
  expect(first.events).toEqual([['reading', 1, '', 0]])
  expect(server.counters.replaced).toBe(1)
  expect(server.bound).toEqual(['reading', 'alarm', 'silent'])
})

test('a client that was replaced and does not read is cut off, what it left behind is nobody else’s', async () => {
  const { port, server } = await start({ events: ['ALL'], maxQueued: 1_000 })
  const first = await connectTo(server)
  first.socket.pause()
  const text = 'x'.repeat(60_000)
  while (server.counters.droppedFull === 0) await port.emit('reading', { n: 1, text })
  const second = await connectTo(server, 2, 1)
  expect(server.queued).toBe(0)
  await port.emit('reading', { n: 2, text: 'second' })
  expect((await second.heard(1))[0]).toEqual(['reading', 2, 'second', expect.any(Number)])
})

test('two subscribers of one event each get it, encoded once', async () => {
  const { port, feed, server } = await start({ events: ['reading'] })
  const other = await startServer(feed, { events: ['ALL'] })
  const one = await connectTo(server)
  const two = await connectTo(other)
  for (let n = 0; n < 100; n++) await port.emit('reading', { n, text: 'x' })
  await port.emit('alarm', { high: true })
  expect((await one.heard(100)).map((event) => event[1])).toEqual([...Array(100).keys()])
  expect((await two.heard(101)).slice(0, 100)).toEqual(one.events)
  expect(feed.encoded).toBe(101)
  one.socket.end()
  await server.was('gone')
  await port.emit('reading', { n: 100, text: 'x' })
  expect((await two.heard(102)).at(-1)).toEqual(['reading', 100, 'x', 100])
})

test('the bound of a client that does not read is also one of bytes', async () => {
  const { port, server } = await start({ events: ['ALL'], maxQueuedBytes: 1_000_000 })
  const client = await connectTo(server)
  client.socket.pause()
  const text = 'x'.repeat(60_000)
  while (server.counters.droppedFull === 0) {
    await port.emit('reading', { n: 1, text })
    // A million bytes and the event that crossed them.
    expect(server.queued).toBeLessThanOrEqual(17)
  }
})

test('without a subscriber events are not kept for the next one', async () => {
  const { port, server } = await start()
  server.bind(['reading', 'silent'])
  for (let n = 0; n < 100; n++) await port.emit('reading', { n, text: '' })
  const client = await connectTo(server)
  await port.emit('reading', { n: 7, text: 'now' })
  expect(await client.heard(1)).toEqual([['reading', 7, 'now', 100]])
  expect(server.counters.droppedUnheard).toBe(100)
})

test('binding twice is binding once; nothing, and what the contract does not have, is refused', async () => {
  const { server } = await start()
  expect(server.bind(['reading', 'reading'])).toEqual(server.address)
  server.bind(['reading'])
  expect(server.bound).toEqual(['reading'])
  expect(() => server.bind([])).toThrow('ARGUMENT_INVALID: events: at least one name')
  expect(() => server.bind(['silent', 'reeding'])).toThrow('no event reeding; it has: reading, alarm, silent')
  expect(server.bound).toEqual(['reading'])
  server.bind(['ALL'])
  expect(server.bound).toEqual(['reading', 'alarm', 'silent'])
  server.unbind(['alarm', 'nothing'])
  expect(server.bound).toEqual(['reading', 'silent'])
  server.unbind()
  expect(server.bound).toEqual([])
})

test('a name that is wrong, and an address that is taken, are said before anybody connects', async () => {
  const feed = createFeed(createFakePort(), contract)
  await expect(startEventServer(feed, { events: ['reeding'] })).rejects.toThrow(
    'ARGUMENT_INVALID: events: meter has no',
  )
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  await expect(startEventServer(feed, { port })).rejects.toMatchObject({ code: 'PORT_BUSY' })
})

test('the socket has TCP_NODELAY and keepalive: the system calls show it', () => {
  const script = `
    import { connect } from 'node:net'
    import { createEventFeed, defineContract, startEventServer } from './dist/index.js'
    const contract = defineContract({ name: 'm', version: '1', events: { e: {} } })
    const port = { on: () => () => {}, consume: () => () => {} }
    const server = await startEventServer(createEventFeed(port, contract), { subscriber: () => process.exit(0) })
    connect(server.address.port, '127.0.0.1')`
  const args = ['-f', '-e', 'trace=setsockopt', process.execPath, '--input-type=module', '-e', script]
  const { stderr, error } = spawnSync('strace', args, { encoding: 'utf8' })
  expect(error).toBeUndefined()
  expect(stderr).toMatch(/SOL_TCP, TCP_NODELAY, \[1\]/)
  expect(stderr).toMatch(/SOL_SOCKET, SO_KEEPALIVE, \[1\]/)
  expect(stderr).toMatch(/SOL_TCP, TCP_KEEPIDLE, \[10\]/)
})
