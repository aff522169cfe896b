/** `bridge/health`: how the gateway is, in numbers. */

import type { Clock } from '../clock.js'
import type { DeviceRow } from './device.js'
import type { MqttPipeInfo } from './mqtt-pipe.js'

export interface Health {
  /** Milliseconds until work that was ready got its turn: high when the process is too busy. */
  readonly response_time: number
  readonly uptime_s: number
  readonly memory_bytes: number
  readonly outbox: { readonly records: number; readonly bytes: number }
  readonly mqtt: {
    readonly connected: boolean
    readonly reconnects: number
    /** Messages that will not reach the broker, and log lines that nobody heard. */
    readonly dropped: MqttPipeInfo['dropped']
  }
  readonly devices: Readonly<Record<string, Pick<DeviceRow, 'state' | 'session' | 'restarts'>>>
}

export interface HealthOptions {
  readonly devices: () => readonly DeviceRow[]
  readonly mqtt: () => MqttPipeInfo
  readonly clock: Clock
}

/** Returns what measures the health now; its uptime counts from here. */
export function createHealth({ devices, mqtt, clock }: HealthOptions): () => Promise<Health> {
  const startMs = clock.nowMs()
  return async () => {
    const askedMs = clock.nowMs()
    await new Promise<void>((resolve) => clock.after(0, resolve))
    const nowMs = clock.nowMs()
    const { connected, reconnects, dropped, waiting } = mqtt()
    return {
      response_time: Math.round(nowMs - askedMs),
      uptime_s: Math.round((nowMs - startMs) / 1_000),
      memory_bytes: process.memoryUsage.rss(),
      outbox: { records: waiting.messages, bytes: waiting.bytes },
      mqtt: { connected, reconnects, dropped },
      devices: Object.fromEntries(
        devices().map(({ name, state, session, restarts }) => [name, { state, session, restarts }]),
      ),
    }
  }
}
