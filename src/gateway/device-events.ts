/** What a device says, on its topics: each event as it comes, the state merged from them, and log lines. */

import type { Clock } from '../clock.js'
import type { Event } from '../contract/index.js'
import type { EventMeta } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import { createEventIds } from './event-id.js'
import { createEventJson } from './event-json.js'
import { LIMITS } from './limits.js'
import type { MqttPipe } from './mqtt-pipe.js'
import { type OutboxRecord, publicationOf } from './outbox/record.js'
import type { DurableOutbox } from './outbox/types.js'
import { createPaced } from './paced.js'
import type { Topics } from './topics.js'

export interface DeviceEvents {
  plain(event: Event, value: unknown, meta: EventMeta): void
  /** Resolves when the event is on disk, or after the PUBACK where none is kept there: only then the device may be told to forget the event. */
  reliable(event: Event, value: unknown, meta: EventMeta): Promise<void>
  log(line: { readonly severity: string; readonly message: string; readonly source?: 'console' }): void
  /** Says the merged state now if it is to be said; for the end of the device. */
  flush(): void
}

export interface DeviceEventsOptions {
  readonly config: DeviceConfig
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'publishOnce' | 'publishEvent'>
  /** Where events wait for the broker on disk; undefined: in memory. */
  readonly outbox?: Pick<DurableOutbox, 'append' | 'store'>
  /** Names this run of the gateway: 8 hex digits. */
  readonly run: string
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
  /** For the pace of the merged state. */
  readonly clock: Clock
}

export function createDeviceEvents(options: DeviceEventsOptions): DeviceEvents {
  const { config, topics, pipe, outbox, now } = options
  const { name, retain } = config
  const ids = createEventIds(name, options.run)
  const json = createEventJson()
  const stateTopic = topics.state(name)
  const eventTopics = new Map(
    [...config.contract.events.values()].map((event) => [event, topics.event(name, event.name)]),
  )
  const instant = createInstant(now)
  const state = createPaced(options.clock, LIMITS.stateMs, () =>
    pipe.publishLatest({ topic: stateTopic, payload: json.merged, qos: 1, retain }),
  )

  const recordOf = (event: Event, value: unknown, meta: EventMeta): OutboxRecord => {
    const id = ids(meta)
    const { atMs, at } = instant()
    return {
      device: name,
      atMs,
      topic: eventTopics.get(event) ?? topics.event(name, event.name),
      payload: json.take(event, value, id, at),
      id,
      historicalMember: json.historicalMember(event),
    }
  }

  return {
    plain(event, value, meta) {
      const record = recordOf(event, value, meta)
      if (config.qos === 0) pipe.publishEvent(record.topic, record.payload, record.id)
      else if (outbox) outbox.append(record)
      else pipe.publish(publicationOf(record, false))
      state.ask()
    },
    reliable(event, value, meta) {
      const record = recordOf(event, value, meta)
      const { epoch, number } = meta
      const taken =
        outbox && number !== undefined
          ? outbox.store(record, { epoch, number })
          : new Promise<void>((resolve) => pipe.publish(publicationOf(record, false), resolve))
      state.ask()
      return taken
    },
    log(line) {
      const payload = JSON.stringify({ ...line, at: now().toISOString() })
      pipe.publishOnce({ topic: topics.log(name), payload, qos: 0, retain: false })
    },
    flush: state.flush,
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
