/** Between the bytes of a link and the contents of messages: frames on a UART, bare packets on a lossless stream. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { Link } from '../../link/link.js'
import { createDeframer, encodeFrame, frameBytes, type PrefixBytes, writePrefix } from '../../wire/index.js'
import { CONSOLE_IDLE_MS, MAX_CONTENT_TO_HOST_BYTES } from '../limits.js'
import type { PortCounters } from '../types.js'
import { createPacketReceiver, type PacketReceiver } from './raw-packets.js'

export interface TransportHandlers {
  content(bytes: Uint8Array): void
  /** A line of text that came outside of frames, without its line end. */
  console(text: string): void
  /** The stream can no longer be read: a bare prefix never recovers. */
  broken(detail: string): void
  /** Half a bare packet was dropped after a silence; the next byte begins a packet. */
  cut(detail: string): void
}

export interface Transport {
  /** Bytes from the link. */
  push(bytes: Uint8Array): void
  /** Writes one message: action, token where the protocol has one, and value; returns its bytes on the wire. */
  write(link: Pick<Link, 'write'>, action: number, token: number | undefined, value: Uint8Array | undefined): number
  /** Longest wire form of so much content. */
  wireBytes(contentBytes: number): number
  /** What is held of a packet that is not whole, in words. */
  half(): string | undefined
  close(): void
}

export interface TransportOptions {
  /** Frames, or bare packets with a prefix of so many bytes. */
  readonly framing: 'frames' | PrefixBytes
  readonly lossless: boolean
  readonly maxContentBytes?: number
  readonly clock: Clock
  readonly counters: Pick<
    PortCounters,
    'bytesReceived' | 'bytesSent' | 'messagesSent' | 'framesDropped' | 'consoleLines'
  >
  readonly handlers: TransportHandlers
}

export function createTransport(options: TransportOptions): Transport {
  const { counters, framing, maxContentBytes = MAX_CONTENT_TO_HOST_BYTES } = options
  const receiver =
    framing === 'frames'
      ? frameReceiver({ ...options, maxContentBytes })
      : packetReceiver({ ...options, maxContentBytes, prefixBytes: framing })
  return {
    push(bytes) {
      counters.bytesReceived += bytes.length
      receiver.push(bytes)
    },
    write(link, action, token, value) {
      const bytes =
        framing === 'frames' ? encodeFrame(message(0, action, token, value)) : packet(framing, action, token, value)
      link.write(bytes)
      counters.messagesSent += 1
      counters.bytesSent += bytes.length
      return bytes.length
    },
    wireBytes: framing === 'frames' ? frameBytes : (contentBytes) => framing + contentBytes,
    half: receiver.half,
    close: () => receiver.close(),
  }
}

/** The content of a message behind `before` bytes that are still to be written. */
function message(before: number, action: number, token: number | undefined, value: Uint8Array | undefined): Uint8Array {
  const header = before + (token === undefined ? 1 : 2)
  const bytes = new Uint8Array(header + (value?.length ?? 0))
  bytes[before] = action
  if (token !== undefined) bytes[before + 1] = token
  if (value) bytes.set(value, header)
  return bytes
}

function packet(
  prefixBytes: PrefixBytes,
  action: number,
  token: number | undefined,
  value: Uint8Array | undefined,
): Uint8Array {
  const bytes = message(prefixBytes, action, token, value)
  writePrefix(bytes, prefixBytes, bytes.length - prefixBytes)
  return bytes
}

type ReceiverOptions = TransportOptions & { readonly maxContentBytes: number }

function packetReceiver(options: ReceiverOptions & { readonly prefixBytes: PrefixBytes }): PacketReceiver {
  const { handlers, counters } = options
  return createPacketReceiver({
    ...options,
    handlers: {
      ...handlers,
      cut(detail) {
        counters.framesDropped.length += 1
        handlers.cut(detail)
      },
    },
  })
}

function frameReceiver({ handlers, counters, clock, maxContentBytes }: ReceiverOptions): PacketReceiver {
  const deframer = createDeframer({ maxContentBytes })
  let cancelIdle: CancelTimer = () => {}
  let closed = false
  const take = (events: ReturnType<typeof deframer.push>) => {
    for (const event of events) {
      switch (event.kind) {
        case 'content':
          handlers.content(event.bytes)
          break
        case 'console':
          counters.consoleLines += 1
          handlers.console(event.text.replace(/\r?\n$/, ''))
          break
        case 'drop':
          counters.framesDropped[event.reason] += 1
      }
    }
  }
  return {
    push(bytes) {
      cancelIdle()
      take(deframer.push(bytes))
      // What came may have ended the session.
      if (deframer.inRun && !closed) cancelIdle = clock.after(CONSOLE_IDLE_MS, () => take(deframer.idle()))
    },
    // Half a frame is no news: noise may look like one, and the next delimiter counts it.
    half: () => undefined,
    close() {
      closed = true
      cancelIdle()
    },
  }
}
