/** The byte stream under a port. A link knows bytes and how they end; framing and sessions are above it. */

import type { Exit } from '../exit.js'

/** What a connected link tells its owner. Nothing is called after `ended`. */
export interface LinkHandlers {
  /** Bytes as they came, in any split. The array is the owner's to keep. */
  data(bytes: Uint8Array): void
  /** One line of the peer's stderr, without its line end (spawned programs only). */
  stderr?(line: string): void
  /** The stream is over, after all its data was delivered. Called exactly once, also after `close()`. */
  ended(exit: Exit): void
}

export interface Link {
  /** Writes all bytes, in order. False: more than the high-water mark is queued; `drained()` tells when it is not. */
  write(bytes: Uint8Array): boolean
  drained(): Promise<void>
  /** Closes the stream in both directions; idempotent; resolves after `ended` was called. Bounded in time. */
  close(): Promise<void>
}

/** How to get a link, again and again: one fresh link a session, none is ever reopened. */
export interface Connector {
  /** What a person calls it: `/dev/ttyACM0`, `./greenhouse-sim`. */
  readonly name: string
  /** True for pipes and TCP (bare packets, nothing sent twice); false for a UART (frames, repeats). */
  readonly lossless: boolean
  /** Bits per second on the wire where the line is the limit; undefined on pipes. One byte is ten bits (8N1). */
  readonly baudRate?: number
  /** Rejects with a PortwireError that says what to do. */
  connect(handlers: LinkHandlers): Promise<Link>
  /** Calls `arrived` once when the peer seems to be there again; returns how to stop watching. */
  onArrival?(arrived: () => void): () => void
}
