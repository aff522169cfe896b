/** `bridge/health`: how the gateway is, in numbers. */

import type { Clock } from '../../clock.js'
import type { BrokerInfo } from '../broker/broker.js'
import type { DeviceRow } from '../device/row.js'
import type { MqttPipeInfo } from '../mqtt/pipe.js'
import type { OutboxInfo } from '../outbox/types.js'

export interface Health {
  /** Milliseconds until work that was ready got its turn: high when the process is too busy. */
  readonly response_time: number
  readonly uptime_s: number
  readonly memory_bytes: number
  /** What waits for the broker: events on the disk, with those on their way there as `unstored`, and those that a broker may have
   * forgotten as `unconfirmed`; or all messages, in memory. */
  readonly outbox: { readonly records: number; readonly bytes: number } & Partial<
    Pick<OutboxInfo, 'dropped' | 'quarantined' | 'unconfirmed'> & {
      readonly is_open: boolean
      readonly unstored: number
    }
  >
  readonly mqtt: {
    readonly connected: boolean
    readonly reconnects: number
    /** Messages that will not reach the broker, and log lines that nobody heard. */
    readonly dropped: Readonly<Record<'full' | 'offline' | 'too_long' | 'refused', number>>
    /** In memory: answers, and what the bridge says, and `socket_bytes` that wait in the socket. */
    readonly waiting: Readonly<Record<'messages' | 'bytes' | 'socket_bytes', number>>
  }
  /** The embedded broker: its connections, and what it refused since the start. */
  readonly broker?: BrokerInfo
  readonly devices: Readonly<Record<string, Pick<DeviceRow, 'state' | 'session' | 'restarts'>>>
}

export interface HealthOptions {
  readonly devices: () => readonly DeviceRow[]
  readonly mqtt: () => MqttPipeInfo
  /** Undefined where events wait in memory. */
  readonly outbox: () => OutboxInfo | undefined
  /** Undefined where the broker is another program. */
  readonly broker: () => BrokerInfo | undefined
  readonly clock: Clock
}

/** Returns what measures the health now; its uptime counts from here. */
export function createHealth({ devices, mqtt, outbox, broker, clock }: HealthOptions): () => Promise<Health> {
  const startMs = clock.nowMs()
  return async () => {
    const askedMs = clock.nowMs()
    await new Promise<void>((resolve) => clock.after(0, resolve))
    const nowMs = clock.nowMs()
    const { connected, reconnects, dropped, waiting } = mqtt()
    const { tooLong: too_long, ...lost } = dropped
    const { socketBytes: socket_bytes, ...held } = waiting
    const embedded = broker()
    return {
      response_time: Math.round(nowMs - askedMs),
      uptime_s: Math.round((nowMs - startMs) / 1_000),
      memory_bytes: process.memoryUsage.rss(),
      outbox: outboxOf(outbox(), waiting),
      mqtt: { connected, reconnects, dropped: { ...lost, too_long }, waiting: { ...held, socket_bytes } },
      ...(embedded && { broker: embedded }),
      devices: Object.fromEntries(
        devices().map(({ name, state, session, restarts }) => [name, { state, session, restarts }]),
      ),
    }
  }
}

function outboxOf(durable: OutboxInfo | undefined, inMemory: MqttPipeInfo['waiting']): Health['outbox'] {
  if (!durable) return { records: inMemory.messages, bytes: inMemory.bytes }
  const { events: records, bytes, isOpen, waiting: unstored, dropped, quarantined, unconfirmed } = durable
  return { records, bytes, is_open: isOpen, unstored, dropped, quarantined, unconfirmed }
}
