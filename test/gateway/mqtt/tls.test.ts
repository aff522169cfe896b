/** A broker behind TLS: who is trusted, and that nothing is said to who is not. */

import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TlsOptions, connect as tlsConnect } from 'node:tls'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { startGateway } from '../../../src/gateway/index.js'
import { type ConnectionSettings, connectToBroker } from '../../../src/gateway/mqtt/connection.js'
import { createTlsReader, tlsOf } from '../../../src/gateway/mqtt/tls-files.js'
import { figures } from '../../figures.js'
import { createAuthority, selfSigned } from '../certificates.js'
import { createFakePort } from '../fake-port.js'
import { startMosquitto } from '../mosquitto.js'
import { connectClient } from '../mqtt-client.js'
import { configWith } from '../support.js'
import { until } from '../until.js'

const authority = createAuthority()
const stranger = createAuthority()
const namesake = createAuthority('Other authority')
const good = authority.issue('IP:127.0.0.1')
const nonsense = join(authority.folder, 'nonsense.key')
writeFileSync(nonsense, 'no key', { mode: 0o600 })

/** A broker that speaks enough MQTT to say yes, and counts what it hears inside of TLS. */
async function listen(options: TlsOptions) {
  let heardBytes = 0
  const server = createServer(options, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heardBytes += chunk.length
      // CONNACK of MQTT 5 without properties.
      socket.write(Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]))
    })
  })
  const connections = new Set<{ destroy(): void; readonly destroyed: boolean }>()
  server.on('connection', (socket) => connections.add(socket))
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const connection of connections) connection.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    port,
    url: `mqtts://127.0.0.1:${port}`,
    heardBytes: () => heardBytes,
    /** Every connection has come and gone. */
    quiet: () =>
      until(() => connections.size > 0 && [...connections].every(({ destroyed }) => destroyed), 5_000, 'all closed'),
  }
}

const connect = (url: string, tls: ReturnType<NonNullable<ConnectionSettings['tls']>>) =>
  connectToBroker(
    {
      url,
      version: 5,
      clientId: 'test',
      user: 'u',
      password: 'secret',
      keepaliveSeconds: 10,
      clean: true,
      tls: () => tls,
    },
    { message: (_inbound, taken) => taken(), closed: () => {} },
  )

const trusting = { ca: authority.cert, rejectUnauthorized: true }

