/** SUBSCRIBE and UNSUBSCRIBE over mqtt.js: in packets that any broker takes, and with a refusal that says which topic it is of. */

import type { MqttClient } from 'mqtt'
import { LIMITS } from '../limits.js'

export interface SubscribeOptions {
  /** Default 1. */
  readonly qos?: 0 | 1
  /** Retain As Published (MQTT 5): true, the default, has a message that is published with retain come with it, so that a retained command
   * is known as such also when it is new; false has only those come with it that the broker had kept. */
  readonly isRetainSaid?: boolean
}

/** The broker let this user not hear a topic. */
export class SubscriptionRefusedError extends Error {
  readonly topic: string
  constructor(topic: string, cause: unknown) {
    super(`the broker refused the subscription to ${topic}`, { cause })
    this.topic = topic
  }
}

/** From here on a reason code of MQTT 5, and a return code of 3.1.1, is a failure (sections 2.4 and 3.9.3). */
const FAILURE = 0x80

/** Resolves when the broker has granted all of them.
 * @throws SubscriptionRefusedError */
export async function subscribe(
  client: MqttClient,
  topics: readonly string[],
  { qos = 1, isRetainSaid = true }: SubscribeOptions = {},
): Promise<void> {
  await Promise.all(
    inPackets(topics).map((part) =>
      client
        .subscribeAsync(Object.fromEntries(part.map((topic) => [topic, { qos, rap: isRetainSaid }])))
        .catch((error: unknown) => {
          throw refusalIn(part, error) ?? error
        }),
    ),
  )
}

/** Resolves when the broker has forgotten them. */
export async function unsubscribe(client: MqttClient, topics: readonly string[]): Promise<void> {
  await Promise.all(inPackets(topics).map((part) => client.unsubscribeAsync([...part])))
}

/** All filters in one packet can be more than a broker takes. */
function inPackets(topics: readonly string[]): (readonly string[])[] {
  const parts = []
  for (let at = 0; at < topics.length; at += LIMITS.subscribeFilters) {
    parts.push(topics.slice(at, at + LIMITS.subscribeFilters))
  }
  return parts
}

/** Undefined where it is not the broker that said no. mqtt.js says neither which one nor what it means. */
function refusalIn(topics: readonly string[], cause: unknown): SubscriptionRefusedError | undefined {
  const granted = (cause as { packet?: { granted?: readonly unknown[] } }).packet?.granted
  const topic = topics.find((_, index) => Number(granted?.[index]) >= FAILURE)
  return topic === undefined ? undefined : new SubscriptionRefusedError(topic, cause)
}
