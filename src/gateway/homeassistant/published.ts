/** The discovery of this gateway at the broker, kept equal to what it should be: new configs are said, components and devices that are
 * no more are taken back. */

import type { MqttPipe } from '../mqtt/pipe.js'
import type { DiscoveryPayload } from './discovery.js'
import { goneComponents } from './stale.js'

/** By name, with the platform of each. */
export type Components = ReadonlyMap<string, string>

export interface Published {
  /** An earlier run has left it at the broker. */
  found(topic: string, components: Components): void
  /** Says what is new and takes back what is gone. */
  sync(): void
}

export interface PublishedOptions {
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest'>
  /** What there should be now, by topic. */
  readonly payloads: () => ReadonlyMap<string, DiscoveryPayload>
  readonly log: (line: string) => void
}

export function createPublished({ pipe, payloads, log }: PublishedOptions): Published {
  /** What the broker has, or will have. */
  const known = new Map<string, Components>()
  const said = new Map<string, string>()
  /** Topics on which components are being removed: whatever changes there meanwhile is said after it. */
  const removing = new Set<string>()

  function sync() {
    const current = payloads()
    for (const topic of [...known.keys()]) if (!current.has(topic)) takeBack(topic)
    for (const [topic, payload] of current) if (!removing.has(topic)) say(topic, payload)
  }

  function takeBack(topic: string) {
    if (removing.has(topic)) return
    known.delete(topic)
    said.delete(topic)
    log(`${topic}: removed, this gateway has no such device any more`)
    pipe.publishLatest({ topic, payload: '', qos: 1, retain: true })
  }

  function say(topic: string, payload: DiscoveryPayload) {
    const gone = goneComponents(known.get(topic), payload.cmps)
    known.set(topic, new Map(Object.entries(payload.cmps).map(([name, { p }]) => [name, p])))
    if (gone) return removeComponents(topic, payload, gone)
    const text = JSON.stringify(payload)
    if (said.get(topic) === text) return
    said.set(topic, text)
    pipe.publishLatest({ topic, payload: text, qos: 1, retain: true })
  }

  /** A component goes when it is named once with nothing but its platform; then it is left out. */
  function removeComponents(topic: string, payload: DiscoveryPayload, gone: DiscoveryPayload['cmps']) {
    removing.add(topic)
    said.delete(topic)
    const text = JSON.stringify({ ...payload, cmps: { ...payload.cmps, ...gone } })
    pipe.publish({ topic, payload: text, qos: 1, retain: true }, () => {
      removing.delete(topic)
      sync()
    })
  }

  return { found: (topic, components) => known.set(topic, components), sync }
}
