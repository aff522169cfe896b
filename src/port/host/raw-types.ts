/** A raw port as its user sees it: bytes both ways, with the life of a Port. */

import type { Clock } from '../../clock.js'
import type { Exit } from '../../exit.js'
import type { LifeInfo, PortState } from '../types.js'
import type { PacketMode } from './raw-decoder.js'
import { MAX_LARGE_CONTENT_BYTES } from './raw-packets.js'

export type RawPortState = Exclude<PortState, 'handshake'>

/** What a raw port has to say besides packets. */
export type RawNotice =
  | { readonly kind: 'state'; readonly state: RawPortState; readonly exit?: Exit; readonly restartInMs?: number }
  /** A line of the program's stderr. */
  | { readonly kind: 'console'; readonly text: string }
  /** So many packets found the queue full; the newest are dropped. */
  | { readonly kind: 'packets_dropped'; readonly count: number }
  /** The part of a packet that came before a silence or the end of the stream was dropped. */
  | { readonly kind: 'partial_dropped'; readonly detail: string }
  /** The peer reads no more (EPIPE): writes fail at once from now on, its packets may still come. */
  | { readonly kind: 'input_lost'; readonly stream: 'stdin'; readonly detail: string }

export interface RawPort<P = Uint8Array> {
  readonly name: string

  /** Writes one packet; resolves when the link has taken it. When the peer reads slowly, more than 65,536 bytes wait in the
   * link, and `whenBusy` says what becomes of this one.
   * @throws TOO_LARGE    more than the prefix can say; nothing was written, the port lives
   * @throws PORT_EXITED  nothing runs, or its input is closed; nothing was written
   * @throws QUEUE_FULL   more writes wait than maxWaitingWrites, or one would have to wait and may not; nothing was written */
  write(bytes: Uint8Array, options?: RawWriteOptions): Promise<void>

  /** Reads packets, across restarts; ends when the port is closed for good and all that came has been read. One reader at a
   * time. What is not read waits, within maxWaitingPackets and maxWaitingBytes. Then the peer is held back until half of it
   * was read, where its link can do that; a UART without RTS/CTS cannot, and the newest is dropped and counted. */
  packets(): AsyncIterableIterator<P>

  /** Hears states, stderr and losses. Returns how to stop. */
  watch(listener: (notice: RawNotice) => void): () => void

  /** Tells the peer that nothing more will be written, after what waits; its output still comes.
   * @throws PORT_EXITED       nothing runs
   * @throws ARGUMENT_INVALID  the link has no such end: a UART */
  closeInput(): Promise<void>

  /** Ends the process at the other end: SIGTERM, then SIGKILL, for a program; a pulse on DTR and RTS for a board. Resolves
   * with the exit of that life; the restart options decide what comes next.
   * @throws PORT_EXITED  nothing runs */
  kill(): Promise<Exit>

  /** Resolves when its link is there; rejects with the error when the port closes first. */
  ready(): Promise<void>

  /** Ends the peer and the port. Idempotent. */
  close(): Promise<Exit>

  /** Resolves, never rejects, with the last exit once the port is closed for good. */
  readonly exited: Promise<Exit>

  info(): RawPortInfo
  [Symbol.asyncDispose](): Promise<void>
}

export interface RawWriteOptions {
  /** `wait` (default): in turn, behind those that wait already; `fail`: QUEUE_FULL at once. */
  readonly whenBusy?: 'wait' | 'fail'
}

export interface RawPortInfo extends LifeInfo {
  readonly packet: PacketMode
  readonly state: RawPortState
  /** Received and not read. */
  readonly waitingPackets: number
  readonly waitingBytes: number
  /** Written and not taken by the link. */
  readonly waitingWrites: number
  readonly counters: RawCounters
}

/** Since the port was made, over all sessions. */
export interface RawCounters {
  bytesReceived: number
  bytesSent: number
  packetsReceived: number
  packetsSent: number
  /** Of those received: found the queue full. */
  packetsDropped: number
  /** Packets and records of which only a part came. */
  partialsDropped: number
}

export interface RawPortOptions<M extends PacketMode = PacketMode> {
  readonly packet: M
  /** Default: the link's name. */
  readonly name?: string
  /** With a prefix: a longer packet ends the session. Default: what the prefix can say, at most 16 MiB. */
  readonly maxPacketBytes?: number
  readonly maxWaitingPackets?: number
  readonly maxWaitingBytes?: number
  readonly maxWaitingWrites?: number
  /** Opening the link may take so long. Default 10,000. */
  readonly readyTimeoutMs?: number
  /** The owner of the port: when it is aborted the port closes. Default none: the port lives until `close`. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

export const RAW_DEFAULTS: Readonly<Record<RawLimit, number>> = {
  maxPacketBytes: MAX_LARGE_CONTENT_BYTES,
  maxWaitingPackets: 1_024,
  maxWaitingBytes: 4 * 1024 * 1024,
  maxWaitingWrites: 1_024,
}

type RawLimit = 'maxPacketBytes' | 'maxWaitingPackets' | 'maxWaitingBytes' | 'maxWaitingWrites'
