/** One session on a link: the transport that reads and writes its bytes, and the session that understands them. */

import type { Link } from '../link/link.js'
import { createSession, type Session, type SessionOptions } from './session.js'
import { createTransport } from './transport.js'

export interface Connection {
  readonly link: Link
  readonly session: Session
  /** Bytes from the link. */
  receive(bytes: Uint8Array): void
}

export type ConnectionOptions = Omit<SessionOptions, 'write' | 'wireBytes'> & { console(text: string): void }

/** The session is made, not started. */
export function createConnection(link: Link, options: ConnectionOptions): Connection {
  const { lossless, clock, counters } = options
  const transport = createTransport({
    lossless,
    clock,
    counters,
    handlers: {
      content: (bytes) => session.receive(bytes),
      console: options.console,
      broken: (detail) => session.end({ kind: 'protocol', detail }),
    },
  })
  const session: Session = createSession({
    ...options,
    write: (action, token, value) => transport.write(link, action, token, value),
    wireBytes: transport.wireBytes,
    handlers: {
      ...options.handlers,
      ended(exit) {
        transport.close()
        options.handlers.ended(exit)
      },
    },
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
