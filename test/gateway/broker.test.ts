/** The embedded broker in front of strangers. */

import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Broker, startBroker } from '../../src/gateway/broker.js'
import { silentLog } from '../../src/gateway/log.js'
import { freePort } from './mosquitto.js'
import { connectClient } from './mqtt-client.js'

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

test('closing drops every connection and may be called twice', async () => {
  const broker = await startBroker(0, silentLog)
  const socket = await socketTo(broker)
  const gone = closed(socket)
  await Promise.all([broker.close(), broker.close(), gone])
})
