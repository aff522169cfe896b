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

it('R23: a client that asks for 5,000 subscriptions is disconnected at one too many, counted, and others go on', async () => {
  const lines: string[] = []
  const broker = await startBroker(0, (_level, _namespace, line) => lines.push(line))
  onTestFinished(() => broker.close())
  const good = await connectClient(broker.url, ['d/+'])
  onTestFinished(() => good.end())
  const names = (from: number, count: number) => Array.from({ length: count }, (_, at) => `d${from + at}/state`)
  const hog = await connectClient(broker.url, [], { reconnectPeriod: 0 })
  onTestFinished(() => hog.end())
  expect(await hog.grants(names(0, 512))).toBe(512)
  expect(await hog.grants(names(512, 512))).toBe(LIMITS.brokerManySubscriptions - 512)
  void hog.grants(names(1_024, 500))
  await hog.closed
  const packet = await connectClient(broker.url, [], { reconnectPeriod: 0 })
  onTestFinished(() => packet.end())
  void packet.grants(names(0, 5_000))
  await packet.closed
  expect(broker.info.refused).toMatchObject({ closed: 2, subscription: 0 })
  expect(lines.filter((line) => line.includes('closed:'))).toEqual([
    'connection of 127.0.0.1 closed: a client without a user asks for more than 1024 subscriptions',
    expect.stringMatching(/^connection of 127.0.0.1 closed: (a packet of \d+ bytes|more than 512 topic filters)/),
  ])
  await good.publish('d/1', 'here')
  await good.next('d/1')
})

it('R23: a client may have all of its subscriptions again and again, in packets as Home Assistant sends them', async () => {
  const broker = await start()
  // mqtt.js, where it may reconnect, does not ask again for what it has.
  const client = await connectClient(broker.url, [], { reconnectPeriod: 0 })
  onTestFinished(() => client.end())
  const topics = Array.from({ length: 1_000 }, (_, at) => `portwire/greenhouse-${at}/event/temperatureOfTheSoil`)
  for (let round = 0; round < 3; round++) {
    expect(await client.grants(topics.slice(0, 500))).toBe(500)
    expect(await client.grants(topics.slice(500))).toBe(500)
  }
  await client.unsubscribe(topics[0]!)
  expect(broker.info.refused.closed).toBe(0)
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

it('R23: whatever others have retained, what the gateway itself says is retained', async () => {
  const broker = await start()
  const client = await connectClient(broker.url, [])
  onTestFinished(() => client.end())
  const text = 'x'.repeat(250_000)
  for (let i = 0; i <= LIMITS.brokerRetainedBytes / text.length; i++)
    await client.publish(`x/${i}`, text, { retain: true })
  const login = { username: broker.own.user, password: broker.own.password }
  const gateway = await connectClient(broker.url, [], login)
  onTestFinished(() => gateway.end())
  await gateway.publish('portwire/bridge/info', text, { retain: true })
  await gateway.publish('portwire/bridge/info', `${text}longer`, { retain: true })
  const late = await connectClient(broker.url, ['portwire/#'])
  onTestFinished(() => late.end())
  expect((await late.next('portwire/bridge/info')).text).toBe(`${text}longer`)
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
