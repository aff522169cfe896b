/** Who hears what of a port: listeners of plain events, consumers of reliable ones, watchers of everything else. */

import type { Contract, Event } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import { MAX_UNFINISHED_EVENTS } from '../limits.js'
import type { ConsumeOptions, EventMeta, PortNotice } from '../types.js'
import { createWatchers, isolated, type Watchers } from './watchers.js'

type Listener = (value: unknown, meta: EventMeta) => void | Promise<void>

export interface Subscriptions extends Watchers<PortNotice> {
  on(eventName: string, listener: Listener): () => void
  /** @throws ARGUMENT_INVALID  no reliable event of this name, it has a consumer, or `ahead` is out of range */
  consume(eventName: string, consumer: Listener, options?: ConsumeOptions): () => void
  plain(event: Event, value: unknown, meta: EventMeta): void
  reliable(event: Event, value: unknown, meta: EventMeta): void | Promise<void>
  /** Of the consumer of this event; 1 when it has none. */
  ahead(event: Event): number
  /** Plain events with a listener, for BIND at the start of a session. */
  heard(): Event[]
}

/** @param changed somebody listens to this plain event now, or nobody does any more */
export function createSubscriptions(contract: Contract, changed: (event: Event, on: boolean) => void): Subscriptions {
  const listeners = new Map<string, Set<Listener>>()
  const consumers = new Map<string, { readonly consumer: Listener; readonly ahead: number }>()
  const watchers = createWatchers<PortNotice>()

  const eventOf = (eventName: string, reliable: boolean): Event => {
    const event = contract.events.get(eventName)
    if (!event) {
      const known = [...contract.events.keys()].join(', ')
      throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no event ${eventName}; it has: ${known}`)
    }
    if (event.acknowledged === reliable) return event
    const cure = event.acknowledged ? 'is reliable: take it with consume()' : 'is plain: hear it with on()'
    throw new PortwireError('ARGUMENT_INVALID', `event ${eventName} ${cure}`)
  }

  return {
    watch: watchers.watch,
    notify: watchers.notify,
    get count() {
      return watchers.count
    },
    on(eventName, listener) {
      const event = eventOf(eventName, false)
      const set = listeners.get(eventName) ?? new Set()
      listeners.set(eventName, set)
      const own: Listener = (value, meta) => listener(value, meta) // its own identity: registered twice is heard twice
      set.add(own)
      if (set.size === 1) changed(event, true)
      return () => {
        if (set.delete(own) && set.size === 0) changed(event, false)
      }
    },
    consume(eventName, consumer, { ahead = 1 } = {}) {
      eventOf(eventName, true)
      if (!Number.isInteger(ahead) || ahead < 1 || ahead > MAX_UNFINISHED_EVENTS) {
        throw new PortwireError(
          'ARGUMENT_INVALID',
          `ahead: ${ahead} is not a whole number of 1 to ${MAX_UNFINISHED_EVENTS}`,
        )
      }
      if (consumers.has(eventName)) {
        throw new PortwireError('ARGUMENT_INVALID', `event ${eventName} has a consumer already: end that one first`)
      }
      const own = { consumer, ahead }
      consumers.set(eventName, own)
      return () => {
        if (consumers.get(eventName) === own) consumers.delete(eventName)
      }
    },
    plain(event, value, meta) {
      for (const listener of [...(listeners.get(event.name) ?? [])]) isolated(() => listener(value, meta))
    },
    reliable: (event, value, meta) => consumers.get(event.name)?.consumer(value, meta),
    ahead: (event) => consumers.get(event.name)?.ahead ?? 1,
    heard: () => [...contract.events.values()].filter((event) => (listeners.get(event.name)?.size ?? 0) > 0),
  }
}
