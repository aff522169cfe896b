/** The outbox on disk, as the gateway sees it. */

import type { Clock } from '../../clock.js'
import type { Log } from '../log.js'
import type { Publication } from '../mqtt/publication.js'
import type { LastNumber, OutboxRecord } from './record.js'
import type { OutboxFolder } from './store.js'

export type DropReason = 'full' | 'ttl' | 'corrupt'

export interface DurableOutbox {
  /** Resolves when it is open for the first time, or when that has failed and is tried again.
   * @throws OutboxHeldError  another process has it */
  readonly started: Promise<void>
  /** Takes a plain event; it is on the disk a little later. */
  append(record: OutboxRecord): void
  /** Resolves when the event is on the disk, at once when it is there already: its device may forget it. Stays pending for as
   * long as it cannot be stored. */
  store(record: OutboxRecord, last: LastNumber): Promise<void>
  /** The next event for the broker, of the live ones or of those that wait on the disk; it is sent from now on. */
  take(lane: 'live' | 'backlog'): { readonly position: number; readonly publication: Publication } | undefined
  /** The broker has it, or it can never be sent. */
  acknowledge(position: number): void
  /** A connection begins: everything that was not acknowledged is sent again, in order. */
  connected(): void
  disconnected(): void
  readonly info: OutboxInfo
  /** Writes what waits, if it can, and closes the database. */
  close(): Promise<void>
}

export interface OutboxInfo {
  readonly isOpen: boolean
  readonly events: number
  readonly bytes: number
  /** Events on their way to the disk. */
  readonly waiting: number
  /** Dropped since the start, by the reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Times that a damaged outbox was put aside. */
  readonly quarantined: number
  /** Events that were removed before their hold was over, as too many were held. */
  readonly heldShort: number
  /** Events that the broker acknowledged within LIMITS.outboxUnconfirmedMs before the last that was heard of it, each time that its
   * connection was lost, and that were not held any more, since the start: those that it may have forgotten. */
  readonly unconfirmed: number
}

/** What a person should know; each is said when it changes. */
export type OutboxAlarm =
  | { readonly state: 'ok' }
  | { readonly state: 'unavailable'; readonly problem: string }
  | { readonly state: 'quarantined'; readonly problem: string; readonly lost: number; readonly aside: string }

export interface DurableOutboxOptions {
  readonly folder: OutboxFolder
  readonly maxBytes: number
  /** Older events are dropped; Infinity: none. */
  readonly ttlMs: number
  readonly onFull: 'drop-oldest' | 'reject-new'
  /** How long the broker's PUBACK is not believed; 0: it is. */
  readonly holdMs: number
  /** The longest that a connection to the broker can be dead before that is noticed. */
  readonly unnoticedMs: number
  readonly clock: Clock
  /** Wall-clock time, for the age of events. */
  readonly now: () => Date
  /** Where drops are said. */
  readonly reportTopic: string
  /** A plain event was dropped that never was on the disk. */
  readonly rejected: (device: string) => void
  readonly alarm: (alarm: OutboxAlarm) => void
  /** There may be something to take. */
  readonly ready: () => void
  readonly log: Log
}
