/** Who hears what of a port: listeners of plain events, consumers of reliable ones, watchers of everything else. */

import type { Contract, Event } from '../../contract/index.js'
import { isThenable } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import type { EventMeta, PortNotice } from '../types.js'

type Listener = (value: unknown, meta: EventMeta) => void | Promise<void>

/** What a listener throws is its author's to see, as any uncaught error is, but it must not reach the port: bytes of the
 * line, states and other listeners go on. */
function isolated(run: () => unknown): void {
  const uncaught = (error: unknown) =>
    queueMicrotask(() => {
      throw error
    })
  try {
    const result = run()
    if (isThenable(result)) result.then(undefined, uncaught)
  } catch (error) {
    uncaught(error)
  }
}

export interface Subscriptions {
  on(eventName: string, listener: Listener): () => void
  consume(eventName: string, consumer: Listener): () => void
  watch(watcher: (notice: PortNotice) => void): () => void
  plain(event: Event, value: unknown, meta: EventMeta): void
  reliable(event: Event, value: unknown, meta: EventMeta): void | Promise<void>
  notify(notice: PortNotice): void
  /** Plain events with a listener, for BIND at the start of a session. */
  heard(): Event[]
}

/** @param changed somebody listens to this plain event now, or nobody does any more */
export function createSubscriptions(contract: Contract, changed: (event: Event, on: boolean) => void): Subscriptions {
  const listeners = new Map<string, Set<Listener>>()
  const consumers = new Map<string, Listener>()
  const watchers = new Set<(notice: PortNotice) => void>()

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
    consume(eventName, consumer) {
      eventOf(eventName, true)
      if (consumers.has(eventName)) {
        throw new PortwireError('ARGUMENT_INVALID', `event ${eventName} has a consumer already: end that one first`)
      }
      consumers.set(eventName, consumer)
      return () => {
        if (consumers.get(eventName) === consumer) consumers.delete(eventName)
      }
    },
    watch(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    plain(event, value, meta) {
      for (const listener of [...(listeners.get(event.name) ?? [])]) isolated(() => listener(value, meta))
    },
    reliable: (event, value, meta) => consumers.get(event.name)?.(value, meta),
    notify(notice) {
      for (const watcher of [...watchers]) isolated(() => watcher(notice))
    },
    heard: () => [...contract.events.values()].filter((event) => (listeners.get(event.name)?.size ?? 0) > 0),
  }
}
