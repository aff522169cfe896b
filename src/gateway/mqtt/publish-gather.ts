/** PUBLISH packets of QoS 0, put together so that those of one turn leave in one write. They need no packet id and no answer, so
 * nothing of a client's bookkeeping: sections 2.1 and 3.3 of MQTT 3.1.1 and of MQTT 5. */

import { LIMITS } from '../limits.js'
import type { Publication } from './publication.js'

export interface PublishGather {
  /** Takes one of QoS 0, without correlation data and expiry. */
  add(publication: Publication): void
  /** Hands on what is held. */
  flush(): void
  /** Not handed on yet. */
  readonly heldBytes: number
}

/** PUBLISH, QoS 0, not a duplicate; one more for RETAIN. */
const PUBLISH = 0x30
const RETAIN = 0x01
const USER_PROPERTY = '\x26'

/** @param version  of MQTT
 * @param write  called with what `later` or a full buffer lets go
 * @param later  runs what it is given at the end of the turn */
export function createPublishGather(
  version: 4 | 5,
  write: (bytes: Buffer) => void,
  later: (run: () => void) => void = process.nextTick,
): PublishGather {
  /** One character a byte. */
  let held = ''
  let isFlushDue = false
  let lastTopic = ''
  let lastTopicText = ''

  const flush = () => {
    isFlushDue = false
    if (held === '') return
    const bytes = Buffer.from(held, 'latin1')
    held = ''
    write(bytes)
  }

  return {
    add({ topic, payload, retain, userProperties }) {
      if (topic !== lastTopic) {
        lastTopic = topic
        lastTopicText = lengthAndBytes(topic)
      }
      let properties = ''
      if (version === 5) {
        for (const name in userProperties) {
          properties += USER_PROPERTY + lengthAndBytes(name) + lengthAndBytes(userProperties[name]!)
        }
        properties = varint(properties.length) + properties
      }
      const body = bytesOf(payload)
      const length = lastTopicText.length + properties.length + body.length
      held +=
        String.fromCharCode(retain ? PUBLISH | RETAIN : PUBLISH) + varint(length) + lastTopicText + properties + body
      if (held.length >= LIMITS.gatherBytes) flush()
      else if (!isFlushDue) {
        isFlushDue = true
        later(flush)
      }
    },
    flush,
    get heldBytes() {
      return held.length
    },
  }
}

/** One character a byte, text as UTF-8; what is ASCII, and most is, stays as it is. */
function bytesOf(text: string | Uint8Array): string {
  if (typeof text !== 'string') return Buffer.from(text).toString('latin1')
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1')
}

function lengthAndBytes(text: string): string {
  const bytes = bytesOf(text)
  return String.fromCharCode(bytes.length >> 8, bytes.length & 0xff) + bytes
}

/** Variable byte integer, section 1.5.5 of MQTT 5: seven bits a byte, the lowest first. */
function varint(value: number): string {
  if (value < 0x80) return String.fromCharCode(value)
  return String.fromCharCode((value & 0x7f) | 0x80) + varint(value >> 7)
}
