/** Event servers of a device in the gateway: the same events over MQTT and over TCP. */

import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Contract } from '../../../src/contract/index.js'
import { deferred } from '../../../src/deferred.js'
import { type EventServerConfig, type GatewayConfig, startGateway } from '../../../src/gateway/index.js'
import { createVirtualClock } from '../../../src/testing/virtual-clock.js'
import { createPacketDecoder, createValueCodec } from '../../../src/wire/index.js'
import { runCli } from '../../cli/run-cli.js'
import { meter } from '../../event-server/sources.js'
import { createFakePort } from '../fake-port.js'
import { clientOf, configWith, EMBEDDED } from '../support.js'

function config(eventServers: readonly EventServerConfig[]): GatewayConfig {
  const contract = meter as unknown as Contract
  const device = { name: 'meter', target: { serial: '/dev/fake' }, contract, retain: true, eventServers }
  return { ...configWith({ server: EMBEDDED }), devices: [device] }
}

async function start(eventServers: readonly EventServerConfig[]) {
  const ports: ReturnType<typeof createFakePort>[] = []
  const log: string[] = []
  const gateway = await startGateway(config(eventServers), {
    openPort() {
      ports.push(createFakePort())
      return ports.at(-1)!
    },
    log: (level, namespace, message) => log.push(`${level} ${namespace} ${message}`),
  })
  onTestFinished(() => gateway.close())
  await gateway.connected
  const [row] = gateway.devices()
  return { gateway, ports, log, addresses: row!.event_servers ?? [] }
}

/** A subscriber of the address; `next` resolves with the next event. */
async function subscribe(address: string, emitUntilHeard: () => Promise<void>) {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  onTestFinished(() => void socket.destroy())
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  const codec = createValueCodec()
  const events: unknown[] = []
  let changed = deferred<void>()
  const ended = new Promise<void>((resolve) => socket.once('end', resolve))
  socket.on('data', (bytes) => {
    for (const packet of decoder.push(bytes)) {
      const decoded = packet.kind === 'content' ? codec.decode(packet.bytes) : undefined
      if (decoded?.ok) events.push(decoded.value)
    }
    changed.resolve()
    changed = deferred()
  })
  // The gateway takes the connection a moment after this side has it.
  while (events.length === 0) {
    await emitUntilHeard()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    events,
    ended,
    async heard(event: (value: unknown) => boolean) {
      while (!events.some(event)) await changed.promise
    },
  }
}

const isReading = (n: number) => (event: unknown) => Array.isArray(event) && event[0] === 'reading' && event[1] === n

test('where to connect is told in bridge/devices; what the device emits arrives over MQTT and at every subscriber', async () => {
  const { gateway, ports, addresses } = await start([
    { port: 0, host: '127.0.0.1', packet: 2, events: ['ALL'] },
    { port: 0, host: '127.0.0.1', packet: 2, events: ['reading', 'silent'] },
  ])
  const mqtt = await clientOf(gateway)
  expect((await mqtt.next('portwire/bridge/devices')).json).toMatchObject([{ name: 'meter', event_servers: addresses }])
  expect(addresses).toHaveLength(2)
  const silent = () => ports[0]!.emit('silent', {})
  const all = await subscribe(addresses[0]!, silent)
  const some = await subscribe(addresses[1]!, silent)
  void ports[0]!.emit('alarm', { high: true }, { number: 3 })
  await ports[0]!.emit('reading', { n: 7, text: 'x' })
  await all.heard(isReading(7))
  await some.heard(isReading(7))
  expect(all.events).toContainEqual(['alarm', true, 'greenhouse:7f3a91c2:3'])
  expect(some.events.filter((event) => (event as unknown[])[0] === 'alarm')).toEqual([])
  expect((await mqtt.next('portwire/meter/event/reading')).json).toMatchObject({ n: 7 })
})

test('a subscriber stays connected when the device is started anew, and gets FIN when the gateway ends', async () => {
  const { gateway, ports, addresses } = await start([{ port: 0, host: '127.0.0.1', packet: 2, events: ['ALL'] }])
  const subscriber = await subscribe(addresses[0]!, () => ports[0]!.emit('silent', {}))
  const mqtt = await clientOf(gateway)
  await mqtt.publish('portwire/bridge/request/device/restart', { id: 'meter', transaction: 1 })
  await mqtt.next('portwire/bridge/response/device/restart', ({ json }) => json['status'] === 'ok')
  expect(ports).toHaveLength(2)
  await ports[1]!.emit('reading', { n: 8, text: 'x' })
  await subscriber.heard(isReading(8))
  await gateway.close()
  await subscriber.ended
})

test('events that a subscriber could not get are said, all of ten seconds at once', async () => {
  const clock = createVirtualClock()
  const { startEventServers } = await import('../../../src/gateway/device/event-servers.js')
  const said: unknown[] = []
  const { devices } = config([{ port: 0, host: '127.0.0.1', packet: 1, events: ['ALL'] }])
  const servers = (await startEventServers(devices, clock, (...drop) => void said.push(drop))).get('meter')!
  onTestFinished(() => servers.close())
  const reading = meter.events.get('reading')!
  const [host, port] = servers.addresses[0]!.split(':')
  const socket = connect(Number(port), host)
  const heard = new Promise((resolve) => socket.once('data', resolve))
  let isHeard = false
  void heard.then(() => {
    isHeard = true
  })
  while (!isHeard) {
    servers.heard(reading, { n: 1, text: '' }, { epoch: 1 })
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let n = 0; n < 3; n++) servers.heard(reading, { n, text: 'x'.repeat(300) }, { epoch: 1 })
  await clock.advance(9_999)
  expect(said).toEqual([])
  await clock.advance(1)
  expect(said).toEqual([['meter', 'too_large', 3]])
  socket.destroy()
})

test('an address that is taken ends the start, and nothing of it is left', async () => {
  const { addresses } = await start([{ port: 0, host: '127.0.0.1', packet: 2, events: ['ALL'] }])
  const taken = Number(addresses[0]!.split(':')[1])
  const free = { port: 0, host: '127.0.0.1', packet: 2, events: ['ALL'] } as const
  const opened: string[] = []
  const second = startGateway(config([free, { ...free, port: taken }]), {
    openPort({ name }) {
      opened.push(name)
      return createFakePort()
    },
  })
  await expect(second).rejects.toMatchObject({ code: 'PORT_BUSY', message: expect.stringContaining(`:${taken}`) })
  expect(opened).toEqual([])
})

test('portwire gateway --check prints the event servers that the config comes to', async () => {
  const example = fileURLToPath(new URL('../../../docs/examples/two-boards.yaml', import.meta.url))
  const { code, out } = await runCli('gateway', '--config', example, '--check')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    devices: { cellar: { eventServers: [{ port: 4101, host: '127.0.0.1', packet: 2, events: ['alarm', 'reading'] }] } },
  })
})
