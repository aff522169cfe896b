/** The gateway: broker (ours or another), devices, and the topics between them. */

import { randomBytes } from 'node:crypto'
import { type Clock, type Random, systemClock } from '../clock.js'
import { type Bridge, bridgeWill, createBridge } from './bridge/bridge.js'
import { createHealth } from './bridge/health.js'
import type { RequestHandler } from './bridge/requests.js'
import { createTaker } from './bridge/taker.js'
import type { Broker, BrokerInfo } from './broker/broker.js'
import { startEmbedded } from './broker/start-embedded.js'
import { configJsonSchema } from './config/schema.js'
import type { GatewayConfig, MqttConfig } from './config.js'
import type { DeviceConfig } from './device/config.js'
import { type Device, startDevice } from './device/device.js'
import { type DeviceEventServers, EVENT_DROP, startEventServers } from './device/event-servers.js'
import { openDevicePort } from './device/open-port.js'
import type { DeviceRow } from './device/row.js'
import { createTtyClaims } from './device/tty-claims.js'
import type { UntypedPort } from './device/untyped-port.js'
import { everyNowAndThen, soon } from './every.js'
import { createHomeAssistant, type HomeAssistant } from './homeassistant/homeassistant.js'
import { LIMITS } from './limits.js'
import { isLogged, type Log, type LogLevel, silentLog } from './log.js'
import { limitLog } from './log-limit.js'
import { createLosses } from './losses.js'
import type { LossReason } from './mqtt/drops.js'
import { createMqttPipe, type MqttPipe, type MqttPipeInfo } from './mqtt/pipe.js'
import { createTlsReader, tlsWarnings } from './mqtt/tls-files.js'
import { createMemoryOutbox } from './outbox/memory.js'
import { openDurableOutbox } from './outbox/open-durable.js'
import type { OutboxFolder } from './outbox/store.js'
import type { DurableOutbox, OutboxAlarm, OutboxInfo } from './outbox/types.js'
import { createPaced } from './paced.js'
import { cutLine, printable } from './printable.js'
import { type ConfigChanges, createReloader } from './reload.js'
import { createTopics, type Topics } from './topics.js'
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
  /** Undefined where events wait in memory. */
  outbox(): OutboxInfo | undefined
  /** Takes over another config: devices that are the same go on undisturbed. Never rejects.
   * @param load  reads and checks it; what it throws is said in the log and on `bridge/event`, and changes nothing
   * @returns what came of it; undefined when it was refused */
  reload(load: () => GatewayConfig): Promise<ConfigChanges | undefined>
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
  /** Where the events of an outbox are kept; default: a folder on disk. */
  readonly openOutboxFolder?: (path: string) => OutboxFolder
  /** Lines below it are left out, on MQTT too; `bridge/request/options` changes it. Default info. */
  readonly logLevel?: LogLevel
  /** Asked to end this gateway and start another, by `bridge/request/restart`; left out: there is no such request. */
  readonly restart?: () => void
}

