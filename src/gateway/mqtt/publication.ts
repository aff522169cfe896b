/** One message for the broker. */

export interface Publication {
  readonly topic: string
  /** Text, or msgpack. */
  readonly payload: string | Uint8Array
  readonly qos: 0 | 1
  readonly retain: boolean
  /** Under MQTT 5 only: 3.1.1 has none of them, so whatever matters is in the payload as well. */
  readonly correlationData?: Buffer
  readonly userProperties?: Readonly<Record<string, string>>
  /** Seconds after which nobody wants it any more. */
  readonly expirySeconds?: number
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
