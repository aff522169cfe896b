/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { Event } from '../contract/index.js'
import type { EventMeta } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import { createEventIds } from './event-id.js'
import type { MqttPipe } from './mqtt-pipe.js'
import { type OutboxRecord, publicationOf } from './outbox/record.js'
import type { DurableOutbox } from './outbox/types.js'
import { fieldsToJson } from './payload.js'
import type { Topics } from './topics.js'

export interface DeviceEvents {
  plain(event: Event, value: unknown, meta: EventMeta): void
  /** Resolves when the event is on disk, or after the PUBACK where none is kept there: only then the device may be told to forget the event. */
  reliable(event: Event, value: unknown, meta: EventMeta): Promise<void>
  log(line: { readonly severity: string; readonly message: string; readonly source?: 'console' }): void
}

export interface DeviceEventsOptions {
  readonly config: DeviceConfig
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce'>
  /** Where events wait for the broker on disk; undefined: in memory. */
  readonly outbox?: Pick<DurableOutbox, 'append' | 'store'>
  /** Names this run of the gateway: 8 hex digits. */
  readonly run: string
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
}

export function createDeviceEvents(options: DeviceEventsOptions): DeviceEvents {
  const { config, topics, pipe, outbox, now } = options
  const { name, retain } = config
  const ids = createEventIds(name, options.run)
  /** The latest value of every field of every event: what `portwire/<name>` says. */
  const merged: Record<string, unknown> = {}

  const latest = (fields: Readonly<Record<string, unknown>>) => {
    Object.assign(merged, fields)
    pipe.publishLatest({ topic: topics.state(name), payload: JSON.stringify(merged), qos: 1, retain })
  }

  const recordOf = (event: Event, fields: Readonly<Record<string, unknown>>, meta: EventMeta): OutboxRecord => {
    const id = ids(meta)
    const at = now()
    const payload = JSON.stringify({ ...fields, ...eventMembers(fields, id, at) })
    const historicalMember = 'historical' in fields ? 'event_historical' : 'historical'
    return { device: name, atMs: at.getTime(), topic: topics.event(name, event.name), payload, id, historicalMember }
  }

  return {
    plain(event, value, meta) {
      const fields = fieldsToJson(event.fields, value)
      const record = recordOf(event, fields, meta)
      if (outbox) outbox.append(record)
      else pipe.publish(publicationOf(record, false))
      latest(fields)
    },
    reliable(event, value, meta) {
      const fields = fieldsToJson(event.fields, value)
      const record = recordOf(event, fields, meta)
      const { epoch, number } = meta
      const taken =
        outbox && number !== undefined
          ? outbox.store(record, { epoch, number })
          : new Promise<void>((resolve) => pipe.publish(publicationOf(record, false), resolve))
      latest(fields)
      return taken
    },
    log(line) {
      const payload = JSON.stringify({ ...line, at: now().toISOString() })
      pipe.publishOnce({ topic: topics.log(name), payload, qos: 0, retain: false })
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
