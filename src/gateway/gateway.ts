/** The gateway: broker (ours or another), devices, and the topics between them. */

import { randomBytes } from 'node:crypto'
import { type Clock, type Random, systemClock } from '../clock.js'
import { type Bridge, bridgeWill, createBridge, type RequestHandler } from './bridge.js'
import { type Broker, type BrokerInfo, startBroker } from './broker.js'
import { grantOf } from './broker-access.js'
import type { EmbeddedConfig } from './broker-config.js'
import type { GatewayConfig, MqttConfig } from './config.js'
import { configJsonSchema } from './config-schema.js'
import { type Device, type DeviceRow, startDevice } from './device.js'
import type { DeviceConfig } from './device-config.js'
import { EVENT_DROP, startEventServers } from './device-event-servers.js'
import { LIMITS } from './limits.js'
import { type Log, silentLog } from './log.js'
import { limitLog } from './log-limit.js'
import { createLosses } from './losses.js'
import { createMqttPipe, type LossReason, type MqttPipe, type MqttPipeInfo } from './mqtt-pipe.js'
import { openDevicePort } from './open-device-port.js'
import { createMemoryOutbox } from './outbox.js'
import { printable } from './printable.js'
import { createTaker } from './taker.js'
import { createTlsReader, tlsWarnings } from './tls-files.js'
import { createTopics, type Topics } from './topics.js'
import type { UntypedPort } from './untyped-port.js'
import { packageVersion } from './version.js'

export interface Gateway {
  /** Of the broker in use. */
  readonly brokerUrl: string
  readonly topics: Topics
  /** Resolves at the first connection to the broker. */
  readonly connected: Promise<void>
  devices(): readonly DeviceRow[]
  mqtt(): MqttPipeInfo
  /** Of the embedded broker: its connections, and what it refused. */
  broker(): BrokerInfo | undefined
  /** Publishes `offline`, disconnects, ends the ports and the embedded broker; within a second. Idempotent. */
  close(): Promise<void>
}

export interface GatewayOptions {
  readonly log?: Log
  /** How a port is made of a device's config; default: createPort. */
  readonly openPort?: (config: DeviceConfig) => UntypedPort
  /** Requests besides the gateway's own, by their name under `bridge/request/`. */
  readonly requests?: Readonly<Record<string, RequestHandler>>
  readonly clock?: Clock
  readonly random?: Random
  readonly outboxMessages?: number
}