/** Starts everything and returns; broker and devices may come later, both are tried again for as long as it takes.
 * @throws PORT_BUSY  the port of the embedded broker, or of an event server, is taken
 * @throws OUTBOX_BUSY  another gateway has the outbox open */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const { log: sink = silentLog, clock = systemClock, random = Math.random } = options
  const topics = createTopics(config.mqtt.baseTopic)
  // Log lines go out on MQTT as well, as soon as there is a bridge to send them.
  let bridge: Bridge | undefined
  let { logLevel = 'info' } = options
  const log = limitLog(
    (level, namespace, message) => {
      if (!isLogged(level, logLevel)) return
      const line = printable(cutLine(message, LIMITS.logMessageBytes))
      sink(level, namespace, line)
      if (level !== 'debug') bridge?.log(level, namespace, line)
    },
    LIMITS.logLinesPerSecond,
    clock,
  )

  const { server } = config.mqtt
  const broker = server.kind === 'embedded' ? await startEmbedded(server, topics.base, log) : undefined
  const listen = (devices: readonly DeviceConfig[]) =>
    startEventServers(devices, clock, (name, reason, count) => {
      bridge?.say({ type: 'events_dropped', data: { name, count, reason: EVENT_DROP[reason].reason } })
      log('warn', `portwire:${name}`, `${count} events were dropped: ${EVENT_DROP[reason].because}`)
    })
  const eventServers = await listen(config.devices).catch(async (error: unknown) => {
    await broker?.close()
    throw error
  })
  let pipe: MqttPipe | undefined
  // How it is, at the time when there is a bridge to say it.
  let alarm: OutboxAlarm | undefined
  const events =
    config.outbox &&
    (await openDurableOutbox({
      config: config.outbox,
      topics,
      keepaliveSeconds: config.mqtt.keepaliveSeconds,
      clock,
      log,
      bridge: () =>
        bridge ?? {
          say: () => {},
          outboxChanged: (changed) => {
            alarm = changed
          },
        },
      ready: () => pipe?.pump(),
      ...(options.openOutboxFolder && { openFolder: options.openOutboxFolder }),
    }).catch(async (error: unknown) => {
      for (const each of eventServers.values()) await each.close()
      await broker?.close()
      throw error
    }))
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

  let homeAssistant: HomeAssistant | undefined
  const version = packageVersion()
  const subscriptionsOf = (names: readonly string[]) => [
    topics.bridgeRequests,
    ...names.flatMap((name) => [topics.calls(name), topics.set(name), topics.get(name)]),
  ]
  pipe = createMqttPipe({
    settings: connectionSettings(config.mqtt, brokerUrl, topics, broker, log),
    subscriptions: subscriptionsOf(config.devices.map(({ name }) => name)),
    outbox: createMemoryOutbox({
      messages: options.outboxMessages ?? LIMITS.outboxMessages,
      bytes: LIMITS.outboxBytes,
    }),
    ...(events && { events }),
    take: (inbound) => {
      if (!homeAssistant?.take(inbound)) taker.take(inbound)
    },
    opened: (sessionPresent) => taker.connected(sessionPresent),
    lost: (reason, topic, count) => {
      // That the word about losses is lost itself, as it is where the broker refuses its topic, is no further news.
      if (topic !== topics.bridgeEvent && topic !== topics.bridgeLogging) losses.add(reason, count)
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
  const mqtt = pipe
  let inForce = config
  const health = createHealth({
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => mqtt.info,
    outbox: () => events?.info,
    broker: () => broker?.info,
    clock,
  })
  const { restart } = options
  bridge = createBridge({
    topics,
    pipe,
    devices: () => [...devices.values()],
    version,
    shownConfig: () => inForce.shown,
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
  // One for all devices: each list names them all, so that one a device would cost the square of their number.
  const list = createPaced(clock, LIMITS.devicesMs, bridge.devicesChanged)
  const devicesChanged = soon(() => {
    list.ask()
    homeAssistant?.devicesChanged()
  })
  const taker = createTaker({ topics, bridge, devices, pipe, homeAssistant: config.homeassistant, log })
  bridge.announce()
  if (alarm) bridge.outboxChanged(alarm)
  if (config.homeassistant) {
    homeAssistant = createHomeAssistant({
      config: config.homeassistant,
      clientId: config.mqtt.clientId,
      version,
      topics,
      pipe,
      // Those of the config, not those that are open: one that a reload starts anew must not be taken back meanwhile.
      devices: () =>
        inForce.devices.map(({ name, contract, payload, target }) => ({
          name,
          contract,
          payload,
          board: 'serial' in target && typeof target.serial !== 'string' ? target.serial : undefined,
          firmware: devices.get(name)?.row().firmware,
        })),
      canRestart: restart !== undefined,
      clock,
      random,
      log,
    })
  }

  const ttys = createTtyClaims()
  const start = (device: DeviceConfig, servers: DeviceEventServers) =>
    startDevice({
      config: device,
      topics,
      pipe: mqtt,
      ...(events && { outbox: events }),
      openPort: options.openPort ?? openDevicePort,
      log,
      // Another at every start of a device: its count of events begins anew, and its board may not have booted.
      run: randomBytes(4).toString('hex'),
      now: () => new Date(),
      clock,
      say,
      changed: devicesChanged,
      ttys,
      eventServers: servers,
    })
  for (const device of config.devices) devices.set(device.name, start(device, eventServers.get(device.name)!))
  devicesChanged()
  const stopHealth = everyNowAndThen(clock, LIMITS.healthMs, async () => bridge!.health(await health()))

  const reloader = createReloader({
    config,
    devices,
    start: async (device) => {
      const servers = await listen([device]).catch((error: unknown) => {
        log('error', `portwire:${device.name}`, `it goes on without its event servers: ${(error as Error).message}`)
        return listen([{ ...device, eventServers: [] }])
      })
      return start(device, servers.get(device.name)!)
    },
    subscribe: (names) => mqtt.resubscribe(subscriptionsOf(names)),
    say,
    changed: (next) => {
      inForce = next
      bridge!.announce()
      devicesChanged()
    },
    log,
  })

  let closed: Promise<void> | undefined
  return {
    brokerUrl,
    topics,
    connected: mqtt.connected,
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => mqtt.info,
    broker: () => broker?.info,
    outbox: () => events?.info,
    reload: reloader.reload,
    close() {
      losses.close()
      stopHealth()
      homeAssistant?.close()
      const reloaded = reloader.close()
      closed ??= closeAll(() => [...devices.values()], reloaded, bridge!, mqtt, events, broker, clock)
      return closed
    },
  }
}

const LOST_BECAUSE: Readonly<Record<LossReason, string>> = {
  full: 'the queue was full',
  offline: 'the broker was away',
  too_long: 'longer than the broker takes',
  refused: 'the broker refused them',
}

/** Offline first, while there is still somebody to say it to; ports end meanwhile. Whatever hangs is left behind at the end. */
async function closeAll(
  devices: () => readonly Device[],
  reloaded: Promise<void>,
  bridge: Bridge,
  pipe: MqttPipe,
  events: DurableOutbox | undefined,
  broker: Broker | undefined,
  clock: Clock,
): Promise<void> {
  const closePorts = () => Promise.allSettled(devices().map((device) => device.close()))
  // One that a reload has started meanwhile is closed as well.
  const ports = Promise.allSettled([closePorts(), reloaded.then(closePorts)])
  bridge.retire()
  const all = pipe.close().then(() => Promise.allSettled([ports, events?.close(), broker?.close()]))
  await Promise.race([all, new Promise<void>((resolve) => clock.after(LIMITS.closeMs, resolve))])
}

function connectionSettings(mqtt: MqttConfig, url: string, topics: Topics, broker: Broker | undefined, log: Log) {
  const { user = mqtt.user, password = mqtt.password } = broker?.own ?? {}
  const maxPacketBytes = broker ? LIMITS.brokerPacketBytes : mqtt.maxPacketBytes
  return {
    url,
    version: mqtt.version,
    clientId: mqtt.clientId,
    keepaliveSeconds: mqtt.keepaliveSeconds,
    clean: false,
    will: bridgeWill(topics),
    ...(maxPacketBytes !== undefined && { maxPacketBytes }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(mqtt.tls && { tls: createTlsReader(mqtt.tls, (problem) => log('error', 'portwire:mqtt', problem)) }),
  }
}

function reconnectPause(mqtt: MqttConfig, isEmbedded: boolean) {
  if (isEmbedded) return { reconnectMinMs: LIMITS.embeddedReconnectMs, reconnectMaxMs: LIMITS.embeddedReconnectMs }
  return { reconnectMinMs: mqtt.reconnectMinMs, reconnectMaxMs: mqtt.reconnectMaxMs }
}
