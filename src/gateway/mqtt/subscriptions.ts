/** The subscriptions of commands, without which nobody is told that the gateway is online. They may change at any time. */

import type { Connection } from './connection.js'

export interface Subscriptions {
  /** Resolves when the broker has granted all that are wanted by then, and has forgotten those that no longer are. */
  grant(connection: Pick<Connection, 'subscribe' | 'unsubscribe'>): Promise<void>
  /** Others are wanted from the next grant on. */
  change(topics: readonly string[]): void
}

export function createSubscriptions(first: readonly string[]): Subscriptions {
  let wanted = first
  /** No longer wanted, and the broker that keeps our session does not know yet. */
  const givenUp = new Set<string>()
  return {
    async grant(connection) {
      let asked: readonly string[]
      do {
        asked = wanted
        await connection.subscribe(asked)
        const over = [...givenUp]
        await connection.unsubscribe(over)
        for (const topic of over) if (!wanted.includes(topic)) givenUp.delete(topic)
      } while (asked !== wanted)
    },
    change(topics) {
      for (const topic of wanted) if (!topics.includes(topic)) givenUp.add(topic)
      for (const topic of topics) givenUp.delete(topic)
      wanted = topics
    },
  }
}
