/** Names, topics and payloads that are meant to lead the gateway out of its tree: it publishes nowhere else, subscribes to nothing
 * else, and neither it nor the broker ends. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defineContract, parseDescriptor } from '../../src/contract/index.js'
import { LIMITS, parseConfig, startGateway } from '../../src/gateway/index.js'
import { figures } from '../figures.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { createHeldClock } from './held-clock.js'
import { HOSTILE, NAUGHTY, shown } from './hostile-strings.js'
import { startMosquitto } from './mosquitto.js'
import { publishRaw } from './raw-publish.js'
import { clientOf, configWith } from './support.js'

const NAME = '[A-Za-z0-9_-]{1,64}'
const OWN = new RegExp(
  `^portwire/(bridge/(state|info|devices|event|logging|health|response/${NAME}(/${NAME})?)` +
    `|greenhouse(/(event/${NAME}|availability|contract|response|log))?)$`,
)
/** Discovery is the one thing outside, where the config asks for it. */
const DISCOVERY = /^homeassistant\/device\/portwire_portwire(_greenhouse)?\/config$/
const SUBSCRIPTIONS = [
  'homeassistant/device/+/config',
  'homeassistant/status',
  'portwire/bridge/request/#',
  'portwire/greenhouse/call/+',
  'portwire/greenhouse/get',
  'portwire/greenhouse/set',
]

/** Where a hostile string is put, and what is sent there. */
function attacks(text: string): readonly { readonly topic: string; readonly payload: string }[] {
  const json = JSON.stringify(text)
  return [
    { topic: text, payload: '{}' },
    { topic: `portwire/${text}`, payload: '{}' },
    { topic: `portwire/${text}/call/setVent`, payload: '{"open":1}' },
    { topic: `portwire/${text}/set`, payload: '{"on":true}' },
    { topic: `portwire/greenhouse/call/${text}`, payload: '{}' },
    { topic: `portwire/bridge/request/${text}`, payload: `{"id":${json}}` },
    {
      topic: `homeassistant/device/${text}/config`,
      payload: `{"o":{"name":"portwire"},"dev":{"via_device":"portwire_portwire"},"cmps":{}}`,
    },
    { topic: 'homeassistant/status', payload: text },
    { topic: 'portwire/greenhouse/set', payload: `{${json}:1,"transaction":${json}}` },
    { topic: 'portwire/greenhouse/get', payload: `{${json}:""}` },
    { topic: 'portwire/greenhouse/call/setVent', payload: text },
    { topic: 'portwire/greenhouse/call/setVent', payload: `{${json}:${json},"transaction":${json}}` },
    { topic: 'portwire/bridge/request/device/restart', payload: `{"id":${json},"transaction":${json}}` },
    { topic: 'portwire/bridge/request/options', payload: `{"options":{${json}:${json}}}` },
  ].filter(({ topic }) => Buffer.byteLength(topic) <= 65_535)
}

/** What the gateway has done at the broker, by the broker's own word. */
interface Witness {
  readonly port: number
  published(): readonly string[]
  subscribed(): readonly string[]
  readonly isAlive: () => boolean
}

async function aedesWitness(): Promise<Witness> {
  const aedes = await Aedes.createBroker()
  const published: string[] = []
  const subscribed: string[] = []
  aedes.on('publish', (packet, client) => void (client?.id === 'portwire' && published.push(packet.topic)))
  aedes.on('subscribe', (subscriptions, client) => {
    if (client.id === 'portwire') subscribed.push(...subscriptions.map(({ topic }) => topic))
  })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    aedes.handle(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    aedes.close()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    port,
    published: () => published,
    subscribed: () => subscribed,
    isAlive: () => server.listening && !aedes.closed,
  }
}

async function mosquittoWitness(): Promise<Witness> {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-hostile-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'log')
  const mosquitto = await startMosquitto([`log_dest file ${path}`, 'log_type all'])
  onTestFinished(() => mosquitto.remove())
  const log = () => readFileSync(path, 'utf8')
  return {
    port: mosquitto.port,
    published: () =>
      [...log().matchAll(/Received PUBLISH from portwire \(d\d, q\d, r\d, m\d+, '(.*)', \.\.\./g)].map((m) => m[1]!),
    subscribed: () => [...log().matchAll(/: portwire \d (\S+)$/gm)].map((m) => m[1]!),
    isAlive: () => mosquitto.isRunning(),
  }
}