describe('a broker behind TLS that is not to be trusted is refused in one line, and hears no byte of MQTT', () => {
  it.each<[string, TlsOptions, RegExp]>([
    ['expired', authority.issue('IP:127.0.0.1', { days: -1 }), /its certificate has expired$/],
    ['self-signed', selfSigned(authority, 'IP:127.0.0.1'), /self-signed certificate; give the certificate as mqtt\.ca/],
    ['of another host', authority.issue('DNS:broker.example'), /its certificate is for another host$/],
    ['of another authority', namesake.issue('IP:127.0.0.1'), /an authority that is not in mqtt\.ca$/],
    [
      'of another authority with the same name',
      stranger.issue('IP:127.0.0.1'),
      /an authority that is not in mqtt\.ca$/,
    ],
    [
      'with TLS 1.1',
      { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      /it speaks no TLS of version 1\.2 or later$/,
    ],
    [
      'without our client certificate',
      { ...good, requestCert: true, rejectUnauthorized: true, ca: authority.cert },
      /it wants a client certificate: set mqtt\.cert and mqtt\.key$/,
    ],
  ])('R29: %s', async (_name, options, line) => {
    const broker = await listen(options)
    const refusal = await connect(broker.url, trusting).then(
      () => new Error('it was taken'),
      (error: Error) => error,
    )
    await broker.quiet()
    expect(refusal.message).toMatch(line)
    expect(refusal.message).toMatch(/^the MQTT broker at 127\.0\.0\.1:\d+ cannot be used: [^\n]+$/)
    expect(broker.heardBytes()).toBe(0)
    figures({ refused: 1, bytesOfMqtt: broker.heardBytes() })
  })

  it('R29: the same broker with what is right is taken', async () => {
    const client = authority.issue('DNS:gateway')
    const broker = await listen({ ...good, requestCert: true, rejectUnauthorized: true, ca: authority.cert })
    const connection = await connect(broker.url, { ...trusting, cert: client.cert, key: client.key })
    expect(connection.version).toBe(5)
    expect(broker.heardBytes()).toBeGreaterThan(0)
    connection.destroy()
  })

  it('R29: the broker with TLS 1.1 of this test would talk to whoever lets it', async () => {
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const broker = await listen({ ...good, ...old, maxVersion: 'TLSv1.1' })
    const socket = tlsConnect({ port: broker.port, host: '127.0.0.1', ca: authority.cert, ...old })
    await new Promise((resolve, reject) => socket.on('secureConnect', resolve).on('error', reject))
    expect(socket.getProtocol()).toBe('TLSv1.1')
    socket.destroy()
  })

  it('R29: reject_unauthorized: false takes anybody, and is warned of at each start', async () => {
    const broker = await listen(selfSigned(authority, 'DNS:elsewhere'))
    const connection = await connect(broker.url, { rejectUnauthorized: false })
    connection.destroy()
    const lines: string[] = []
    const gateway = await startGateway(
      configWith({ server: { kind: 'external', url: broker.url }, tls: { rejectUnauthorized: false } }),
      { openPort: createFakePort, log: (level, _namespace, message) => void lines.push(`${level} ${message}`) },
    )
    onTestFinished(() => gateway.close())
    expect(lines[0]).toBe(
      'warn mqtt.reject_unauthorized is false: the certificate of the broker is not checked, anybody may pose as it',
    )
  })
})

it('R29: renewed certificates are taken at the next connection, half written ones are not, and no event is lost', async () => {
  const at = (name: string) => join(authority.folder, name)
  const [caFile, certFile, keyFile, serverCert, serverKey] = ['c', 'e', 'k', 's', 'p'].map((name) =>
    at(`live-${name}.pem`),
  )
  const use = (from: ReturnType<typeof createAuthority>) => {
    const [server, client] = [from.issue('IP:127.0.0.1'), from.issue('DNS:gateway')]
    copyFileSync(server.certFile, serverCert!)
    copyFileSync(server.keyFile, serverKey!)
    return () => {
      copyFileSync(from.certFile, caFile!)
      copyFileSync(client.certFile, certFile!)
      copyFileSync(client.keyFile, keyFile!)
    }
  }
  use(authority)()
  const mosquitto = await startMosquitto([
    `cafile ${caFile}`,
    `certfile ${serverCert}`,
    `keyfile ${serverKey}`,
    'require_certificate true',
  ])
  onTestFinished(() => mosquitto.remove())
  const url = mosquitto.url.replace('mqtt:', 'mqtts:')
  const port = createFakePort()
  const lines: string[] = []
  const written = { ca: caFile, cert: certFile, key: keyFile, reject_unauthorized: true }
  const gateway = await startGateway(configWith({ server: { kind: 'external', url }, ...tlsOf(written, '/') }), {
    openPort: () => port,
    log: (level, _namespace, message) => void lines.push(`${level} ${message}`),
  })
  onTestFinished(() => gateway.close())
  await gateway.connected

  // Both sides get certificates of another authority; the gateway's are half written when its link drops.
  const renew = use(namesake)
  writeFileSync(certFile!, namesake.cert.slice(0, 200))
  await mosquitto.kill()
  const events = Array.from({ length: 20 }, (_, at) =>
    port.emit('alarm', { celsius: at, high: true }, { number: at + 1 }),
  )
  await until(() => lines.some((line) => line.includes('what was read before is used')), 5_000, 'the half file is said')
  renew()
  await mosquitto.start()
  const viewer = namesake.issue('DNS:viewer')
  const client = await connectClient(url, ['portwire/greenhouse/event/alarm'], {
    ca: namesake.cert,
    cert: viewer.cert,
    key: viewer.key,
    rejectUnauthorized: true,
  })
  onTestFinished(() => client.end())
  await port.emit('alarm', { celsius: 99, high: true }, { number: 21 })
  await Promise.all(events)
  await client.next('portwire/greenhouse/event/alarm', ({ json }) => json['celsius'] === 99)
  expect(gateway.mqtt()).toMatchObject({ connected: true, waiting: { messages: 0 } })
  expect(gateway.mqtt().dropped).toEqual({ full: 0, offline: expect.any(Number), tooLong: 0, refused: 0 })
})

test.each([
  [
    'a key of another certificate',
    { cert: good.certFile, key: authority.keyFile },
    /is not the key of the certificate in/,
  ],
  [
    'a key that is none',
    { cert: good.certFile, key: nonsense },
    /expected a private key in PEM, without a passphrase$/,
  ],
  [
    'a certificate that is none',
    { cert: good.keyFile, key: good.keyFile },
    /mqtt\.cert: expected a certificate in PEM$/,
  ],
  ['a file that is not there', { ca: '/nowhere.pem' }, /\/nowhere\.pem: mqtt\.ca: no such file$/],
])('%s is refused when the config is read', (_name, keys, line) => {
  expect(() => tlsOf({ ...keys, reject_unauthorized: true }, '/portwire.yaml')).toThrow(line)
})

test('R28: a key that others may read is not taken, neither at the start nor when it is renewed', () => {
  const file = join(authority.folder, 'open.key')
  copyFileSync(good.keyFile, file)
  chmodSync(file, 0o644)
  const written = { cert: good.certFile, key: file, reject_unauthorized: true }
  expect(() => tlsOf(written, '/portwire.yaml')).toThrow(/\(mode 0644\); run: chmod 600 /)
  chmodSync(file, 0o600)
  const said: string[] = []
  const read = createTlsReader(tlsOf(written, '/portwire.yaml').tls!, (problem) => said.push(problem))
  expect(read().key).toBe(good.key)
  chmodSync(file, 0o644)
  expect(read().key).toBe(good.key)
  expect(said).toEqual([expect.stringMatching(/\(mode 0644\); run: chmod 600 .*; what was read before is used$/)])
})

test('a problem with a file is told once, and again when it comes back', () => {
  const file = join(authority.folder, 'watched.pem')
  copyFileSync(good.certFile, file)
  const said: string[] = []
  const read = createTlsReader({ ca: file, rejectUnauthorized: true }, (problem) => said.push(problem))
  expect(read().ca).toBe(good.cert)
  writeFileSync(file, 'half')
  expect([read().ca, read().ca]).toEqual([good.cert, good.cert])
  expect(said).toHaveLength(1)
  copyFileSync(authority.certFile, file)
  expect(read().ca).toBe(authority.cert)
  rmSync(file)
  expect(read().ca).toBe(authority.cert)
  expect(said).toHaveLength(2)
})
