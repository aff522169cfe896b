/** Between the bytes of a link and the contents of messages: frames on a UART, bare packets on a lossless stream. */

import type { CancelTimer, Clock } from '../clock.js'
import type { Link } from '../link/link.js'
import { createDeframer, createPacketDecoder, encodeFrame, encodePacket, frameBytes } from '../wire/index.js'
import { CONSOLE_IDLE_MS, MAX_CONTENT_TO_HOST_BYTES } from './limits.js'
import type { PortCounters } from './types.js'

export interface TransportHandlers {
  content(bytes: Uint8Array): void
  /** A line of text that came outside of frames, without its line end. */
  console(text: string): void
  /** The stream can no longer be read: a bare prefix never recovers. */
  broken(detail: string): void
}

export interface Transport {
  /** Bytes from the link. */
  push(bytes: Uint8Array): void
  /** Writes one message; returns its bytes on the wire. */
  write(link: Link, action: number, token: number, value: Uint8Array | undefined): number
  /** Longest wire form of so much content. */
  wireBytes(contentBytes: number): number
  close(): void
}

export interface TransportOptions {
  readonly lossless: boolean
  readonly maxContentBytes?: number
  readonly clock: Clock
  readonly counters: Pick<
    PortCounters,
    'bytesReceived' | 'bytesSent' | 'messagesSent' | 'framesDropped' | 'consoleLines'
  >
  readonly handlers: TransportHandlers
}

const PREFIX_BYTES = 2

export function createTransport(options: TransportOptions): Transport {
  const { counters } = options
  const receiver = options.lossless ? packetReceiver(options) : frameReceiver(options)
  return {
    push(bytes) {
      counters.bytesReceived += bytes.length
      receiver.push(bytes)
    },
    write(link, action, token, value) {
      const content = new Uint8Array(2 + (value?.length ?? 0))
      content[0] = action
      content[1] = token
      if (value) content.set(value, 2)
      const bytes = options.lossless ? encodePacket(content, PREFIX_BYTES) : encodeFrame(content)
      link.write(bytes)
      counters.messagesSent += 1
      counters.bytesSent += bytes.length
      return bytes.length
    },
    wireBytes: options.lossless ? (contentBytes) => PREFIX_BYTES + contentBytes : frameBytes,
    close: () => receiver.close(),
  }
}

interface Receiver {
  push(bytes: Uint8Array): void
  close(): void
}

function packetReceiver({ handlers, maxContentBytes = MAX_CONTENT_TO_HOST_BYTES }: TransportOptions): Receiver {
  const decoder = createPacketDecoder({ prefixBytes: PREFIX_BYTES, maxContentBytes })
  return {
    push(bytes) {
      for (const event of decoder.push(bytes)) {
        if (event.kind === 'content') handlers.content(event.bytes)
        else
          handlers.broken(
            `a packet of ${event.declaredBytes} bytes was announced; at most ${maxContentBytes} are taken`,
          )
      }
    },
    close() {},
  }
}

function frameReceiver(options: TransportOptions): Receiver {
  const { handlers, counters, clock } = options
  const deframer = createDeframer({ maxContentBytes: options.maxContentBytes ?? MAX_CONTENT_TO_HOST_BYTES })
  let cancelIdle: CancelTimer = () => {}
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
      if (deframer.inRun) cancelIdle = clock.after(CONSOLE_IDLE_MS, () => take(deframer.idle()))
    },
    close: () => cancelIdle(),
  }
}