describe('R21: hostile names, for the gateway of a board', () => {
  it('the list has what breaks topics, and the 461 of the big list of naughty strings', () => {
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length)
    expect(HOSTILE.length).toBeGreaterThanOrEqual(580)
    expect(NAUGHTY.length).toBe(461)
    for (const one of NAUGHTY) expect(HOSTILE).toContain(one)
    figures({ strings: HOSTILE.length, naughty: NAUGHTY.length })
    for (const one of ['+', '#', '/', '$', '\0', '\uffff']) expect(HOSTILE).toContain(one)
    expect(HOSTILE.some((text) => Buffer.byteLength(text) >= 65_000)).toBe(true)
    expect(HOSTILE.some((text) => text.split('/').length >= 101)).toBe(true)
  })

  it.each([
    ['aedes', aedesWitness],
    ['Mosquitto', mosquittoWitness],
  ] as const)(
    'at %s it publishes in its own tree only, and subscribes to nothing that was sent',
    async (name, witnessOf) => {
      const broker = await witnessOf()
      const port: FakePort = createFakePort()
      const clock = createHeldClock()
      const config = configWith({
        server: { kind: 'external', url: `mqtt://127.0.0.1:${broker.port}` },
        version: name === 'aedes' ? 4 : 5,
      })
      const homeassistant = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' }
      const gateway = await startGateway({ ...config, homeassistant }, { openPort: () => port, clock })
      onTestFinished(() => gateway.close())
      await gateway.connected
      port.state('running')
      port.answer = async (_action, args) => args

      let sent = 0
      for (const [index, text] of HOSTILE.entries()) {
        // In the midst of it the gateway has looked long enough, and says what there is.
        if (index === 70) expect(clock.pass(LIMITS.staleDiscoveryMs)).toBe(1)
        port.notice({ kind: 'log', severity: 'warning', text } as never)
        await port.emit('vent', { open: 1, [text]: text })
        for (const { topic, payload } of attacks(text)) {
          await publishRaw(broker.port, Buffer.from(topic), Buffer.from(payload))
          sent += 1
        }
      }
      // Bytes that are no UTF-8 at all, in a topic and in a payload.
      await publishRaw(broker.port, Buffer.from('706f7274776972652fc328', 'hex'), Buffer.from('{}'))
      await publishRaw(broker.port, Buffer.from('portwire/greenhouse/set'), Buffer.from('c328ff', 'hex'))

      const client = await clientOf(gateway, ['portwire/greenhouse/response'])
      await client.publish('portwire/greenhouse/call/setLamp', { on: true, transaction: 'the last' })
      await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 'the last')

      const published = broker.published()
      expect(sent).toBeGreaterThan(8_000)
      expect(published.length).toBeGreaterThan(HOSTILE.length)
      expect(published.filter((topic) => DISCOVERY.test(topic))).not.toEqual([])
      const outside = published.filter((topic) => !OWN.test(topic) && !DISCOVERY.test(topic))
      expect(outside).toEqual([])
      expect([...new Set(broker.subscribed())].sort()).toEqual(SUBSCRIPTIONS)
      expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0 })
      expect(broker.isAlive()).toBe(true)
      const at = name === 'aedes' ? 'Aedes' : name
      figures({ [`sentTo${at}`]: sent, [`publishedAt${at}`]: published.length, outside: outside.length })
    },
    60_000,
  )

  it.each(HOSTILE.map((text) => [shown(text), text]))(
    '%s is refused as the name of a device, or is harmless',
    (_shown, text) => {
      const names = namesOfDevices(text)
      expect(names.filter((name) => !new RegExp(`^${NAME}$`).test(name) || name === 'bridge')).toEqual([])
    },
  )

  it.each(HOSTILE.map((text) => [shown(text), text]))(
    '%s is refused as the name of an event, or is harmless',
    (_shown, text) => {
      const names = [...eventsDefined(text), ...eventsDescribed(text)]
      expect(names.filter((name) => !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name))).toEqual([])
    },
  )
})

function namesOfDevices(name: string): readonly string[] {
  const device = { serial: '/dev/ttyX', contract: 'docs/examples/greenhouse.yaml' }
  // As own property, which a literal __proto__ is not.
  const devices = Object.fromEntries([[name, device]])
  return orRefused('CONFIG_INVALID', () =>
    parseConfig('portwire.yaml', JSON.stringify({ version: 1, devices })).devices.map((config) => config.name),
  )
}

function eventsDefined(name: string): readonly string[] {
  const events = Object.fromEntries([[name, {}]])
  return orRefused('CONTRACT_INVALID', () => [...defineContract({ name: 'x', version: '1', events }).events.keys()])
}

/** As a board tells it itself. */
function eventsDescribed(name: string): readonly string[] {
  const bytes = Buffer.from(`x\n0 event ${name}()\n`)
  return orRefused('CONTRACT_INVALID', () => [...parseDescriptor(bytes).events.keys()])
}

function orRefused(code: string, names: () => readonly string[]): readonly string[] {
  try {
    return names()
  } catch (error) {
    expect(error).toMatchObject({ code })
    return []
  }
}
