/** The embedded broker in front of strangers. */

import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished, test } from 'vitest'
import { type Broker, startBroker } from '../../../src/gateway/broker/broker.js'
import { LIMITS } from '../../../src/gateway/limits.js'
import { silentLog } from '../../../src/gateway/log.js'
import { freePort } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'

async function start(): Promise<Broker> {
  const broker = await startBroker(0, silentLog)
  onTestFinished(() => broker.close())
  return broker
}

function socketTo(broker: Broker): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(broker.port, '127.0.0.1', () => resolve(socket))
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
  })
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.on('close', () => resolve()).resume())

test('it listens on loopback only', async () => {
  const broker = await start()
  const { networkInterfaces } = await import('node:os')
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((entry) => !entry.internal && entry.family === 'IPv4')
  for (const { address } of others) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(broker.port, address)
      socket.on('error', () => resolve())
      socket.on('connect', () => reject(new Error(`it listens on ${address} too`)))
    })
  }
})

test('a port that is taken is named', async () => {
  const port = await freePort()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  await expect(startBroker(port, silentLog)).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: `PORT_BUSY: 127.0.0.1:${port} is taken: another broker, or another gateway, listens there`,
  })
})

test('a packet that says it is too long ends its connection before it is collected, and no other', async () => {
  const broker = await start()
  const url = `mqtt://127.0.0.1:${broker.port}`
  const good = await connectClient(url)
  const big = await connectClient(url, [], { reconnectPeriod: 0 })
  onTestFinished(() => Promise.all([good.end(), big.end()]).then(() => {}))
  void big.publish('a', 'x'.repeat(300_000)).catch(() => {})
  await good.publish('b', { still: 'here' })
  expect((await good.next('b')).json).toEqual({ still: 'here' })
  expect(good.messages.some(({ topic }) => topic === 'a')).toBe(false)
})

test('a stranger that does not speak MQTT is cut off at its first byte', async () => {
  const socket = await socketTo(await start())
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await closed(socket)
})

it('R23: of 5,000 subscriptions of a client 100 are granted, the others are refused and counted, and it goes on', async () => {
  const broker = await start()
  const client = await connectClient(broker.url, [])
  onTestFinished(() => client.end())
  let granted = 0
  for (let i = 0; i < 5_000; i += 500) {
    granted += await client.grants(Array.from({ length: 500 }, (_, at) => `d${i + at}/state`))
  }
  expect(granted).toBe(LIMITS.brokerSubscriptions)
  expect(broker.info.refused.subscription).toBe(5_000 - LIMITS.brokerSubscriptions)
  await client.publish('d0/state', 'here')
  await client.next('d0/state')
  await client.unsubscribe('d0/state')
  expect(await client.grants(['d4999/state', 'd4998/state'])).toBe(1)
})

it('R23: of connections that say nothing 64 stay, the oldest goes first, and somebody who says CONNECT is let in', async () => {
  const broker = await start()
  const silent: Socket[] = []
  for (let i = 0; i < LIMITS.brokerSocketsWaiting; i++) silent.push(await socketTo(broker))
  const gone = closed(silent[0]!)
  const client = await connectClient(broker.url, [])
  onTestFinished(() => client.end())
  await gone
  expect(silent.slice(1).some((socket) => socket.destroyed)).toBe(false)
  expect(broker.info).toMatchObject({ connections: LIMITS.brokerSocketsWaiting, refused: { closed: 1 } })
})

it('R23: what is retained has an end: beyond it a message is passed on and not kept', async () => {
  const broker = await start()
  const client = await connectClient(broker.url, ['x/#'])
  onTestFinished(() => client.end())
  const text = 'x'.repeat(250_000)
  const fit = Math.floor(LIMITS.brokerRetainedBytes / text.length)
  for (let i = 0; i < fit + 3; i++) await client.publish(`x/${i}`, text, { retain: true })
  await client.heard(fit + 3)
  const late = await connectClient(broker.url, ['x/#'])
  onTestFinished(() => late.end())
  await late.heard(fit)
  await late.subscribe('y')
  expect(late.messages).toHaveLength(fit)
  expect(broker.info.refused.retained).toBe(3)
})

test('a session is kept for nobody but the gateway, so that nothing piles up for who does not come back', async () => {
  const broker = await start()
  const visit = () => connectClient(broker.url, [], { clean: false, clientId: 'display' })
  const first = await visit()
  await first.subscribe('x')
  await first.end()
  const other = await connectClient(broker.url, [])
  onTestFinished(() => other.end())
  await other.publish('x', 'meanwhile')
  const again = await visit()
  onTestFinished(() => again.end())
  await again.subscribe('y')
  await other.publish('y', 'now')
  await again.next('y')
  expect(again.messages.map(({ topic }) => topic)).toEqual(['y'])
})

test('closing drops every connection and may be called twice', async () => {
  const broker = await startBroker(0, silentLog)
  const socket = await socketTo(broker)
  const gone = closed(socket)
  await Promise.all([broker.close(), broker.close(), gone])
})
