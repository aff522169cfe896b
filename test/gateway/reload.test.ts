/** A gateway that is given another config while it runs. */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import type { Contract } from '../../src/contract/index.js'
import { deferred } from '../../src/deferred.js'
import { PortwireError } from '../../src/errors.js'
import { changesBetween } from '../../src/gateway/config/changes.js'
import {
  type DeviceConfig,
  type GatewayConfig,
  LIMITS,
  OUTBOX_DEFAULTS,
  parseConfig,
  startGateway,
} from '../../src/gateway/index.js'
import { createMqttPipe } from '../../src/gateway/mqtt/pipe.js'
import { createMemoryOutbox } from '../../src/gateway/outbox/memory.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createChanges } from './changes.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { createHeldClock } from './held-clock.js'
import { freePort, startMosquitto } from './mosquitto.js'
import { connectClient } from './mqtt-client.js'
import { startProxy } from './proxy.js'
import { clientOf, configWith, EMBEDDED, QUICK } from './support.js'
import { until } from './until.js'

const contract = greenhouse as unknown as Contract
const device = (name: string, more: Partial<DeviceConfig> = {}): DeviceConfig => ({
  name,
  target: { serial: `/dev/${name}` },
  contract,
  retain: true,
  ...more,
})

async function start(devices: readonly DeviceConfig[], openPort?: (config: DeviceConfig) => FakePort) {
  const opened: string[] = []
  const log: string[] = []
  const ports = new Map<string, FakePort>()
  const config: GatewayConfig = { ...configWith({ server: EMBEDDED }), devices }
  const gateway = await startGateway(config, {
    openPort: (one) => {
      opened.push(one.name)
      const port = openPort?.(one) ?? createFakePort()
      ports.set(one.name, port)
      return port
    },
    log: (level, namespace, message) => log.push(`${level} ${namespace} ${message}`),
  })
  onTestFinished(() => gateway.close())
  await gateway.connected
  const client = await clientOf(gateway, ['portwire/#'])
  const reload = (next: readonly DeviceConfig[], more: Partial<GatewayConfig> = {}) =>
    gateway.reload(() => ({ ...config, devices: next, ...more }))
  return { gateway, config, client, opened, log, ports, reload }
}

