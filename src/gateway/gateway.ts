/** The gateway: broker (ours or another), devices, and the topics between them. */

import { randomBytes } from 'node:crypto'
import { type Clock, type Random, systemClock } from '../clock.js'
import { type Bridge, bridgeWill, createBridge, type RequestHandler } from './bridge.js'
import { type Broker, startBroker } from './broker.js'
import { answerTo, parseCommand } from './command.js'
import type { DeviceConfig, GatewayConfig, MqttConfig } from './config.js'
import { configJsonSchema } from './config-schema.js'
import { type Device, type DeviceRow, startDevice } from './device.js'
import { createIntake } from './intake.js'
import { LIMITS } from './limits.js'
import { type Log, silentLog } from './log.js'
import { createMqttPipe, type MqttPipe, type MqttPipeInfo } from './mqtt-pipe.js'
import { openDevicePort } from './open-device-port.js'
import { createMemoryOutbox } from './outbox.js'
import type { Inbound } from './publication.js'
import { type CommandResult, refused, replyPayload } from './reply.js'
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
}

/** Starts everything and returns; broker and devices may come later, both are tried again for as long as it takes.
 * @throws PORT_BUSY  the port of the embedded broker is taken */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const { log: sink = silentLog, clock = systemClock, random = Math.random } = options
  const topics = createTopics(config.mqtt.baseTopic)
  // Log lines go out on MQTT as well, as soon as there is a bridge to send them.
  let bridge: Bridge | undefined
  const log: Log = (level, namespace, message) => {
    sink(level, namespace, message)
    if (level !== 'debug') bridge?.log(level, namespace, message)
  }

  const { server } = config.mqtt
  const broker: Broker | undefined = server.kind === 'embedded' ? await startBroker(server.port, log) : undefined
  const brokerUrl = server.kind === 'embedded' ? `mqtt://127.0.0.1:${broker!.port}` : server.url
  const devices = new Map<string, Device>()
  const intake = createIntake(LIMITS.commands, LIMITS.commandWaitMs, clock)
  let droppedSaid = 0

  const pipe = createMqttPipe({
    settings: connectionSettings(config.mqtt, brokerUrl, topics),
    subscriptions: [topics.bridgeRequests, ...config.devices.map((device) => topics.calls(device.name))],
    outbox: createMemoryOutbox({
      messages: options.outboxMessages ?? LIMITS.outboxMessages,
      bytes: LIMITS.outboxBytes,
    }),
    take: (inbound) => take(inbound),
    changed: ({ connected }) => {
      if (connected) sayDropped()
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
  const { say, devicesChanged, request } = bridge
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
      }),
    )
  }
  devicesChanged()

  function sayDropped() {
    const { full } = pipe.info.dropped
    if (full === droppedSaid) return
    say({ type: 'messages_dropped', data: { count: full - droppedSaid, reason: 'full' } })
    log(
      'warn',
      'portwire:mqtt',
      `${full - droppedSaid} messages were dropped: the queue was full while the broker was away`,
    )
    droppedSaid = full
  }

  /** Resolves when the next packet may be read; the command itself may still run. */
  async function take(inbound: Inbound): Promise<void> {
    const address = topics.parse(inbound.topic)
    if (!address) return
    if (inbound.retain) {
      // Executed again at every start otherwise, long after anybody wanted it.
      log('warn', 'portwire:mqtt', `${inbound.topic}: a retained command is ignored; publish it without retain`)
      return
    }
    if (address.kind === 'request') {
      const classic = topics.bridgeResponse(address.request)
      return inPlace(
        async () => answer(inbound, classic, await request(address.request, inbound.payload)),
        () => answer(inbound, classic, JSON.stringify({ data: {}, error: BUSY, status: 'error' })),
      )
    }
    const device = devices.get(address.device)
    if (!device) return
    const cameAtMs = clock.nowMs()
    const parsed = parseCommand(inbound.payload)
    const transaction = parsed.ok ? parsed.command.transaction : undefined
    const reply = (result: CommandResult) =>
      answer(inbound, topics.response(device.name), replyPayload(result, transaction))
    if (!parsed.ok) return reply(refused(parsed.problem))
    return inPlace(
      async () => {
        const { expirySeconds } = inbound
        const expiresInMs = expirySeconds === undefined ? undefined : expirySeconds * 1_000 - (clock.nowMs() - cameAtMs)
        reply(await device.call(address.action, parsed.command.members, expiresInMs))
      },
      () => reply(refused(BUSY)),
    )
  }

  async function inPlace(work: () => Promise<void>, noPlace: () => void): Promise<void> {
    if (!(await intake.enter())) return noPlace()
    void work().finally(() => intake.leave())
  }

  function answer(inbound: Inbound, classicTopic: string, payload: string) {
    const { publication, problem } = answerTo(inbound, classicTopic, topics.base, payload)
    if (problem) log('warn', 'portwire:mqtt', `${inbound.topic}: ${problem}`)
    pipe.publish(publication)
  }

  let closed: Promise<void> | undefined
  return {
    brokerUrl,
    topics,
    connected: pipe.connected,
    devices: () => [...devices.values()].map((device) => device.row()),
    mqtt: () => pipe.info,
    close() {
      closed ??= closeAll([...devices.values()], bridge!, pipe, broker, clock)
      return closed
    },
  }
}

const BUSY = `too many commands at once (${LIMITS.commands}); nothing was sent`

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

function connectionSettings(mqtt: MqttConfig, url: string, topics: Topics) {
  return {
    url,
    version: mqtt.version,
    clientId: mqtt.clientId,
    keepaliveSeconds: mqtt.keepaliveSeconds,
    clean: false,
    will: bridgeWill(topics),
    ...(mqtt.user !== undefined && { user: mqtt.user }),
    ...(mqtt.password !== undefined && { password: mqtt.password }),
    ...(mqtt.ca !== undefined && { ca: mqtt.ca }),
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
