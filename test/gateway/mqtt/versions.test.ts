/** Which version of MQTT a broker gets. */

import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../../../src/gateway/broker/broker.js'
import { silentLog } from '../../../src/gateway/log.js'
import { connectToBroker } from '../../../src/gateway/mqtt/connection.js'
import { startMosquitto } from '../mosquitto.js'

const connect = async (url: string, more = {}) => {
  const connection = await connectToBroker(
    { url, version: 5, clientId: 'test', keepaliveSeconds: 10, clean: true, ...more },
    { message: (_inbound, taken) => taken(), closed: () => {} },
  )
  onTestFinished(() => connection.end())
  return connection
}

/** A broker that answers every CONNECT with a CONNACK of the version that was asked for, and notes the versions. */
async function refusing(code: number) {
  const versions: number[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (packet) => {
      versions.push(packet[8]!)
      socket.end(packet[8] === 5 ? Buffer.from([0x20, 3, 0, code, 0]) : Buffer.from([0x20, 2, 0, code]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, versions }
}

test('Mosquitto gets MQTT 5', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  expect((await connect(mosquitto.url)).version).toBe(5)
})

test('the embedded broker gets MQTT 3.1.1, with users as well', async () => {
  const broker = await startBroker(0, silentLog)
  onTestFinished(() => broker.close())
  const { user, password } = broker.own
  expect((await connect(broker.url, { user, password })).version).toBe(4)
})

test('a broker that refuses both versions is said to, after one try of each', async () => {
  const broker = await refusing(1)
  await expect(connect(broker.url)).rejects.toMatchObject({
    kind: 'version',
    message: expect.stringMatching(/^the MQTT broker at 127\.0\.0\.1:\d+ refused the connection: .*version/i),
  })
  expect(broker.versions).toEqual([5, 4])
})

test('a broker that refuses the login is not asked again in another version', async () => {
  const broker = await refusing(0x86)
  await expect(connect(broker.url)).rejects.toMatchObject({ kind: 'credentials' })
  expect(broker.versions).toEqual([5])
})

test('a broker that is full, or refuses for another reason, is not asked again in another version', async () => {
  const broker = await refusing(0x97)
  await expect(connect(broker.url)).rejects.toMatchObject({ kind: 'refused' })
  expect(broker.versions).toEqual([5])
})
