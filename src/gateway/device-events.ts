/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { CancelTimer, Clock } from '../clock.js'
import type { Contract, Event } from '../contract/index.js'
import type { EventMeta } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import { createDeviceLog, type DeviceLogLine } from './device-log.js'
import { createDeviceQuota, type DeviceQuota, type DeviceQuotaOptions } from './device-quota.js'
import { encodePayload } from './encoding.js'
import { createEventIds } from './event-id.js'
import { LIMITS } from './limits.js'
import type { MqttPipe } from './mqtt-pipe.js'
import { type OutboxRecord, publicationOf } from './outbox/record.js'
import type { DurableOutbox } from './outbox/types.js'
import { fieldsToJson } from './payload.js'
import type { Topics } from './topics.js'

export interface DeviceEvents {
  /** Above the quota of the device it is dropped and counted, and only the merged state tells its values. */
  plain(event: Event, value: unknown, meta: EventMeta): void
  /** Resolves when the event is on disk, or after the PUBACK where none is kept there: only then the device may be told to forget the
   * event. Above the quota it waits for its turn. */
  reliable(event: Event, value: unknown, meta: EventMeta): Promise<void>
  /** Values that were read, for the merged state. */
  merge(fields: Fields): void
  /** Another boot of the device, or the first that is heard of: what the state was is not known any more. */
  forget(): void
  log(line: DeviceLogLine): void
  readonly quota: Pick<DeviceQuota, 'adjust' | 'forget'>
  /** Says what was dropped and not said yet. It may be called again, after the last event. */
  close(): void
}

type Fields = Readonly<Record<string, unknown>>

export interface DeviceEventsOptions extends Pick<DeviceQuotaOptions, 'aboveQuota'> {
  readonly config: DeviceConfig
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce'>
  /** Where events wait for the broker on disk; undefined: in memory. */
  readonly outbox?: Pick<DurableOutbox, 'append' | 'store'>
  /** Names this run of the gateway: 8 hex digits. */
  readonly run: string
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
  readonly clock: Clock
}

export function createDeviceEvents(options: DeviceEventsOptions): DeviceEvents {
  const { config, topics, pipe, outbox, now, clock } = options
  const { name, retain, payload: format = 'json' } = config
  const ids = createEventIds(name, options.run)
  /** The latest value of every field of every event: what `portwire/<name>` says. */
  const merged: Record<string, unknown> = {}
  const quota = createDeviceQuota(options)
  const lines = createDeviceLog({ topic: topics.log(name), pipe, now, clock })
  let cancelState: CancelTimer | undefined

  const publishState = () => {
    cancelState?.()
    cancelState = undefined
    pipe.publishLatest({ topic: topics.state(name), payload: JSON.stringify(merged), qos: 1, retain })
  }

  /** Always JSON: it is what templates read. */
  const merge = (fields: Fields) => {
    Object.assign(merged, fields)
    publishState()
  }

  const recordOf = (event: Event, value: unknown, fields: Fields, meta: EventMeta): OutboxRecord => {
    const id = ids(meta)
    const at = now()
    const said = format === 'json' ? fields : (value as Fields)
    const payload = encodePayload(format, { ...said, ...eventMembers(fields, id, at) })
    const historicalMember = 'historical' in fields ? 'event_historical' : 'historical'
    return { device: name, atMs: at.getTime(), topic: topics.event(name, event.name), payload, id, historicalMember }
  }

  const take = (event: Event, value: unknown, meta: EventMeta): Promise<void> => {
    const fields = fieldsToJson(event.fields, value)
    const record = recordOf(event, value, fields, meta)
    const { epoch, number } = meta
    const taken =
      outbox && number !== undefined
        ? outbox.store(record, { epoch, number })
        : new Promise<void>((resolve) => pipe.publish(publicationOf(record, false), resolve))
    merge(fields)
    return taken
  }

  return {
    plain(event, value, meta) {
      const fields = fieldsToJson(event.fields, value)
      if (!quota.admit()) {
        Object.assign(merged, fields)
        cancelState ??= clock.after(LIMITS.droppedStateMs, publishState)
        return
      }
      const record = recordOf(event, value, fields, meta)
      if (outbox) outbox.append(record)
      else pipe.publish(publicationOf(record, false))
      merge(fields)
    },
    reliable: (event, value, meta) => quota.turn(() => take(event, value, meta)),
    merge,
    forget: () => merge(unknownState(config.contract)),
    log: lines.say,
    quota,
    close() {
      quota.close()
      lines.close()
      if (cancelState) publishState()
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
