/** The pipe at brokers that leave something out. */

import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../../src/gateway/index.js'
import { createFakePort } from '../fake-port.js'
import { configWith } from '../support.js'

const CONNACK = Buffer.of(0x20, 0x02, 0x00, 0x00)
const SUBSCRIBE = 0x82

/** Takes every connection, in 3.1.1, and grants no subscription. */
async function brokerThatGrantsNothing() {
  let asked!: (socket: Socket) => void
  const subscribed = new Promise<Socket>((resolve) => {
    asked = resolve
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(CONNACK))
    socket.on('data', (chunk) => {
      if (chunk[0] === SUBSCRIBE) asked(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, subscribed }
}

test('closing while subscriptions are not granted yet leaves no connection behind', async () => {
  const { url, subscribed } = await brokerThatGrantsNothing()
  const gateway = await startGateway(configWith({ server: { kind: 'external', url }, version: 4 }), {
    openPort: () => createFakePort(),
  })
  const socket = await subscribed
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const startMs = performance.now()
  await gateway.close()
  await closed
  expect(performance.now() - startMs).toBeLessThan(1_000)
})
