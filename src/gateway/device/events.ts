/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { Clock } from '../../clock.js'
import type { Event } from '../../contract/index.js'
import type { EventMeta } from '../../port/index.js'
import { encodePayload } from '../encoding.js'
import { LIMITS } from '../limits.js'
import type { MqttPipe } from '../mqtt/pipe.js'
import { type OutboxRecord, publicationOf } from '../outbox/record.js'
import type { DurableOutbox } from '../outbox/types.js'
import { createPaced } from '../paced.js'
import type { Topics } from '../topics.js'
import type { DeviceConfig } from './config.js'
import { createEventIds } from './event-id.js'
import { createEventJson } from './event-json.js'
import { createDeviceLog, type DeviceLogLine } from './log.js'
import { createDeviceQuota, type DeviceQuota, type DeviceQuotaOptions } from './quota.js'
import { createUnfinished } from './unfinished.js'

export interface DeviceEvents {
  /** Above the quota of the device it is dropped and counted, and only the merged state tells its values. */
  plain(event: Event, value: unknown, meta: EventMeta): void
  /** Resolves when the event is on disk, or after the PUBACK where none is kept there: only then the device may be told to forget the
   * event. Above the quota it waits for its turn. */
  reliable(event: Event, value: unknown, meta: EventMeta): Promise<void>
  /** Values that were read, as JSON has them, for the merged state. @param notFinite  names of those that are NaN or an infinity */
  merge(fields: Readonly<Record<string, unknown>>, notFinite?: readonly string[]): void
  /** Another boot of the device, or the first that is heard of: what the state was is not known any more. */
  forget(): void
  log(line: DeviceLogLine): void
  adjust: DeviceQuota['adjust']
  /** The port is another: events that wait for their turn come again. */
  restarted(): void
  /** Says the merged state, and what was dropped, if they are not said yet. It may be called again, after the last event. */
  close(): void
}

export interface DeviceEventsOptions extends Pick<DeviceQuotaOptions, 'aboveQuota'> {
  readonly config: DeviceConfig
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishEvent' | 'publishLatest' | 'publishOnce'>
  /** Where events wait for the broker on disk; undefined: in memory. */
  readonly outbox?: Pick<DurableOutbox, 'append' | 'store'>
  /** Names this start of the device by the gateway: 8 hex digits. */
  readonly run: string
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
  readonly clock: Clock
}

export function createDeviceEvents(options: DeviceEventsOptions): DeviceEvents {
  const { config, topics, pipe, outbox, now, clock } = options
  const { name, retain, payload: format = 'json' } = config
  const ids = createEventIds(name, options.run)
  const isIdApart = config.id === 'property'
  const json = createEventJson(isIdApart)
  const stateTopic = topics.state(name)
  const eventTopics = new Map(
    [...config.contract.events.values()].map((event) => [event, topics.event(name, event.name)]),
  )
  const instant = createInstant(now)
  const quota = createDeviceQuota(options)
  const unfinished = createUnfinished()
  const lines = createDeviceLog({ topic: topics.log(name), pipe, now, clock })
  // Always JSON: it is what templates read.
  const state = createPaced(clock, LIMITS.stateMs, () =>
    pipe.publishLatest({ topic: stateTopic, payload: json.merged, qos: 1, retain }),
  )

  /** Takes the values into the merged state too. */
  const recordOf = (event: Event, value: unknown, meta: EventMeta): OutboxRecord => {
    const id = ids(meta)
    const { atMs, at } = instant()
    let payload: string | Uint8Array = json.take(event, value, id, at)
    if (format !== 'json') {
      payload = encodePayload(format, { ...(value as object), ...json.members(event, id, at) })
    }
    return {
      device: name,
      atMs,
      topic: eventTopics.get(event) ?? topics.event(name, event.name),
      payload,
      id,
      historicalMember: json.historicalMember(event),
      ...(isIdApart && { idMember: json.idMember(event) }),
    }
  }

  const take = (event: Event, value: unknown, meta: EventMeta): Promise<void> => {
    const record = recordOf(event, value, meta)
    const { epoch, number } = meta
    const taken =
      outbox && number !== undefined
        ? outbox.store(record, { epoch, number })
        : new Promise<void>((resolve) => pipe.publish(publicationOf(record, false), resolve))
    state.ask()
    return taken
  }

  return {
    plain(event, value, meta) {
      if (quota.admit()) {
        const record = recordOf(event, value, meta)
        if (config.qos === 0) pipe.publishEvent(record.topic, record.payload, record.id, record.idMember)
        else if (outbox) outbox.append(record)
        else pipe.publish(publicationOf(record, false))
      } else json.merge(event, value)
      state.ask()
    },
    reliable: (event, value, meta) =>
      unfinished.once(meta.id, (begun) =>
        quota.turn(() => {
          begun()
          return take(event, value, meta)
        }),
      ),
    merge(fields, notFinite) {
      json.set(fields, notFinite)
      state.ask()
    },
    forget() {
      // Null is said, and not nothing: a consumer keeps what it was not told to forget.
      const fields = [...config.contract.events.values()].flatMap((event) => event.fields)
      json.set(Object.fromEntries(fields.map((field) => [field.name, null])))
      state.ask()
    },
    log: lines.say,
    adjust: quota.adjust,
    restarted() {
      quota.forget()
      unfinished.forget()
    },
    close() {
      quota.close()
      unfinished.forget()
      lines.close()
      state.flush()
    },
  }
}

/** The wall clock, its text made once a millisecond. */
function createInstant(now: () => Date): () => { readonly atMs: number; readonly at: string } {
  let last = { atMs: Number.NaN, at: '' }
  return () => {
    const date = now()
    const atMs = date.getTime()
    if (atMs !== last.atMs) last = { atMs, at: date.toISOString() }
    return last
  }
}
