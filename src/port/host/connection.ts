/** One session on a link: the transport that reads and writes its bytes, and the session that understands them. */

import type { Link } from '../../link/link.js'
import { type PortProtocol, portProtocol } from './action-protocol.js'
import { createActionSession } from './action-session.js'
import { createSession } from './session.js'
import type { Session, SessionOptions } from './session-types.js'
import { createTransport, type Transport, type TransportHandlers } from './transport.js'

/** The bytes of a link as contents, for the session that is the present one. */
interface Stream {
  readonly transport: Transport
  reader: Pick<TransportHandlers, 'content' | 'broken' | 'cut'>
}

export interface Connection {
  readonly stream: Stream
  readonly link: Link
  readonly session: Session
  /** Bytes from the link. */
  receive(bytes: Uint8Array): void
}

export type ConnectionOptions = Omit<SessionOptions, 'write' | 'wireBytes' | 'maxContentBytes' | 'isWritable'> & {
  console(text: string): void
  /** What the port speaks. Default: the portwire protocol. */
  readonly protocol?: PortProtocol
}

/** The session is made, not started.
 * @param before the session that a restart of the device on the same link has ended: what follows in the stream, the rest of
 *   the chunk that told of it too, is for the new one */
export function createConnection(link: Link, options: ConnectionOptions, before?: Connection): Connection {
  const { lossless, clock, counters } = options
  const protocol = options.protocol ?? portProtocol({}, lossless)
  const reader: Stream['reader'] = {
    content: (bytes) => session.receive(bytes),
    broken: (detail) => session.end({ kind: 'protocol', detail }),
    cut(detail) {
      options.handlers.refused(`cut off: ${detail}`)
      actionSession?.cut(detail)
    },
  }
  const createStream = (): Stream => {
    const transport = createTransport({
      framing: protocol.framing,
      maxContentBytes: protocol.maxReceivedBytes,
      lossless,
      clock,
      counters,
      handlers: {
        content: (bytes) => stream.reader.content(bytes),
        console: options.console,
        broken: (detail) => stream.reader.broken(detail),
        cut: (detail) => stream.reader.cut(detail),
      },
    })
    return { transport, reader }
  }
  const stream = before?.stream ?? createStream()
  const { transport } = stream
  stream.reader = reader
  // A peer that does not read fills the link: new calls then wait here, where they are bounded and have deadlines.
  let isFull = false
  const out = {
    write(bytes: Uint8Array): boolean {
      const hasRoom = link.write(bytes)
      if (!hasRoom && !isFull) {
        isFull = true
        void link.drained().then(() => {
          isFull = false
          session.pump()
        })
      }
      return hasRoom
    },
  }
  const handlers: SessionOptions['handlers'] = {
    ...options.handlers,
    ended(exit) {
      if (exit.kind === 'reset') {
        options.handlers.ended(exit)
        if (stream.reader === reader) transport.close() // nobody goes on with it
        return
      }
      const half = transport.half()
      transport.close()
      if (half && exit.kind !== 'closed' && exit.kind !== 'shutdown') {
        counters.framesDropped.length += 1
        options.handlers.refused(`truncated: the stream ended with ${half}`)
      }
      options.handlers.ended(exit)
    },
  }
  const actionSession =
    protocol.protocol === 'action'
      ? createActionSession({
          ...options,
          ...protocol,
          handlers,
          write: (action, value) => transport.write(out, action, undefined, value),
          half: transport.half,
        })
      : undefined
  const session: Session =
    actionSession ??
    createSession({
      ...options,
      handlers,
      maxContentBytes: protocol.maxContentBytes,
      write: (action: number, token: number, value: Uint8Array | undefined) =>
        transport.write(out, action, token, value),
      wireBytes: transport.wireBytes,
      isWritable: () => !isFull,
    })
  return {
    stream,
    link,
    session,
    receive(bytes) {
      session.sample(bytes)
      transport.push(bytes)
    },
  }
}
