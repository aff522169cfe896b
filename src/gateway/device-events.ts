/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { CancelTimer, Clock } from '../clock.js'
import type { Event } from '../contract/index.js'
import type { EventMeta } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import { createDeviceLog, type DeviceLogLine } from './device-log.js'
import { createEventIds } from './event-id.js'
import { createEventQuota } from './event-quota.js'
import { LIMITS } from './limits.js'
import { createLosses } from './losses.js'
import type { MqttPipe } from './mqtt-pipe.js'
import { fieldsToJson } from './payload.js'
import type { Topics } from './topics.js'

export interface DeviceEvents {
  /** Above the quota of the device it is dropped and counted, and only the merged state tells its values. */
  plain(event: Event, value: unknown, meta: EventMeta): void
  /** Resolves after the PUBACK: only then the device may be told to forget the event. Above the quota it waits for its turn. */
  reliable(event: Event, value: unknown, meta: EventMeta): Promise<void>
  log(line: DeviceLogLine): void
  /** Says what was dropped and not said yet. */
  close(): void
}

export interface DeviceEventsOptions {
  readonly config: DeviceConfig
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce'>
  /** Names this run of the gateway: 8 hex digits. */
  readonly run: string
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
  readonly clock: Clock
  /** So many plain events were above the quota. */
  readonly dropped: (count: number) => void
}

export function createDeviceEvents(options: DeviceEventsOptions): DeviceEvents {
  const { config, topics, pipe, now, clock } = options
  const { name, retain } = config
  const ids = createEventIds(name, options.run)
  /** The latest value of every field of every event: what `portwire/<name>` says. */
  const merged: Record<string, unknown> = {}
  const limits = { eventsPerSecond: LIMITS.eventsPerSecond, burst: LIMITS.eventBurst, ...config.eventQuota }
  const quota = createEventQuota(limits, clock)
  const losses = createLosses<'quota'>({
    clock,
    afterMs: LIMITS.lossesSaidMs,
    say: (_reason, count) => options.dropped(count),
  })
  const lines = createDeviceLog({ topic: topics.log(name), pipe, now, clock })
  let cancelState: CancelTimer | undefined

  const publishState = () => {
    cancelState?.()
    cancelState = undefined
    pipe.publishLatest({ topic: topics.state(name), payload: JSON.stringify(merged), qos: 1, retain })
  }

  const publish = (event: Event, value: unknown, meta: EventMeta, delivered?: () => void) => {
    const fields = fieldsToJson(event.fields, value)
    const id = ids(meta)
    const payload = JSON.stringify({ ...fields, ...eventMembers(fields, id, now()) })
    pipe.publish(
      { topic: topics.event(name, event.name), payload, qos: 1, retain: false, userProperties: { id } },
      delivered,
    )
    Object.assign(merged, fields)
    publishState()
  }

  return {
    plain(event, value, meta) {
      if (quota.admit()) return publish(event, value, meta)
      losses.add('quota')
      Object.assign(merged, fieldsToJson(event.fields, value))
      cancelState ??= clock.after(LIMITS.droppedStateMs, publishState)
    },
    reliable: (event, value, meta) => new Promise((resolve) => quota.turn(() => publish(event, value, meta, resolve))),
    log: lines.say,
    close() {
      quota.close()
      losses.say()
      losses.close()
      lines.close()
      if (cancelState) publishState()
    },
  }
}

/** `id` and `at`; `event_id` and `event_at` where the contract has a field of that name. */
function eventMembers(fields: Readonly<Record<string, unknown>>, id: string, at: Date): Record<string, string> {
  return {
    ['id' in fields ? 'event_id' : 'id']: id,
    ['at' in fields ? 'event_at' : 'at']: at.toISOString(),
  }
}
