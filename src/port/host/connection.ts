/** One session on a link: the transport that reads and writes its bytes, and the session that understands them. */

import type { Link } from '../../link/link.js'
import { type PortProtocol, portProtocol } from './action-protocol.js'
import { createActionSession } from './action-session.js'
import { createSession } from './session.js'
import type { Session, SessionOptions } from './session-types.js'
import { createTransport } from './transport.js'

export interface Connection {
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

/** The session is made, not started. */
export function createConnection(link: Link, options: ConnectionOptions): Connection {
  const { lossless, clock, counters } = options
  const protocol = options.protocol ?? portProtocol({}, lossless)
  const transport = createTransport({
    framing: protocol.framing,
    maxContentBytes: protocol.maxReceivedBytes,
    lossless,
    clock,
    counters,
    handlers: {
      content: (bytes) => session.receive(bytes),
      console: options.console,
      broken: (detail) => session.end({ kind: 'protocol', detail }),
      cut(detail) {
        options.handlers.refused(`cut off: ${detail}`)
        actionSession?.cut(detail)
      },
    },
  })
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
      const half = transport.half()
      transport.close()
      if (half && exit.kind !== 'closed') {
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
    link,
    session,
    receive(bytes) {
      session.sample(bytes)
      transport.push(bytes)
    },
  }
}