/** Starts everything and returns; broker and devices may come later, both are tried again for as long as it takes.
 * @throws PORT_BUSY  the port of the embedded broker, or of an event server, is taken */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const { log: sink = silentLog, clock = systemClock, random = Math.random } = options
  const topics = createTopics(config.mqtt.baseTopic)
  // Log lines go out on MQTT as well, as soon as there is a bridge to send them.
  let bridge: Bridge | undefined
  const log = limitLog(
    (level, namespace, message) => {
      const line = printable(message)
      sink(level, namespace, line)
      if (level !== 'debug') bridge?.log(level, namespace, line)
    },
    LIMITS.logLinesPerSecond,
    clock,
  )

  const { server } = config.mqtt
  const broker = server.kind === 'embedded' ? await startEmbedded(server, topics.base, log) : undefined
  const eventServers = await startEventServers(config.devices, clock, (name, reason, count) => {
    bridge?.say({ type: 'events_dropped', data: { name, count, reason: EVENT_DROP[reason].reason } })
    log('warn', `portwire:${name}`, `${count} events were dropped: ${EVENT_DROP[reason].because}`)
  }).catch(async (error: unknown) => {
    await broker?.close()
    throw error
  })
  const brokerUrl = server.kind === 'embedded' ? broker!.url : server.url
  for (const line of tlsWarnings(config.mqtt.tls)) log('warn', 'portwire:mqtt', line)
  const devices = new Map<string, Device>()
  const losses = createLosses<LossReason>({
    clock,
    afterMs: LIMITS.lossesSaidMs,
    say: (reason, count) => {
      bridge?.say({ type: 'messages_dropped', data: { count, reason } })
      log('warn', 'portwire:mqtt', `${count} messages were dropped: ${LOST_BECAUSE[reason]}`)
    },
  })

  const pipe = createMqttPipe({
    settings: connectionSettings(config.mqtt, brokerUrl, topics, broker, log),
    subscriptions: [topics.bridgeRequests, ...config.devices.map((device) => topics.calls(device.name))],
    outbox: createMemoryOutbox({
      messages: options.outboxMessages ?? LIMITS.outboxMessages,
      bytes: LIMITS.outboxBytes,
    }),
    take: (inbound) => taker.take(inbound),
    opened: (sessionPresent) => taker.connected(sessionPresent),
    lost: (reason, topic) => {
      // That the word about losses is lost itself, as it is where the broker refuses its topic, is no further news.
      if (topic !== topics.bridgeEvent && topic !== topics.bridgeLogging) losses.add(reason)
    },
    drained: () => losses.say(),
    changed: ({ connected }) => {
      if (connected) losses.say()
    },
    ...reconnectPause(config.mqtt, broker !== undefined),
    clock,
    random,
    log,
  })
  bridge = createBridge({
    topics,
    pipe,
    devices: () => [...devices.values()],
    version: packageVersion(),
    shownConfig: config.shown,
    configSchema: configJsonSchema(),
    requests: options.requests ?? {},
  })
  const { say, devicesChanged } = bridge
  const taker = createTaker({ topics, bridge, devices, pipe, log })
  bridge.announce()

  const run = randomBytes(4).toString('hex')
  for (const device of config.devices) {
    devices.set(
      device.name,
      startDevice({
        config: device,
        topics,
        pipe,
        openPort: options.openPort ?? openDevicePort,
        log,
        run,
        now: () => new Date(),
        say,
        changed: soon(devicesChanged),
        eventServers: eventServers.get(device.name)!,
      }),
    )
  }
  devicesChanged()

  let closed: Promise<void> | undefined
  return {
    brokerUrl,
    topics,
    connected: pipe.connected,
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => pipe.info,
    broker: () => broker?.info,
    close() {
      losses.close()
      closed ??= closeAll([...devices.values()], bridge!, pipe, broker, clock)
      return closed
    },
  }
}

const LOST_BECAUSE: Readonly<Record<LossReason, string>> = {
  full: 'the queue was full',
  too_long: 'longer than the broker takes',
  refused: 'the broker refused them',
}

/** Offline first, while there is still somebody to say it to; ports end meanwhile. Whatever hangs is left behind at the end. */
async function closeAll(
  devices: readonly Device[],
  bridge: Bridge,
  pipe: MqttPipe,
  broker: Broker | undefined,
  clock: Clock,
): Promise<void> {
  const ports = Promise.allSettled(devices.map((device) => device.close()))
  bridge.retire()
  const all = pipe.close().then(() => Promise.allSettled([ports, broker?.close()]))
  await Promise.race([all, new Promise<void>((resolve) => clock.after(LIMITS.closeMs, resolve))])
}

function startEmbedded(server: EmbeddedConfig, base: string, log: Log): Promise<Broker> {
  const { host = '127.0.0.1', port, users = [], anonymous = false } = server
  return startBroker({ host, port }, log, {
    users,
    ...(anonymous && { anonymous: grantOf({ kind: 'anonymous' }, base) }),
  })
}

function connectionSettings(mqtt: MqttConfig, url: string, topics: Topics, broker: Broker | undefined, log: Log) {
  const { user = mqtt.user, password = mqtt.password } = broker?.own ?? {}
  return {
    url,
    version: mqtt.version,
    clientId: mqtt.clientId,
    keepaliveSeconds: mqtt.keepaliveSeconds,
    clean: false,
    will: bridgeWill(topics),
    ...(broker && { maxPacketBytes: LIMITS.brokerPacketBytes }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(mqtt.tls && { tls: createTlsReader(mqtt.tls, (problem) => log('error', 'portwire:mqtt', problem)) }),
  }
}

function reconnectPause(mqtt: MqttConfig, isEmbedded: boolean) {
  if (isEmbedded) return { reconnectMinMs: LIMITS.embeddedReconnectMs, reconnectMaxMs: LIMITS.embeddedReconnectMs }
  return { reconnectMinMs: mqtt.reconnectMinMs, reconnectMaxMs: mqtt.reconnectMaxMs }
}

/** Runs once for all that is asked for in one turn. */
function soon(run: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    queueMicrotask(() => {
      asked = false
      run()
    })
  }
}
