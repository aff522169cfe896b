/** Subscriptions besides those of commands: for what others say, which nobody waits for. One that the broker refuses is logged, and no
 * reason to give up the connection. */

import type { Log } from '../log.js'
import type { Connection } from './connection.js'

export interface FurtherSubscriptions {
  add(topic: string): void
  remove(topic: string): void
  /** A connection begins. */
  connected(): void
}

/** @param connection  that of the moment; undefined while there is none */
export function createFurtherSubscriptions(
  connection: () => Pick<Connection, 'subscribe' | 'unsubscribe'> | undefined,
  log: Log,
): FurtherSubscriptions {
  const topics = new Set<string>()

  function subscribe(topic: string) {
    const to = connection()
    // QoS 0: nothing of it is worth keeping for a gateway that is away, and aedes drops a client that unsubscribes while a
    // QoS 1 message is on its way ("no such packet").
    // What is retained is known already; what is new counts, also where its publisher retains it.
    to?.subscribe([topic], { qos: 0, isRetainSaid: false }).catch((error: Error) => {
      if (to === connection()) log('warn', 'portwire:mqtt', `${topic}: no subscription: ${error.message}`)
    })
  }

  return {
    add(topic) {
      topics.add(topic)
      subscribe(topic)
    },
    remove(topic) {
      topics.delete(topic)
      // A connection that ends first has ended the subscription too.
      connection()
        ?.unsubscribe([topic])
        .catch(() => {})
    },
    connected() {
      for (const topic of topics) subscribe(topic)
    },
  }
}