describe('reload of a gateway, program or board behind it', () => {
  test('a device that is as before keeps its port; others are started anew, started and ended', async () => {
    const { gateway, opened, client, reload, ports } = await start([device('same'), device('other'), device('old')])
    const changes = await reload([device('same'), device('other', { callTimeoutMs: 100 }), device('new')])
    expect(changes).toEqual({ kept: ['same'], changed: ['other'], added: ['new'], removed: ['old'], needsRestart: [] })
    expect(opened).toEqual(['same', 'other', 'old', 'other', 'new'])
    expect(gateway.devices().map(({ name }) => name)).toEqual(['same', 'other', 'new'])
    expect((await client.next('portwire/bridge/event')).json).toEqual({ type: 'config_reloaded', data: changes })
    expect(ports.get('old')!.isClosed).toBe(true)
    expect(ports.get('same')!.isClosed).toBe(false)
  })

  test('the retained topics of a device that is gone are cleared, and those of the others are not', async () => {
    const { gateway, client, reload, ports } = await start([device('same'), device('old')])
    for (const port of ports.values()) {
      port.state('running')
      await port.emit('reading', { celsius: 21.5, humidity: 40 })
    }
    await client.next('portwire/old', ({ text }) => text !== '')
    await reload([device('same')])
    for (const topic of ['portwire/old', 'portwire/old/availability', 'portwire/old/contract']) {
      await client.next(topic, ({ text }) => text === '')
    }
    const late = await clientOf(gateway, ['portwire/#'])
    await late.next('portwire/same/availability')
    await late.next('portwire/same')
    expect(late.messages.filter(({ topic }) => topic.startsWith('portwire/old'))).toEqual([])
  })

  test('a device whose state is retained no longer has it cleared, and says its availability anew', async () => {
    const { gateway, client, reload, ports } = await start([device('a')])
    ports.get('a')!.state('running')
    await ports.get('a')!.emit('reading', { celsius: 21.5, humidity: 40 })
    await client.next('portwire/a', ({ text }) => text !== '')
    await reload([device('a', { retain: false })])
    await client.next('portwire/a', ({ text }) => text === '')
    const late = await clientOf(gateway, ['portwire/a/#'])
    await late.next('portwire/a/availability', ({ json }) => json['state'] === 'offline')
    await late.next('portwire/a/contract', ({ text }) => text !== '')
    expect(late.messages.filter(({ topic }) => topic === 'portwire/a')).toEqual([])
  })

  test('a device that a reload starts anew while its board goes on gives no id of an event twice', async () => {
    const { client, reload, ports } = await start([device('a')])
    const emit = async () => {
      ports.get('a')!.state('running')
      await ports.get('a')!.emit('reading', { celsius: 21.5, humidity: 40 })
    }
    await emit()
    await reload([device('a', { callTimeoutMs: 100 })])
    await emit()
    const isReading = ({ topic }: { topic: string }) => topic === 'portwire/a/event/reading'
    await client.heard(2, isReading)
    const [first, second] = client.messages.filter(isReading).map(({ json }) => json['id'])
    expect(first).toMatch(/^a:7f3a91c2:[0-9a-f]{8}-0$/)
    expect(second).not.toBe(first)
  })

  test('another event_quota holds at once, without another session; taken out of the config it is the default again', async () => {
    const { opened, client, reload, ports, gateway } = await start([
      device('a', { eventQuota: { burst: 1, eventsPerSecond: 1 } }),
    ])
    const readings = () => client.messages.filter(({ topic }) => topic === 'portwire/a/event/reading').length
    const port = ports.get('a')!
    port.state('running')
    const emit = (count: number) => {
      for (let i = 0; i < count; i++) void port.emit('reading', { celsius: i, humidity: 40 })
    }
    emit(50)
    expect(await reload([device('a', { eventQuota: { burst: 50, eventsPerSecond: 100_000 } })])).toMatchObject({
      kept: ['a'],
      changed: [],
    })
    await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'config_reloaded')
    expect(readings()).toBe(1)
    emit(50)
    await client.heard(51, ({ topic }) => topic === 'portwire/a/event/reading')
    await reload([device('a')])
    expect(opened).toEqual(['a'])
    expect(gateway.devices()[0]).toMatchObject({ state: 'running', session: 1 })
  })

  test('reliable events that wait for their turn go out at the pace of the new quota', async () => {
    const { client, reload, ports } = await start([device('a', { eventQuota: { burst: 1, eventsPerSecond: 1 } })])
    const port = ports.get('a')!
    const sent = Array.from({ length: 20 }, (_, number) =>
      port.emit('alarm', { celsius: number, high: true }, { number }),
    )
    await reload([device('a', { eventQuota: { burst: 1, eventsPerSecond: 1_000 } })])
    await Promise.all(sent)
    await client.heard(20, ({ topic }) => topic === 'portwire/a/event/alarm')
    const alarms = client.messages.filter(({ topic }) => topic === 'portwire/a/event/alarm')
    expect(alarms.map(({ json }) => json['celsius'])).toEqual(Array.from(sent, (_, number) => number))
  })

  test('a device in quarantine is tried again: its tty may be free now', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portwire-reload-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [tty, alias, other] = [join(folder, 'tty'), join(folder, 'alias'), join(folder, 'other')] as const
    for (const file of [tty, other]) writeFileSync(file, '')
    symlinkSync(tty, alias)
    const second = device('second', { target: { serial: alias } })
    const { gateway, reload, opened } = await start([device('first', { target: { serial: tty } }), second])
    expect(gateway.devices()[1]!.state).toBe('quarantined')
    await reload([device('first', { target: { serial: other } }), second])
    await until(() => gateway.devices()[1]!.state === 'opening', 5_000, 'the second device has its tty')
    expect(opened).toEqual(['first', 'first', 'second'])
  })

  test('a device that changed its tty frees the old one for a new device', async () => {
    const { gateway, reload } = await start([device('a', { target: { serial: '/dev/one' } })])
    await reload([device('a', { target: { serial: '/dev/two' } }), device('b', { target: { serial: '/dev/one' } })])
    expect(gateway.devices().map(({ state }) => state)).toEqual(['opening', 'opening'])
  })

  test('a device that changed has its event server at the same address again', async () => {
    const port = await freePort()
    const eventServers = [{ port, host: '127.0.0.1', packet: 2, events: ['ALL'] }] as const
    const { gateway, reload } = await start([device('a', { eventServers })])
    await reload([device('a', { eventServers, callTimeoutMs: 100 })])
    expect(gateway.devices()[0]!.event_servers).toEqual([`127.0.0.1:${port}`])
  })

  test('what was given up while the broker was away is unsubscribed at its return, as it keeps the session', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const proxy = await startProxy(mosquitto.port)
    const came: string[] = []
    const connections = createChanges()
    let count = 0
    const pipe = createMqttPipe({
      settings: { url: proxy.url, version: 5, clientId: 'pipe', keepaliveSeconds: 10, clean: false },
      subscriptions: ['old', 'both'],
      outbox: createMemoryOutbox({ messages: 10, bytes: 1_000 }),
      take: ({ topic }) => {
        came.push(topic)
        connections.changed()
      },
      opened: () => {},
      lost: () => {},
      drained: () => {},
      changed: ({ connected }) => {
        if (connected) count += 1
        else pipe.resubscribe(['both', 'new'])
        connections.changed()
      },
      ...QUICK,
      clock: systemClock,
      random: Math.random,
      log: () => {},
    })
    onTestFinished(() => pipe.close())
    await pipe.connected
    proxy.cut()
    const there = () => `connections ${count}, messages ${came.join()}`
    await connections.until(() => count === 2, 5_000, there)
    const client = await connectClient(mosquitto.url, [])
    onTestFinished(() => client.end())
    for (const topic of ['old', 'both', 'new']) await client.publish(topic, 'x')
    await connections.until(() => came.includes('new'), 5_000, there)
    expect(came).toEqual(['both', 'new'])
  })

  test('a config that is wrong is said, and changes nothing', async () => {
    const { gateway, client, opened, log } = await start([device('same')])
    const refused = await gateway.reload(() => {
      throw new PortwireError('CONFIG_INVALID', 'portwire.yaml:3:5: devices.a.baud: expected a whole number')
    })
    expect(refused).toBeUndefined()
    expect(opened).toEqual(['same'])
    const problem = 'portwire.yaml:3:5: devices.a.baud: expected a whole number'
    expect((await client.next('portwire/bridge/event')).json).toEqual({ type: 'config_refused', data: { problem } })
    expect(log).toContain(`error portwire:config the new config is refused, the old one stays in force: ${problem}`)
  })

  test('what needs a restart of the gateway is named, each time until it is done', async () => {
    const { config, log, reload } = await start([device('same')])
    const mqtt = { ...config.mqtt, keepaliveSeconds: 30, password: 'canary' }
    for (const _again of [1, 2]) {
      const changes = await reload([device('same')], { mqtt, log: { level: 'debug' } })
      expect(changes!.needsRestart).toEqual(['mqtt.keepalive', 'mqtt.password', 'log.level'])
    }
    const said = log.filter((line) => line.includes('mqtt.keepalive, mqtt.password, log.level: the change is taken'))
    expect(said).toHaveLength(2)
    expect(log.join()).not.toContain('canary')
  })

  test('a change of the embedded broker is named by its key, and users that are the same are no change', async () => {
    const { config, reload } = await start([device('same')])
    const users = (password: string) => ({ ann: { password, role: 'reader' } })
    const mqttOf = (embedded: unknown) =>
      parseConfig('portwire.json', JSON.stringify({ version: 1, mqtt: { embedded }, devices: {} })).mqtt
    const before = mqttOf({ listen: '127.0.0.1:0', users: users('canary-1') })
    const changed = (embedded: unknown) =>
      changesBetween({ ...config, mqtt: before }, { ...config, mqtt: mqttOf(embedded) }).needsRestart
    expect(changed({ listen: '127.0.0.1:0', users: users('canary-1') })).toEqual([])
    expect(changed({ listen: '127.0.0.1:0', users: users('canary-2') })).toEqual(['mqtt.embedded.users'])
    expect(changed({ listen: '127.0.0.1:1', anonymous: true, users: users('canary-1') })).toEqual([
      'mqtt.embedded.anonymous',
      'mqtt.embedded.listen',
    ])
    expect(changed(undefined)).toEqual(['mqtt.embedded.listen', 'mqtt.embedded.users', 'mqtt.server'])
    const mqtt = { ...config.mqtt, tls: { ca: '/ca.pem', rejectUnauthorized: false } }
    expect((await reload([device('same')], { mqtt }))!.needsRestart).toEqual(['mqtt.ca', 'mqtt.reject_unauthorized'])
  })

  test('a change of outbox or homeassistant is named, each time until it is done; a payload starts its device anew', async () => {
    const { reload } = await start([device('same'), device('other')])
    const outbox = { ...OUTBOX_DEFAULTS, dir: '/nowhere' }
    const homeassistant = { discoveryTopic: 'ha', statusTopic: 'ha/status' }
    for (const _again of [1, 2]) {
      const changes = await reload([device('same'), device('other')], { outbox, homeassistant })
      expect(changes!.needsRestart).toEqual(expect.arrayContaining(['outbox.dir', 'outbox.ttl']))
      expect(changes!.needsRestart.slice(-2)).toEqual(['homeassistant.discovery_topic', 'homeassistant.status_topic'])
    }
    const changes = await reload([device('same'), device('other', { payload: 'msgpack' })])
    expect(changes).toMatchObject({ kept: ['same'], changed: ['other'], needsRestart: [] })
  })

  test('set and get of a new device are taken', async () => {
    const { client, reload, ports } = await start([device('old')])
    await reload([device('new')])
    ports.get('new')!.state('running')
    await client.next('portwire/new/availability', ({ json }) => json['state'] === 'online')
    for (const [command, payload] of [
      ['set', { open: 0.4, transaction: 'set' }],
      ['get', { nothing: '', transaction: 'get' }],
    ] as const) {
      await client.publish(`portwire/new/${command}`, payload)
      await client.next('portwire/new/response', ({ json }) => json['transaction'] === command)
    }
    expect(ports.get('new')!.calls.map(({ action }) => action)).toEqual(['setVent'])
  })

  test('Home Assistant keeps a device that is started anew, and loses one that is gone', async () => {
    const clock = createHeldClock()
    const homeassistant = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' }
    const config: GatewayConfig = {
      ...configWith({ server: EMBEDDED }),
      devices: [device('kept'), device('again'), device('old')],
      homeassistant,
    }
    const ports = new Map<string, FakePort>()
    const gateway = await startGateway(config, {
      clock,
      openPort: ({ name }) => {
        const port = createFakePort()
        ports.set(name, port)
        return port
      },
    })
    onTestFinished(() => gateway.close())
    await gateway.connected
    const client = await clientOf(gateway, ['portwire/#', 'homeassistant/#'])
    expect(clock.pass(LIMITS.staleDiscoveryMs)).toBe(1)
    const topicOf = (name: string) => `homeassistant/device/portwire_portwire_${name}/config`
    for (const name of ['kept', 'again', 'old']) await client.next(topicOf(name), ({ text }) => text !== '')
    const from = client.messages.length
    // The others change while it is between its end and its start.
    const closeOne = ports.get('again')!.close
    Object.assign(ports.get('again')!, {
      close: async () => {
        ports.get('kept')!.state('running')
        return await closeOne()
      },
    })
    const devices = [device('kept'), device('again', { callTimeoutMs: 100 }), device('new')]
    await gateway.reload(() => ({ ...config, devices }))
    await client.next(topicOf('old'), ({ text }) => text === '', from)
    await client.next(topicOf('new'), ({ text }) => text !== '', from)
    const said = client.messages.slice(from).filter(({ topic }) => topic.startsWith('homeassistant/'))
    expect(said.map(({ topic, text }) => [topic, text === '']).sort()).toEqual([
      [topicOf('new'), false],
      [topicOf('old'), true],
    ])
  })

  test('calls of a new device are taken, and those of one that is gone are not', async () => {
    const { client, reload, ports } = await start([device('old')])
    await reload([device('new')])
    ports.get('new')!.state('running')
    await client.next('portwire/new/availability', ({ json }) => json['state'] === 'online')
    await client.publish('portwire/old/call/identify', { transaction: 1 })
    await client.publish('portwire/new/call/identify', { transaction: 2 })
    await client.next('portwire/new/response', ({ json }) => json['transaction'] === 2)
    expect(client.messages.filter(({ topic }) => topic === 'portwire/old/response')).toEqual([])
  })

  test('two reloads at once run one after the other', async () => {
    const { gateway, reload } = await start([device('a')])
    const [first, second] = await Promise.all([reload([device('b')]), reload([device('b'), device('c')])])
    expect(first).toMatchObject({ added: ['b'], removed: ['a'] })
    expect(second).toMatchObject({ kept: ['b'], added: ['c'], removed: [] })
    expect(gateway.devices().map(({ name }) => name)).toEqual(['b', 'c'])
  })

  test('a device that cannot be started is said, and the others go on', async () => {
    const { gateway, log, reload } = await start([device('a')], ({ name }) => {
      if (name === 'broken') throw new Error('no such line')
      return createFakePort()
    })
    await reload([device('broken'), device('b')])
    expect(log).toContain('error portwire:broken it could not be started: no such line')
    expect(gateway.devices().map(({ name }) => name)).toEqual(['b'])
  })

  test('an event server whose address is taken is said, and its device goes on without', async () => {
    const servers = [{ port: 0, host: '127.0.0.1', packet: 2, events: ['ALL'] }] as const
    const { gateway, log, reload } = await start([device('a', { eventServers: servers })])
    const taken = Number(gateway.devices()[0]!.event_servers![0]!.split(':')[1])
    await reload([
      device('a', { eventServers: servers }),
      device('b', { eventServers: [{ ...servers[0], port: taken }] }),
    ])
    expect(gateway.devices()[1]).not.toHaveProperty('event_servers')
    expect(log.find((line) => line.startsWith('error portwire:b it goes on without'))).toContain(String(taken))
  })

  test('a reload that a shutdown overtakes does not leave `online` at the broker', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const port = createFakePort()
    const { close } = port
    const isClosing = deferred<void>()
    const mayClose = deferred<void>()
    port.close = async () => {
      isClosing.resolve()
      await mayClose.promise
      return close()
    }
    const config = { ...configWith({ server: { kind: 'external', url: mosquitto.url } }), devices: [device('a')] }
    const gateway = await startGateway(config, { openPort: () => port })
    await gateway.connected
    const reloaded = gateway.reload(() => ({ ...config, devices: [] }))
    await isClosing.promise
    const closed = gateway.close()
    mayClose.resolve()
    await Promise.all([reloaded, closed])
    const late = await connectClient(mosquitto.url, ['portwire/bridge/state'])
    onTestFinished(() => late.end())
    expect((await late.next('portwire/bridge/state')).json).toEqual({ state: 'offline' })
  })

  test('a gateway that is closed takes no other config', async () => {
    const { gateway, opened, reload } = await start([device('a')])
    await gateway.close()
    expect(await reload([device('b')])).toBeUndefined()
    expect(opened).toEqual(['a'])
  })
})
