/** The gateway's own topics: state, info, devices, events, log lines, and requests to it. */

import { didYouMean } from '../../contract/file/index.js'
import type { BridgeEvent, Device } from '../device/device.js'
import { isMsgpack } from '../encoding.js'
import type { LogLevel } from '../log.js'
import type { LossReason } from '../mqtt/drops.js'
import type { MqttPipe } from '../mqtt/pipe.js'
import type { Publication } from '../mqtt/publication.js'
import type { OutboxAlarm } from '../outbox/types.js'
import type { ConfigEvent } from '../reload.js'
import type { Topics } from '../topics.js'
import type { Command } from './command.js'
import { parseCommand } from './command.js'
import type { Health } from './health.js'
import { type BridgeRequestOptions, bridgeRequests, type RequestHandler } from './requests.js'
import { jsonWith } from './transaction.js'

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
  health(health: Health): void
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

export interface BridgeOptions extends Pick<BridgeRequestOptions, 'restart' | 'setLogLevel'> {
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce'>
  readonly devices: () => readonly Device[]
  readonly version: string
  readonly shownConfig: () => unknown
  readonly configSchema: unknown
  readonly health: () => Promise<Health>
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

  const info = () => ({
    version: options.version,
    node: process.versions.node,
    config: options.shownConfig(),
    config_schema: options.configSchema,
  })
  const requests: Readonly<Record<string, RequestHandler>> = {
    ...bridgeRequests({ ...options, info }),
    ...options.requests,
  }

  const failed = (problem: string, transaction: Command['transaction']) =>
    jsonWith({ data: {}, error: problem, status: 'error' }, transaction)

  return {
    announce() {
      retained(topics.bridgeState, { state: 'online' })
      retained(topics.bridgeInfo, info())
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
    health(health) {
      retained(topics.bridgeHealth, health)
    },
    log(level, namespace, message) {
      const payload = JSON.stringify({ level, message, namespace })
      pipe.publishOnce({ topic: topics.bridgeLogging, payload, qos: 0, retain: false })
    },
    async request(name, payload) {
      // Answers of the bridge are JSON, which cannot give back every transaction of msgpack.
      if (isMsgpack(payload)) return failed('the payload is not JSON', undefined)
      const parsed = parseCommand(payload)
      if (!parsed.ok) return failed(parsed.problem, parsed.transaction)
      const { command } = parsed
      try {
        const handler = Object.hasOwn(requests, name) ? requests[name] : undefined
        if (!handler) {
          const known = Object.keys(requests)
          throw new Error(`no request named ${name}${didYouMean(name, known) || `; there are: ${known.join(', ')}`}`)
        }
        return jsonWith({ data: await handler(command), status: 'ok' }, command.transaction)
      } catch (error) {
        return failed((error as Error).message, command.transaction)
      }
    },
    refuse(payload, problem) {
      if (isMsgpack(payload)) return failed(problem, undefined)
      const parsed = parseCommand(payload)
      return failed(problem, parsed.ok ? parsed.command.transaction : parsed.transaction)
    },
  }
}
