/** The gateway: broker (ours or another), devices, and the topics between them. */

import { randomBytes } from 'node:crypto'
import { type Clock, type Random, systemClock } from '../clock.js'
import { type Bridge, bridgeWill, createBridge } from './bridge.js'
import type { RequestHandler } from './bridge-requests.js'
import { type Broker, startBroker } from './broker.js'
import type { GatewayConfig, MqttConfig } from './config.js'
import { configJsonSchema } from './config-schema.js'
import { type Device, type DeviceRow, startDevice } from './device.js'
import type { DeviceConfig } from './device-config.js'
import { EVENT_DROP, startEventServers } from './device-event-servers.js'
import { createHealth } from './health.js'
import { createHomeAssistant, type HomeAssistant } from './homeassistant/homeassistant.js'
import { LIMITS } from './limits.js'
import { isLogged, type Log, type LogLevel, silentLog } from './log.js'
import { limitLog } from './log-limit.js'
import { createLosses } from './losses.js'
import { createMqttPipe, type LossReason, type MqttPipe, type MqttPipeInfo } from './mqtt-pipe.js'
import { openDevicePort } from './open-device-port.js'
import { createMemoryOutbox } from './outbox.js'
import { printable } from './printable.js'
import { createTaker } from './taker.js'
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
  /** Lines below it are left out, on MQTT too; `bridge/request/options` changes it. Default info. */
  readonly logLevel?: LogLevel
  /** Asked to end this gateway and start another, by `bridge/request/restart`; left out: there is no such request. */
  readonly restart?: () => void
}

/** Starts everything and returns; broker and devices may come later, both are tried again for as long as it takes.
 * @throws PORT_BUSY  the port of the embedded broker, or of an event server, is taken */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const { log: sink = silentLog, clock = systemClock, random = Math.random } = options
  const topics = createTopics(config.mqtt.baseTopic)
  // Log lines go out on MQTT as well, as soon as there is a bridge to send them.
  let bridge: Bridge | undefined
  let { logLevel = 'info' } = options
  const log = limitLog(
    (level, namespace, message) => {
      if (!isLogged(level, logLevel)) return
      const line = printable(message)
      sink(level, namespace, line)
      if (level !== 'debug') bridge?.log(level, namespace, line)
    },
    LIMITS.logLinesPerSecond,
    clock,
  )

  const { server } = config.mqtt
  const broker: Broker | undefined = server.kind === 'embedded' ? await startBroker(server.port, log) : undefined
  const eventServers = await startEventServers(config.devices, clock, (name, reason, count) => {
    bridge?.say({ type: 'events_dropped', data: { name, count, reason: EVENT_DROP[reason].reason } })
    log('warn', `portwire:${name}`, `${count} events were dropped: ${EVENT_DROP[reason].because}`)
  }).catch(async (error: unknown) => {
    await broker?.close()
    throw error
  })
  const brokerUrl = server.kind === 'embedded' ? `mqtt://127.0.0.1:${broker!.port}` : server.url
  const devices = new Map<string, Device>()
  const losses = createLosses<LossReason>({
    clock,
    afterMs: LIMITS.lossesSaidMs,
    say: (reason, count) => {
      bridge?.say({ type: 'messages_dropped', data: { count, reason } })
      log('warn', 'portwire:mqtt', `${count} messages were dropped: ${LOST_BECAUSE[reason]}`)
    },
  })

  let homeAssistant: HomeAssistant | undefined
  const version = packageVersion()
  const pipe = createMqttPipe({
    settings: connectionSettings(config.mqtt, brokerUrl, topics, broker !== undefined),
    subscriptions: [
      topics.bridgeRequests,
      ...config.devices.flatMap(({ name }) => [topics.calls(name), topics.set(name), topics.get(name)]),
    ],
    outbox: createMemoryOutbox({
      messages: options.outboxMessages ?? LIMITS.outboxMessages,
      bytes: LIMITS.outboxBytes,
    }),
    take: (inbound) => {
      if (!homeAssistant?.take(inbound)) taker.take(inbound)
    },
    opened: (sessionPresent) => taker.connected(sessionPresent),
    lost: (reason, topic) => {
      // That the word about losses is lost itself, as it is where the broker refuses its topic, is no further news.
      if (topic !== topics.bridgeEvent && topic !== topics.bridgeLogging) losses.add(reason)
    },
    drained: () => losses.say(),
    changed: ({ connected }) => {
      homeAssistant?.linked(connected)
      if (connected) losses.say()
    },
    ...reconnectPause(config.mqtt, broker !== undefined),
    clock,
    random,
    log,
  })
  const health = createHealth({
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => pipe.info,
    clock,
  })
  const { restart } = options
  bridge = createBridge({
    topics,
    pipe,
    devices: () => [...devices.values()],
    version,
    shownConfig: config.shown,
    configSchema: configJsonSchema(),
    requests: options.requests ?? {},
    health,
    setLogLevel(level) {
      logLevel = level
    },
    // The answer goes first: ending waits until what was published is with the broker.
    restart: restart && (() => void clock.after(0, restart)),
  })
  const { say } = bridge
  const devicesChanged = () => {
    bridge?.devicesChanged()
    homeAssistant?.devicesChanged()
  }
  const taker = createTaker({ topics, bridge, devices, pipe, log })
  bridge.announce()
  if (config.homeassistant) {
    homeAssistant = createHomeAssistant({
      config: config.homeassistant,
      clientId: config.mqtt.clientId,
      version,
      topics,
      pipe,
      devices: () =>
        [...devices.values()].map((device) => ({
          name: device.name,
          contract: device.contract,
          firmware: device.row().firmware,
        })),
      canRestart: restart !== undefined,
      clock,
      random,
      log,
    })
  }

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
        clock,
        eventServers: eventServers.get(device.name)!,
      }),
    )
  }
  devicesChanged()
  const stopHealth = everyNowAndThen(clock, LIMITS.healthMs, async () => bridge!.health(await health()))

  let closed: Promise<void> | undefined
  return {
    brokerUrl,
    topics,
    connected: pipe.connected,
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => pipe.info,
    close() {
      losses.close()
      stopHealth()
      homeAssistant?.close()
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

function connectionSettings(mqtt: MqttConfig, url: string, topics: Topics, isEmbedded: boolean) {
  return {
    url,
    version: mqtt.version,
    clientId: mqtt.clientId,
    keepaliveSeconds: mqtt.keepaliveSeconds,
    clean: false,
    will: bridgeWill(topics),
    ...(isEmbedded && { maxPacketBytes: LIMITS.brokerPacketBytes }),
    ...(mqtt.user !== undefined && { user: mqtt.user }),
    ...(mqtt.password !== undefined && { password: mqtt.password }),
    ...(mqtt.ca !== undefined && { ca: mqtt.ca }),
  }
}

function reconnectPause(mqtt: MqttConfig, isEmbedded: boolean) {
  if (isEmbedded) return { reconnectMinMs: LIMITS.embeddedReconnectMs, reconnectMaxMs: LIMITS.embeddedReconnectMs }
  return { reconnectMinMs: mqtt.reconnectMinMs, reconnectMaxMs: mqtt.reconnectMaxMs }
}

/** At once, and again each time so long after the last. */
function everyNowAndThen(clock: Clock, pauseMs: number, run: () => Promise<void>): () => void {
  let cancel = () => {}
  let stopped = false
  const next = () => {
    if (stopped) return
    cancel = clock.after(pauseMs, next)
    void run()
  }
  next()
  return () => {
    stopped = true
    cancel()
  }
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
