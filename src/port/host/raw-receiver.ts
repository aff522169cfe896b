/** The bytes of one session of a raw port, in whatever packet mode, as packets. */

import type { Clock } from '../../clock.js'
import { type LinePart, maxPacketContentBytes } from '../../wire/index.js'
import { createRawDecoder, isPrefix, type PacketMode } from './raw-decoder.js'
import { createPacketReceiver } from './raw-packets.js'

export interface RawReceiver {
  push(bytes: Uint8Array): void
  /** The stream is over: what is held is delivered, or dropped and told. */
  end(): void
}

export interface RawReceiverOptions {
  readonly mode: PacketMode
  readonly maxPacketBytes: number
  readonly lossless: boolean
  readonly clock: Clock
  readonly handlers: {
    packet(packet: Uint8Array | LinePart): void
    /** The part of a packet that came was dropped. */
    partial(detail: string): void
    /** Nothing that follows can be read. */
    broken(detail: string): void
  }
}

export function createRawReceiver({ mode, maxPacketBytes, handlers, ...link }: RawReceiverOptions): RawReceiver {
  if (!isPrefix(mode)) {
    const decoder = createRawDecoder(mode)
    return {
      push(bytes) {
        for (const packet of decoder.push(bytes)) handlers.packet(packet)
      },
      end() {
        const { packets, partialBytes } = decoder.end()
        for (const packet of packets) handlers.packet(packet)
        if (partialBytes > 0) handlers.partial(`${partialBytes} bytes of a record`)
      },
    }
  }
  const receiver = createPacketReceiver({
    ...link,
    prefixBytes: mode,
    maxContentBytes: Math.min(maxPacketBytes, maxPacketContentBytes(mode)),
    handlers: {
      content: (bytes) => handlers.packet(new Uint8Array(bytes)), // the decoder's own bytes are soon overwritten
      broken: handlers.broken,
      cut: handlers.partial,
    },
  })
  return {
    push: receiver.push,
    end() {
      const half = receiver.half()
      receiver.close()
      if (half) handlers.partial(half)
    },
  }
}
