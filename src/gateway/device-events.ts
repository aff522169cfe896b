/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { Contract, Event } from '../contract/index.js'
import type { EventMeta } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import { encodePayload } from './encoding.js'
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
  /** Values that were read, for the merged state. */
  merge(fields: Fields): void
  /** Another boot of the device, or the first that is heard of: what the state was is not known any more. */
  forget(): void
  log(line: { readonly severity: string; readonly message: string; readonly source?: 'console' }): void
}

type Fields = Readonly<Record<string, unknown>>

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
  const { name, retain, payload: format = 'json' } = config
  const ids = createEventIds(name, options.run)
  /** The latest value of every field of every event: what `portwire/<name>` says. */
  const merged: Record<string, unknown> = {}

  /** Always JSON: it is what templates read. */
  const merge = (fields: Fields) => {
    Object.assign(merged, fields)
    pipe.publishLatest({ topic: topics.state(name), payload: JSON.stringify(merged), qos: 1, retain })
  }

  const recordOf = (event: Event, value: unknown, fields: Fields, meta: EventMeta): OutboxRecord => {
    const id = ids(meta)
    const at = now()
    const said = format === 'json' ? fields : (value as Fields)
    const payload = encodePayload(format, { ...said, ...eventMembers(fields, id, at) })
    const historicalMember = 'historical' in fields ? 'event_historical' : 'historical'
    return { device: name, atMs: at.getTime(), topic: topics.event(name, event.name), payload, id, historicalMember }
  }

  return {
    plain(event, value, meta) {
      const fields = fieldsToJson(event.fields, value)
      const record = recordOf(event, value, fields, meta)
      if (outbox) outbox.append(record)
      else pipe.publish(publicationOf(record, false))
      merge(fields)
    },
    reliable(event, value, meta) {
      const fields = fieldsToJson(event.fields, value)
      const record = recordOf(event, value, fields, meta)
      const { epoch, number } = meta
      const taken =
        outbox && number !== undefined
          ? outbox.store(record, { epoch, number })
          : new Promise<void>((resolve) => pipe.publish(publicationOf(record, false), resolve))
      merge(fields)
      return taken
    },
    merge,
    forget: () => merge(unknownState(config.contract)),
    log(line) {
      const payload = JSON.stringify({ ...line, at: now().toISOString() })
      pipe.publishOnce({ topic: topics.log(name), payload, qos: 0, retain: false })
    },
  }
}

/** Null is said, and not nothing: a consumer keeps what it was not told to forget. */
function unknownState(contract: Contract): Readonly<Record<string, null>> {
  const fields = [...contract.events.values()].flatMap((event) => event.fields)
  return Object.fromEntries(fields.map(({ name }) => [name, null]))
}

/** `id` and `at`; `event_id` and `event_at` where the contract has a field of that name. */
function eventMembers(fields: Fields, id: string, at: Date): Record<string, string> {
  return {
    ['id' in fields ? 'event_id' : 'id']: id,
    ['at' in fields ? 'event_at' : 'at']: at.toISOString(),
  }
}
