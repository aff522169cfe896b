/** What a port tells of itself, and what it counts. */

import type { Exit, ResetCause } from '../exit.js'
import type { LinkInfo } from '../link/link.js'

/** `opening` the link, `handshake` until hello is through, `running`; `backoff` until the next start or its turn in a group; `failed` after too
 * many restarts, with one try a minute; `closed` for good. */
export type PortState = 'opening' | 'handshake' | 'running' | 'backoff' | 'failed' | 'closed'

/** What every kind of port tells of itself. */
export interface LifeInfo {
  readonly name: string
  /** The path of the tty or of the program. */
  readonly link: string
  /** How many sessions there have been; 0 before the first. */
  readonly session: number
  /** How often a running session ended and the port was started again, by itself. */
  readonly restarts: number
  readonly lastExit?: Exit
  /** Since bytes last came in, over all sessions; undefined before the first. */
  readonly lastHeardAgoMs?: number
  /** What the link knows: pid, ends of streams, bytes, path, speed. Of the present link, or else of the last one. */
  readonly stream?: LinkInfo
  /** An owner was given, by `signal`. */
  readonly hasOwner: boolean
  /** How many have called `watch` and not stopped. */
  readonly watchers: number
}

export interface PortInfo extends LifeInfo {
  readonly contract: string
  readonly state: PortState
  /** Bits per second of the line now, raised or not; undefined where a link has no rate. */
  readonly baudRate?: number
  /** Of the running session, or of the last one. */
  readonly device?: DeviceInfo
  /** Calls and casts made and not ended. */
  readonly waitingCalls: number
  /** Messages written and not answered, TICK among them. */
  readonly unansweredCalls: number
  /** Smoothed round trip of TICK (RFC 6298); undefined before the first sample. */
  readonly roundTripMs?: number
  /** Its mean deviation, which RFC 6298 calls variance (RTTVAR). */
  readonly roundTripVarianceMs?: number
  /** Pause before the next repeat of what is not answered, in ms, without the line's own time: at rest it follows the round
   * trip, unanswered copies make it longer. Undefined without a session, and on a lossless link, where nothing is repeated. */
  readonly repeatTimerMs?: number
  /** Since a TICK was last answered in this session. */
  readonly lastTickAgoMs?: number
  /** How sessions, and tries to start one, have ended, counted by kind; what ended with `close()` is not among them. */
  readonly exits: { readonly [kind in Exit['kind']]?: number }
  readonly counters: PortCounters
}

/** What a device has counted since its boot (STATS). */
export interface DeviceStats {
  /** Calls that took their token, TICK and the question for this among them, and casts that ran. */
  readonly messagesTaken: number
  /** Copies of calls that were answered from the cache, without running again. */
  readonly repeatsAnswered: number
  readonly tokensRefused: number
  readonly messagesRefused: number
  /** Noise, and what overran its receive ring: frames that were cut. 0 on a stream that loses nothing. */
  readonly framesDropped: number
  /** Reliable events that found its queue full. */
  readonly eventsDropped: number
  /** Bytes that found its receive ring full, as loop() was away for too long; not there when the device cannot know. */
  readonly ringBytesLost?: number
  /** Times that its UART lost bytes in hardware, at least one each, as interrupts were off for too long; not there when the device
   * cannot know. */
  readonly dataOverruns?: number
}

export interface DeviceInfo {
  readonly epoch: number
  readonly resetCause: ResetCause
  readonly firmwareVersion?: string
  readonly contractName?: string
  readonly contractVersion?: string
  readonly contractHash: number
  readonly maxContentBytes: number
  /** The receive ring; 0: no limit. */
  readonly receiveBytes: number
  readonly window: number
  readonly features: number
  readonly deadManMs: number
  /** Bits per second that it can change to; undefined: it cannot. */
  readonly baudRates?: readonly number[]
  /** Uptime of the device when the session began. */
  readonly uptimeMs: number
}

/** Since the port was made, over all sessions. Every message that was dropped is in one of them. */
export interface PortCounters {
  bytesReceived: number
  bytesSent: number
  messagesReceived: number
  messagesSent: number
  /** Copies sent again because no answer had come. */
  repeatsSent: number
  /** By reason; lower bounds, as noise can hide noise. */
  framesDropped: { cobs: number; length: number; crc: number; oversize: number; short: number }
  /** Good frames whose message was of no use: unknown action, bad value, wrong type. */
  messagesRefused: number
  /** Answers that came after their call had ended, or a second time. */
  lateReplies: number
  /** Those among them that came a second time: the device answered a copy of the call from its cache. */
  answersRepeated: number
  /** Calls and casts of idempotent actions whose session ended, held to go out again in the next one. */
  callsRepeated: number
  castErrors: number
  eventsReceived: number
  eventsRepeated: number
  /** Reliable events that were not taken: an earlier one was missing, or too many were unfinished. The device sends them again. */
  eventsOutOfTurn: number
  plainEventsLost: number
  eventsDropped: number
  consoleLines: number
  /** Items of streams that were lost on the line or in front of a slow reader. */
  itemsLost: number
  requestsReceived: number
  requestsRepeated: number
  /** Answers of handlers that came after the deadline of their request. */
  lateAnswers: number
  ticks: number
}
