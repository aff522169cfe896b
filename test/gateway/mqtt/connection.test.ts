/** One connection: versions, refusals, certificates. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../../../src/gateway/broker/broker.js'
import { LIMITS } from '../../../src/gateway/limits.js'
import { silentLog } from '../../../src/gateway/log.js'
import { type Connection, type ConnectionSettings, connectToBroker } from '../../../src/gateway/mqtt/connection.js'
import { startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { until } from '../until.js'

const settings = (url: string, more: Partial<ConnectionSettings> = {}): ConnectionSettings => ({
  url,
  version: 5,
  clientId: 'test',
  keepaliveSeconds: 10,
  clean: true,
  ...more,
})
const handlers = { message: (_inbound: unknown, taken: () => void) => taken(), closed: () => {} }

async function connect(url: string, more: Partial<ConnectionSettings> = {}): Promise<Connection> {
  const connection = await connectToBroker(settings(url, more), handlers)
  onTestFinished(() => connection.end())
  return connection
}

/** A broker that knows 3.1.1 only. @param refusal  what it says to a CONNECT of version 5 before it hangs up */
async function oldBroker(refusal: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (connect) => {
      // Protocol level: after the fixed header of two bytes and the name "MQTT" with its length.
      if (connect[8] === 5) socket.end(refusal)
      else socket.write(Buffer.from([0x20, 0x02, 0x00, 0x00]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`
}

test.each([
  ['says so as 3.1.1 does', Buffer.from([0x20, 0x02, 0x00, 0x01])],
  ['says so as 5 does', Buffer.from([0x20, 0x03, 0x00, 0x84, 0x00])],
  ['hangs up without a word', Buffer.alloc(0)],
])('a broker that does not know version 5 and %s gets 3.1.1', async (_name, refusal) => {
  expect((await connect(await oldBroker(refusal))).version).toBe(4)
})

test('with version 4 in the settings 5 is not tried', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  expect((await connect(mosquitto.url, { version: 4 })).version).toBe(4)
  expect((await connect(mosquitto.url, { version: 5 })).version).toBe(5)
})

test('the Receive Maximum of the broker is heard', async () => {
  const mosquitto = await startMosquitto(['max_inflight_messages 7'])
  onTestFinished(() => mosquitto.remove())
  expect((await connect(mosquitto.url)).receiveMaximum).toBe(7)
})

test('a broker that gave our place to another client with the same id: that is the reason', async () => {
  const server = createServer((socket) => {
    // CONNACK without properties, then DISCONNECT with 0x8E, session taken over.
    socket.once('data', () => socket.end(Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00, 0xe0, 0x02, 0x8e, 0x00])))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`
  const reason = await new Promise<string>((closed, reject) => {
    connectToBroker(settings(url), { ...handlers, closed }).catch(reject)
  })
  expect(reason).toBe('another client came with the client id test: two gateways must not share one')
})

test('a broker that closes the connection without a word, as Mosquitto does then: the client id is in the reason', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const reason = new Promise<string>((closed, reject) => {
    connectToBroker(settings(mosquitto.url), { ...handlers, closed })
      .then(() => connect(mosquitto.url))
      .catch(reject)
  })
  expect(await reason).toBe(
    'the connection was closed (the broker ended, or another client came with the client id test)',
  )
})

test('a certificate of an unknown authority is refused; with the authority in the config it is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'ignore',
    },
  )
  const mosquitto = await startMosquitto([`certfile ${cert}`, `keyfile ${key}`])
  onTestFinished(() => mosquitto.remove())
  const url = mosquitto.url.replace('mqtt:', 'mqtts:')
  await expect(connectToBroker(settings(url), handlers)).rejects.toThrow(
    /^the MQTT broker at 127\.0\.0\.1:\d+ cannot be used: self-signed certificate; give the certificate as mqtt\.ca if it is the right one$/,
  )
  expect(
    (await connect(url, { tls: () => ({ ca: readFileSync(cert, 'utf8'), rejectUnauthorized: true }) })).version,
  ).toBe(5)
})

test('a broker that asks for a certificate takes that of the config; without one the connection is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert]
  execFileSync('openssl', [...request, ...subject], { stdio: 'ignore' })
  const lines = [`certfile ${cert}`, `keyfile ${key}`, `cafile ${cert}`, 'require_certificate true']
  const mosquitto = await startMosquitto(lines)
  onTestFinished(() => mosquitto.remove())
  const url = mosquitto.url.replace('mqtt:', 'mqtts:')
  const ca = readFileSync(cert, 'utf8')
  await expect(
    connectToBroker(settings(url, { tls: () => ({ ca, rejectUnauthorized: true }) }), handlers),
  ).rejects.toThrow(/^(the|no) MQTT broker at /)
  const own = { cert: ca, key: readFileSync(key, 'utf8') }
  expect((await connect(url, { tls: () => ({ ca, rejectUnauthorized: true, ...own }) })).version).toBe(5)
  expect((await connect(url, { tls: () => ({ rejectUnauthorized: false, ...own }) })).version).toBe(5)
})

test('of a message of megabytes no more than the bound is collected, also where MQTT 3.1.1 has no word for it', async () => {
  const mosquitto = await startMosquitto()
  onTestFinished(() => mosquitto.remove())
  const bytes: number[] = []
  const connection = await connectToBroker(settings(mosquitto.url, { version: 4 }), {
    message(inbound, taken) {
      bytes.push(inbound.payload.length)
      taken()
    },
    closed: () => {},
  })
  onTestFinished(() => connection.end())
  await connection.subscribe(['a'])
  const client = await connectClient(mosquitto.url, [])
  onTestFinished(() => client.end())
  await client.publish('a', 'x'.repeat(5_000_000))
  await client.publish('a', 'small')
  await until(() => bytes.length === 2, 5_000, 'both messages')
  expect(bytes[0]).toBeLessThanOrEqual(LIMITS.inboundPacketBytes)
  expect(bytes[1]).toBe(5)
})

test('R23: filters of 256 devices go in packets of 64, and are all granted by the embedded broker, then given back', async () => {
  const broker = await startBroker(0, silentLog)
  onTestFinished(() => broker.close())
  const { user, password } = broker.own
  const connection = await connect(broker.url, { version: 4, user, password })
  const base = Array.from({ length: 4 }, () => 'b'.repeat(64)).join('/')
  const filters = Array.from({ length: 256 }, (_, at) => `${base}/${'d'.repeat(60)}${at}`).flatMap((device) =>
    ['call/+', 'set', 'get'].map((action) => `${device}/${action}`),
  )
  await connection.subscribe([...filters, `${base}/bridge/request/#`])
  await connection.unsubscribe(filters)
  // The bound is 1,024: had one of them stayed, these would be too many.
  await connection.subscribe(Array.from({ length: 1_023 }, (_, at) => `other/${at}`))
  expect(broker.info.refused).toMatchObject({ closed: 0, subscription: 0 })
})
