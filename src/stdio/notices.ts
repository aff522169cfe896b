/** What the client is told without having asked: in order, bounded, and with what was lost said in its place. */

import { maxPacketContentBytes, type PrefixBytes, type ValueCodec } from '../wire/index.js'
import { createFifo } from './fifo.js'
import { MAX_PACKET_BYTES, MAX_WAITING_NOTICE_BYTES, MAX_WAITING_NOTICES } from './limits.js'
import { TAG, tagged } from './tags.js'

/** Where events were lost: on the line; in the full queue of the board; in front of a client that does not read; or because
 * the client's packets are too short for them. */
export type LostAt = 'line' | 'board' | 'client' | 'packet'

export interface Notices {
  /** Takes what may be lost. Without room it is dropped, counted, and said as soon as there is some. */
  offer(content: Uint8Array): void
  /** Takes what must not be lost; the caller bounds how much of it there is. Resolves when it was written.
   * @returns undefined when it is longer than a packet holds */
  send(content: Uint8Array): Promise<void> | undefined
  lost(count: number, at: LostAt): void
  /** Writes what waits, as far as the client reads. */
  pump(): void
  readonly waiting: number
  /** So many were dropped here. */
  readonly dropped: number
}

export interface NoticesOptions {
  readonly prefixBytes: PrefixBytes
  readonly codec: ValueCodec
  /** Writes one packet's content to the client. */
  readonly write: (content: Uint8Array) => void
  /** False while the client does not read what is written. */
  readonly isReading: () => boolean
}

interface Waiting {
  readonly content: Uint8Array
  written(): void
}

export function createNotices(options: NoticesOptions): Notices {
  const { codec, write, isReading } = options
  /** The tag takes one byte. */
  const maxBytes = Math.min(MAX_PACKET_BYTES, maxPacketContentBytes(options.prefixBytes)) - 1
  const queue = createFifo<Waiting>()
  let waitingBytes = 0
  let dropped = 0
  /** Not said yet. */
  const losses = new Map<LostAt, number>()

  const push = (content: Uint8Array, written = () => {}) => {
    queue.push({ content: tagged(TAG.notice, content), written })
    waitingBytes += content.length
  }
  /** In front of what comes next. */
  const sayLosses = () => {
    for (const [at, count] of losses) push(codec.encode(['lost', count, at]))
    losses.clear()
  }
  const pump = () => {
    while (isReading()) {
      if (queue.length === 0) sayLosses()
      const next = queue.shift()
      if (!next) return
      waitingBytes -= next.content.length - 1
      write(next.content)
      next.written()
    }
  }
  const lost = (count: number, at: LostAt) => {
    losses.set(at, (losses.get(at) ?? 0) + count)
    pump()
  }

  return {
    lost,
    pump,
    offer(content) {
      const fits = content.length <= maxBytes
      if (fits && queue.length < MAX_WAITING_NOTICES && waitingBytes < MAX_WAITING_NOTICE_BYTES) {
        sayLosses()
        push(content)
        pump()
        return
      }
      dropped += 1
      lost(1, fits ? 'client' : 'packet')
    },
    send(content) {
      if (content.length > maxBytes) return undefined
      return new Promise((resolve) => {
        sayLosses()
        push(content, resolve)
        pump()
      })
    },
    get waiting() {
      return queue.length
    },
    get dropped() {
      return dropped
    },
  }
}
