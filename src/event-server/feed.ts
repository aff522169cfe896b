/** Events of a port for any number of listeners: each event is encoded once, whoever hears it, and the port is told to
 * send it as long as anybody does. */

import type { Contract, ContractDefinition, Event } from '../contract/index.js'
import { isThenable } from '../deferred.js'
import { PortwireError } from '../errors.js'
import type { EventMeta, Port } from '../port/index.js'
import { createValueCodec } from '../wire/index.js'
import { SENT_EVENT_LIMITS } from './limits.js'

/** Where events come from: a Port, or what stands for one. */
export interface EventSource {
  on(event: string, listener: (value: unknown, meta: EventMeta) => void): () => void
  consume(event: string, consumer: (value: unknown, meta: EventMeta) => void | Promise<void>): () => void
}

/** The msgpack array `[name, values..., id]`: the values by position as the contract lists them; the id of a reliable event is
 * `device:epoch:number`, that of a plain one counts the events of that name from 0. Made when it is first asked for; the
 * bytes are valid until the listener returns.
 * @throws RangeError, TypeError  the values are beyond a limit of SENT_EVENT_LIMITS, or nothing that msgpack can say */
export type EventContent = () => Uint8Array

/** What it returns is waited for before a reliable event is acknowledged. */
export type FeedListener = (event: Event, content: EventContent) => void | Promise<void>

export interface EventFeed {
  readonly contract: Contract
  /** Hears one event from now on. Returns how to stop; the last one to stop ends the binding at the device.
   * @throws ARGUMENT_INVALID  a reliable event that has a consumer already, outside of this feed */
  listen(event: Event, listener: FeedListener): () => void
  /** How many events were put into bytes. */
  readonly encoded: number
}

/** The events of a port, for event servers.
 * @param contract  that of the port */
export function createEventFeed<C extends ContractDefinition>(
  port: Pick<Port<C>, 'on' | 'consume'>,
  contract: Contract<C>,
): EventFeed {
  return createFeed(port as EventSource, contract as unknown as Contract)
}

/** A feed of `source`. The reliable events that are listened to have their one consumer in it.
 * @param contract  that of the source */
export function createFeed(source: EventSource, contract: Contract): EventFeed {
  const codec = createValueCodec({}, { sentLimits: SENT_EVENT_LIMITS })
  const bindings = new Map<string, Binding>()
  /** Plain events so far, by name: a subscriber that comes back sees what it has missed. */
  const counts = new Map<string, number>()
  let encoded = 0

  const heard = (event: Event, listeners: ReadonlySet<FeedListener>, value: unknown, meta: EventMeta) => {
    const id = meta.id ?? take(counts, event.name)
    let bytes: Uint8Array | undefined
    const content = () => {
      if (!bytes) {
        bytes = codec.encodeShared([event.name, ...valuesOf(event, value), id])
        encoded += 1
      }
      return bytes
    }
    const waiting: PromiseLike<unknown>[] = []
    for (const listener of listeners) {
      const result = listener(event, content)
      if (isThenable(result)) waiting.push(result)
    }
    return waiting.length > 0 ? Promise.all(waiting).then(() => {}) : undefined
  }

  const bind = (event: Event): Binding => {
    const listeners = new Set<FeedListener>()
    const stop = event.acknowledged
      ? source.consume(event.name, (value, meta) => heard(event, listeners, value, meta))
      : source.on(event.name, (value, meta) => void heard(event, listeners, value, meta))
    return { listeners, stop }
  }

  return {
    contract,
    listen(event, listener) {
      const binding = bindings.get(event.name) ?? bind(event)
      bindings.set(event.name, binding)
      const own: FeedListener = (heardEvent, content) => listener(heardEvent, content)
      binding.listeners.add(own)
      return () => {
        if (!binding.listeners.delete(own) || binding.listeners.size > 0) return
        bindings.delete(event.name)
        binding.stop()
      }
    },
    get encoded() {
      return encoded
    },
  }
}

interface Binding {
  readonly listeners: Set<FeedListener>
  stop(): void
}

function take(counts: Map<string, number>, name: string): number {
  const count = counts.get(name) ?? 0
  counts.set(name, count + 1)
  return count
}

/** By position, in the order of the contract. */
function valuesOf(event: Event, value: unknown): readonly unknown[] {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>
  return event.fields.map((field) => fields[field.name] ?? null)
}

/** The events of these names; `ALL` is every one.
 * @throws ARGUMENT_INVALID  no names, or one that the contract does not have */
export function eventsNamed(contract: Contract, names: readonly string[]): readonly Event[] {
  if (names.length === 0) throw new PortwireError('ARGUMENT_INVALID', 'events: at least one name, or ALL')
  if (names.includes('ALL')) return [...contract.events.values()]
  return names.map((name) => {
    const event = contract.events.get(name)
    if (event) return event
    const known = [...contract.events.keys()].join(', ') || 'none'
    throw new PortwireError('ARGUMENT_INVALID', `events: ${contract.name} has no event ${name}; it has: ${known}`)
  })
}
