/** The gateway's own topics: state, info, devices, events, log lines, and requests to it. */

import { didYouMean } from '../contract/file/index.js'
import type { Command } from './command.js'
import { parseCommand } from './command.js'
import type { BridgeEvent, Device } from './device.js'
import type { LogLevel } from './log.js'
import type { LossReason, MqttPipe } from './mqtt-pipe.js'
import type { OutboxAlarm } from './outbox/types.js'
import { shownName } from './printable.js'
import type { Publication } from './publication.js'
import type { ConfigEvent } from './reload.js'
import type { Topics } from './topics.js'

/** Answers a request to the gateway with data; what it throws becomes the error of the answer. */
export type RequestHandler = (command: Command) => Promise<Readonly<Record<string, unknown>>>

export interface Bridge {
  /** `online`, with everything that says what this gateway is; again when its config is another. */
  announce(): void
  /** `offline`, on purpose. */
  retire(): void
  /** The list of devices is another than before. */
  devicesChanged(): void
  /** How the outbox on disk is. */
  outboxChanged(alarm: OutboxAlarm): void
  say(event: BridgeEvent | GatewayEvent | ConfigEvent): void
  log(level: LogLevel, namespace: string, message: string): void
  /** Runs a request and returns the payload of the answer. Never rejects. */
  request(name: string, payload: Buffer): Promise<string>
  /** The payload of an answer to a request that is not run. */
  refuse(payload: Buffer, problem: string): string
}

/** Losses are said, never hidden. */
export interface GatewayEvent {
  readonly type: 'messages_dropped'
  readonly data: { readonly count: number; readonly reason: LossReason }
}

export interface BridgeOptions {
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce'>
  readonly devices: () => readonly Device[]
  readonly version: string
  readonly shownConfig: () => unknown
  readonly configSchema: unknown
  /** Requests besides the bridge's own, by their name under `bridge/request/`. */
  readonly requests: Readonly<Record<string, RequestHandler>>
}

/** What the broker says in our place when the gateway is gone without a word. */
export function bridgeWill(topics: Topics): Publication {
  return { topic: topics.bridgeState, payload: JSON.stringify({ state: 'offline' }), qos: 1, retain: true }
}

export function createBridge(options: BridgeOptions): Bridge {
  const { topics, pipe } = options
  const retained = (topic: string, value: unknown) =>
    pipe.publishLatest({ topic, payload: JSON.stringify(value), qos: 1, retain: true })

  const requests: Readonly<Record<string, RequestHandler>> = {
    'device/restart': async ({ members }) => {
      const device = deviceNamed(members['id'], options.devices())
      await device.restart()
      return { id: device.name }
    },
    ...options.requests,
  }

  const failed = (problem: string, transaction: Command['transaction']) =>
    JSON.stringify({
      data: {},
      error: problem,
      status: 'error',
      ...(transaction && { transaction: transaction.value }),
    })

  return {
    announce() {
      retained(topics.bridgeState, { state: 'online' })
      retained(topics.bridgeInfo, {
        version: options.version,
        node: process.versions.node,
        config: options.shownConfig(),
        config_schema: options.configSchema,
      })
    },
    retire() {
      retained(topics.bridgeState, { state: 'offline' })
    },
    devicesChanged() {
      retained(
        topics.bridgeDevices,
        options.devices().map((device) => device.row()),
      )
    },
    outboxChanged(alarm) {
      retained(topics.bridgeOutbox, alarm)
    },
    say(event) {
      pipe.publish({ topic: topics.bridgeEvent, payload: JSON.stringify(event), qos: 1, retain: false })
    },
    log(level, namespace, message) {
      const payload = JSON.stringify({ level, message, namespace })
      pipe.publishOnce({ topic: topics.bridgeLogging, payload, qos: 0, retain: false })
    },
    async request(name, payload) {
      const parsed = parseCommand(payload)
      if (!parsed.ok) return failed(parsed.problem, undefined)
      const { command } = parsed
      try {
        const handler = Object.hasOwn(requests, name) ? requests[name] : undefined
        if (!handler) {
          const known = Object.keys(requests)
          throw new Error(`no request named ${name}${didYouMean(name, known) || `; there are: ${known.join(', ')}`}`)
        }
        const transaction = command.transaction && { transaction: command.transaction.value }
        return JSON.stringify({ data: await handler(command), status: 'ok', ...transaction })
      } catch (error) {
        return failed((error as Error).message, command.transaction)
      }
    },
    refuse(payload, problem) {
      const parsed = parseCommand(payload)
      return failed(problem, parsed.ok ? parsed.command.transaction : undefined)
    },
  }
}

function deviceNamed(id: unknown, devices: readonly Device[]): Device {
  if (typeof id !== 'string') throw new Error('id is missing: the name of a device')
  const device = devices.find(({ name }) => name === id)
  if (device) return device
  const names = devices.map(({ name }) => name)
  throw new Error(
    `no device named ${shownName(id)}${didYouMean(id, names) || `; there are: ${names.join(', ') || 'none'}`}`,
  )
}
