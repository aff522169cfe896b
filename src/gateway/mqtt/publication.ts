/** One message for the broker. */

import { withMember } from '../member.js'

export interface Publication {
  readonly topic: string
  /** Text, or msgpack. */
  readonly payload: string | Uint8Array
  readonly qos: 0 | 1
  readonly retain: boolean
  /** Under MQTT 5 only: 3.1.1 has none of them, so whatever matters is in the payload as well. */
  readonly correlationData?: Buffer
  readonly userProperties?: Readonly<Record<string, string>>
  /** The payload has no id, which is the user property of that name: the member for it where there are no properties. */
  readonly idMember?: IdMember
  /** The payload in its place where it is too long: whoever waits for an answer is told so. */
  readonly ifTooLong?: string | Uint8Array
  /** Seconds after which nobody wants it any more. */
  readonly expirySeconds?: number
}

export type IdMember = 'id' | 'event_id'

/** A message as a connection of that version of MQTT can carry it: an event without its id in the payload would be without any under
 * 3.1.1. Pure. */
export function inVersion(version: 4 | 5, publication: Publication): Publication {
  const { idMember, payload, userProperties } = publication
  const id = userProperties?.['id']
  if (version === 5 || idMember === undefined || id === undefined) return publication
  return { ...publication, payload: withMember(payload, idMember, id) }
}

/** One message from the broker. */
export interface Inbound {
  readonly topic: string
  readonly payload: Buffer
  readonly retain: boolean
  /** Of a QoS 1 message. */
  readonly packetId?: number
  /** DUP: the broker may have sent it before. */
  readonly isAgain: boolean
  /** MQTT 5: where the sender wants its answer, and what to send back with it. */
  readonly responseTopic?: string
  readonly correlationData?: Buffer
  /** MQTT 5: seconds that the message was still good for when it came. */
  readonly expirySeconds?: number
}
