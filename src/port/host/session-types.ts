/** What a protocol implements, and what it is given: the portwire protocol in session.ts, `action` in action-session.ts. */

import type { Clock, Random } from '../../clock.js'
import type { Contract, Event } from '../../contract/index.js'
import type { Deferred } from '../../deferred.js'
import type { Exit } from '../../exit.js'
import type { ValueCodec } from '../../wire/index.js'
import type { DeviceInfo, PortCounters, Severity } from '../types.js'
import type { LineRate } from './baud-rates.js'
import type { CallQueues } from './call-queue.js'
import type { Answer, PendingCall } from './pending.js'
import type { Probe } from './ping.js'
import type { RequestAnswer } from './request-lane.js'

export interface SessionHandlers {
  /** Hello is confirmed; nothing but calls of onStart goes out until `open()`. */
  up(device: DeviceInfo): void
  plainEvent(event: Event, value: unknown, epoch: number): void
  /** The device asks; `answer` is called once, now or later. */
  request(index: number, value: unknown, answer: (answer: RequestAnswer) => void): void
  /** Resolves when the consumer has finished. */
  reliableEvent(event: Event, value: unknown, number: number, epoch: number): void | Promise<void>
  /** How many events the consumer of this one takes before the first of them is finished. */
  eventsAhead(event: Event): number
  consumerStopped(event: string, error: unknown): void
  log(severity: Severity, text: string): void
  /** Nothing was heard for a while: what was written is being repeated. Once a silence. */
  late(): void
  eventsLost(count: number): void
  eventsDropped(count: number): void
  refused(problem: string): void
  /** The session is over; all that was written has ended. Called once. */
  ended(exit: Exit): void
}

/** Reliable events of the boot `epoch` below `next`, and those of `finished`, have been finished by their consumers. */
export interface DeliveryMark {
  epoch: number
  next: number
  /** Behind one that is not. */
  readonly finished: Set<number>
  /** Consumers that are still at work, all of one session, which may be over. */
  working?: { readonly session: symbol; consumers: number; readonly idle: Deferred<void> } | undefined
}

export interface SessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly contract: Contract
  readonly contractMismatch: 'error' | 'warn' | 'compatible'
  readonly lossless: boolean
  readonly lineRate: LineRate
  /** 0: no heartbeat. */
  readonly heartbeatMs: number
  /** After so many the device is silent. */
  readonly missedHeartbeats: number
  readonly readyTimeoutMs: number
  readonly queues: CallQueues
  /** The boot that is to be restarted by RESET before hello. */
  readonly resetEpoch?: number | undefined
  /** Up to where events of a boot were delivered, over all sessions; the session moves it on. */
  readonly delivered: DeliveryMark
  readonly counters: PortCounters
  readonly handlers: SessionHandlers
  /** Encodes and writes a message; returns its bytes on the wire. */
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => number
  readonly wireBytes: (contentBytes: number) => number
  /** Most content that a packet or frame of this link can carry. */
  readonly maxContentBytes: number
  /** False while the link is full. */
  readonly isWritable: () => boolean
}

/** What is known of the line's time, ms; undefined before the first sample, and where it means nothing. */
export interface RoundTrip {
  readonly smoothedMs?: number | undefined
  readonly varianceMs?: number | undefined
  readonly repeatTimerMs?: number | undefined
}

export interface Session {
  start(): void
  /** One content as framing delivered it. */
  receive(content: Uint8Array): void
  /** Bytes as they came, for the error that no hello did. */
  sample(bytes: Uint8Array): void
  /** onStart is through: held calls and events flow. */
  open(): void
  /** Sends what may be sent; call it after a queue has grown. */
  pump(): void
  /** Tells the device to send a plain event, or to stop. */
  bind(eventIndex: number, on: boolean): void
  /** Nobody waits any more for a call that was written, or for the job that it became. */
  giveUp(call: PendingCall): void
  /** Asks the device to restart; its announcement is the answer. False: it was built without. */
  reset(mode: 'application' | 'bootloader'): boolean
  /** Tells the device that nothing more will be sent. */
  endOfInput(): void
  /** Sends a TICK in its turn; its round trip in ms is told unless the session ends first. False: no session is up. */
  ping(probe: Probe<number>): boolean
  /** Asks for the device's counters; its answer is told unless the session ends first. `without`: it was built without. */
  stats(probe: Probe<Answer>): 'asked' | 'without' | 'no-session'
  end(exit: Exit): void
  /** When a TICK was last answered. */
  readonly lastTickMs: number | undefined
  readonly unanswered: number
  readonly roundTrip: RoundTrip
}
