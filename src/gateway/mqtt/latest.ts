/** Topics of which only the latest value counts: states and availability. A value that was not sent yet is replaced by the
 * next one, so this holds one message a topic however long the broker is away; and all of them are said again (births)
 * after the broker may have forgotten them. */

import type { Publication } from './publication.js'

export interface Latest {
  set(publication: Publication): void
  /** Removes and returns one that waits to be sent; undefined when none does or all that do are on the wire already. */
  take(): Publication | undefined
  /** The broker has what `take` gave for this topic. */
  acknowledge(topic: string): void
  /** The link is gone or new: what was on the wire, and every retained value, waits to be sent again. */
  restart(): void
  /** Every value waits to be sent again, those that are not retained too: somebody new listens. */
  again(): void
  /** True when every value is with the broker. */
  readonly settled: boolean
}

export function createLatest(): Latest {
  const values = new Map<string, Publication>()
  const waiting = new Set<string>()
  const onTheWire = new Set<string>()
  return {
    set(publication) {
      values.set(publication.topic, publication)
      waiting.add(publication.topic)
    },
    take() {
      for (const topic of waiting) {
        // One of a topic at a time: a resend must not bring an older value after a newer one.
        if (onTheWire.has(topic)) continue
        waiting.delete(topic)
        onTheWire.add(topic)
        return values.get(topic)
      }
      return undefined
    },
    acknowledge(topic) {
      onTheWire.delete(topic)
      // An empty payload has cleared the topic: there is nothing to say again.
      if (!waiting.has(topic) && values.get(topic)?.payload === '') values.delete(topic)
    },
    restart() {
      // The broker may not have it.
      for (const topic of onTheWire) waiting.add(topic)
      onTheWire.clear()
      for (const [topic, { retain }] of values) if (retain) waiting.add(topic)
    },
    again() {
      for (const topic of values.keys()) waiting.add(topic)
    },
    get settled() {
      return waiting.size === 0 && onTheWire.size === 0
    },
  }
}
