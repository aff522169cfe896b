/** The byte stream under a port. A link knows bytes and how they end; framing and sessions are above it. */

import type { Exit } from '../exit.js'

/** What a connected link tells its owner. Nothing is called after `ended`. */
export interface LinkHandlers {
  /** Bytes as they came, in any split. The array is the owner's to keep. */
  data(bytes: Uint8Array): void
  /** One line of text beside the stream, without its line end: a spawned program's stderr, and its stdout when that is not
   * the stream. A line longer than 4,096 bytes comes in pieces. */
  stderr?(line: string): void
  /** The peer reads no more (EPIPE, ECONNRESET), though its output may still come. From now on what is written is dropped
   * and counted. Called at most once. */
  inputLost?(detail: string): void
  /** The peer sends no more, but still reads: it has closed its input towards us and waits for our output. Without this
   * handler the link ends then. */
  inputEnded?(): void
  /** The stream is over, after all its data was delivered. Called exactly once, also after `close()`. */
  ended(exit: Exit): void
}

export interface Link {
  /** Queues all bytes, in order; bytes that the peer can no longer read are dropped and counted in `info()`. The array must
   * not be changed afterwards. False: more than the high-water mark is queued; `drained()` tells when it is not. */
  write(bytes: Uint8Array): boolean
  /** Resolves at once when nothing is above the high-water mark, and when the link ends. */
  drained(): Promise<void>
  /** Stops reading: the peer is held back by the stream itself, so nothing is lost, and its end is told only once all that it
   * has said was read. At most what one read holds still comes. Absent where the peer cannot be held back: a UART without
   * RTS/CTS, also behind TCP. `resume` goes on; both are idempotent. A link that is closed reads again. */
  pause?(): void
  resume?(): void
  /** Tells the peer that nothing more is written (a program's stdin is closed, TCP is half-closed); its output still comes.
   * Idempotent. Absent where the stream has no such end: serial, WebSocket. */
  closeInput?(): void
  /** Ends the peer without asking it: SIGTERM to a program and its children, after 500 ms SIGKILL; a connection is
   * destroyed, unsent bytes with it. Resolves after `ended` was called, which tells how it really ended. Idempotent, also
   * during `close()`. Absent on a serial line, where nothing but the protocol and `control` reach the board. */
  kill?(): Promise<void>
  /** Sets lines of a UART; those not named stay as they are. Resolves when they are set, or when the tty has none (a
   * pseudo-terminal). Serial only. */
  control?(lines: LineLevels): Promise<void>
  /** Changes the bits per second once all that was written has left, as far as the driver knows: a converter may hold its last
   * bytes still. What has come and was not read may be lost. Nothing is to be written until it has settled. Serial only. Rejects with PORT_FAILED when the line cannot have the rate, or cannot be emptied: it has the one it had. */
  setBaudRate?(baudRate: number): Promise<void>
  /** What is known of the peer and the stream now. */
  info?(): LinkInfo
  /** Closes the stream in both directions; idempotent; resolves after `ended` was called. Bounded in time. */
  close(): Promise<void>
}

/** What a link knows of its peer and its stream; each kind has its own part of it. */
export interface LinkInfo {
  /** Of the program, or of this process over its own stdio. */
  readonly pid?: number
  /** Of the tty. */
  readonly path?: string
  /** Bits per second. */
  readonly baudRate?: number
  /** Reads of the tty that failed with EIO and were made again. */
  readonly readFaults?: number
  /** Lines of the UART as they were last set. */
  readonly dtr?: boolean
  readonly rts?: boolean
  readonly brk?: boolean
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly bytesReceived?: number
  readonly stderrBytes?: number
  readonly bytesWritten?: number
  /** Written and still in this process. */
  readonly bytesQueued?: number
  /** Written when nobody could read it any more. */
  readonly bytesRefused?: number
  /** Which streams have ended: `stdin` once the peer reads no more, `stdout` and `stderr` after their last byte. */
  readonly eof?: readonly ('stdin' | 'stdout' | 'stderr')[]
  /** The owner is slow, and the peer is held back. */
  readonly isPaused?: boolean
}

/** True is asserted: a line at its active level, whatever voltage that is. */
export interface LineLevels {
  readonly dtr?: boolean
  readonly rts?: boolean
  /** Break: TX held at space. */
  readonly brk?: boolean
}

/** How to get a link, again and again: one fresh link a session, none is ever reopened. */
export interface Connector {
  /** What a person calls it: `/dev/ttyACM0`, `./greenhouse-sim`, `10.0.0.7:4001`. */
  readonly name: string
  /** True for pipes and TCP (bare packets, nothing sent twice); false for a UART (frames, repeats). */
  readonly lossless: boolean
  /** Bits per second on the wire where the line is the limit; undefined on pipes. One byte is ten bits (8N1). */
  readonly baudRate?: number
  /** Rejects with a PortwireError that says what to do. */
  connect(handlers: LinkHandlers): Promise<Link>
  /** Restarts a board that has native USB: the port is opened at 1,200 baud, DTR released, and closed. The device goes away and comes
   * back. Absent unless the options ask for it. No link may be open. */
  touch?(): Promise<void>
  /** Calls `arrived` once when the peer seems to be there again; returns how to stop watching. */
  onArrival?(arrived: () => void): () => void
}
