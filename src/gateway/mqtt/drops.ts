/** Messages that will not reach the broker: counted, logged once for each reason and topic, and said. */

import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import { isSurelyWithin, packetBytes } from './packet-size.js'
import type { Publication } from './publication.js'

/** Why a message is lost for good. full: no room while it waited. offline: one of QoS 0, and the broker was away. too_long: the broker
 * does not take packets of that length. refused: the broker has said no to it, as by its access list. */
export type LossReason = 'full' | 'offline' | 'too_long' | 'refused'

export interface Drops {
  /** @param problem  for the log: why */
  drop(reason: Exclude<LossReason, 'offline'>, topic: string, problem: string): void
  /** An event that came while the broker was away. It can be said when the broker is back. */
  missed(topic: string): void
  /** A log line or the like that came while the broker was away or slow, which is only counted. */
  unheard(): void
  /** The broker is back. */
  sayMissed(): void
  /** False, and dropped, where it is longer than we or the broker take. @param brokerBytes  default: only we count */
  fits(publication: Publication, brokerBytes?: number): boolean
  /** The same with what is sent: the message, what it has for that case in its place, or nothing. */
  fitting(publication: Publication, brokerBytes?: number): Publication | undefined
  readonly counts: Readonly<Record<LossReason, number>>
}

/** @param said  told of everything but what is only counted; `count` default 1 */
export function createDrops(log: Log, said: (reason: LossReason, topic: string, count?: number) => void): Drops {
  const counts = { full: 0, offline: 0, too_long: 0, refused: 0 }
  const logged = new Set<string>()
  /** Counted, and another sent in their place: after a reconnect they may come again. */
  const replaced = new WeakSet<Publication>()
  let missed = { topic: '', count: 0 }

  const drop = (reason: Exclude<LossReason, 'offline'>, topic: string, problem: string) => {
    counts[reason] += 1
    const line = `${reason} ${topic}`
    if (!logged.has(line) && logged.size < LIMITS.topicsSaid) {
      logged.add(line)
      log('error', 'portwire:mqtt', `${topic}: dropped, ${problem}`)
    }
    said(reason, topic)
  }

  const fits = (publication: Publication, brokerBytes?: number): boolean => {
    const limit = limitOf(brokerBytes)
    if (isSurelyWithin(publication, limit)) return true
    const bytes = packetBytes(publication)
    if (bytes <= limit) return true
    drop('too_long', publication.topic, `${bytes} bytes are too long, at most ${limit} are taken`)
    return false
  }

  return {
    drop,
    missed(topic) {
      counts.offline += 1
      missed = { topic, count: missed.count + 1 }
    },
    unheard() {
      counts.offline += 1
    },
    sayMissed() {
      if (missed.count > 0) said('offline', missed.topic, missed.count)
      missed = { topic: '', count: 0 }
    },
    fits,
    fitting(publication, brokerBytes) {
      if (!replaced.has(publication) && fits(publication, brokerBytes)) return publication
      const { ifTooLong, ...rest } = publication
      if (ifTooLong === undefined) return undefined
      replaced.add(publication)
      const short = { ...rest, payload: ifTooLong }
      return packetBytes(short) <= limitOf(brokerBytes) ? short : undefined
    },
    counts,
  }
}

function limitOf(brokerBytes = Number.POSITIVE_INFINITY): number {
  return Math.min(LIMITS.publishBytes, brokerBytes)
}
