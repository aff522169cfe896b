/** Commands that come again. A broker sends a QoS 1 message again when its PUBACK was lost with the link, marked DUP; the command
 * has run by then, and running it twice may do harm. So it is run at most once. */

import { createHash } from 'node:crypto'
import type { Inbound } from '../mqtt/publication.js'

/** new: it is to be run. answered: this gateway has taken it, and its answer was or will be sent. unknown: it was sent to an
 * earlier run of the gateway, which may have run it. */
export type Delivery = 'new' | 'answered' | 'unknown'

export interface Redelivery {
  /** A connection begins. @param sessionPresent  the broker has kept the session, and with it what it saw no PUBACK for */
  connected(sessionPresent: boolean): void
  /** Looks at a message, and remembers it as taken. */
  take(inbound: Inbound): Delivery
}

/** @param most  ids that are remembered; an id lives from the message to its PUBACK, so the newest are those that count */
export function createRedelivery(most: number): Redelivery {
  /** By packet id, what was in the message: a broker uses ids again, and a DUP may be of one that never arrived here. */
  const taken = new Map<number, string>()
  /** Until the first message that is new, a DUP may be of the session that an earlier run of the gateway left behind: a broker
   * sends again in the order of before (MQTT-4.6.0-1), so all of those come first. */
  let isInherited: boolean | undefined
  return {
    connected(sessionPresent) {
      isInherited = sessionPresent && (isInherited ?? true)
      if (!sessionPresent) taken.clear()
    },
    take(inbound) {
      const { packetId, isAgain } = inbound
      if (packetId === undefined) return 'new'
      const content = contentOf(inbound)
      if (isAgain && taken.get(packetId) === content) return 'answered'
      taken.delete(packetId)
      taken.set(packetId, content)
      if (taken.size > most) taken.delete(taken.keys().next().value!)
      if (isAgain && isInherited) return 'unknown'
      isInherited = false
      return 'new'
    },
  }
}

function contentOf({ topic, payload, correlationData }: Inbound): string {
  const hash = createHash('sha256').update(topic).update('\0').update(payload)
  if (correlationData) hash.update('\0').update(correlationData)
  return hash.digest('base64')
}
