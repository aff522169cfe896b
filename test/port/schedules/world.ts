/** Where a schedule takes place: a peer that ports are opened on, the time they live in, and what must be left of it all. */

import type { Clock } from '../../../src/clock.js'
import type { Connector } from '../../../src/link/index.js'
import type { Executions, Ledger } from './ledger.js'
import type { Schedule } from './plan.js'

export interface World {
  /** For ports; what they leave on it is found. */
  readonly clock: Clock
  readonly connector: Connector
  readonly readyTimeoutMs: number
  /** Undefined where the peer cannot tell. */
  readonly executions: Executions | undefined
  /** Lets time pass; 0 is a turn of the event loop. */
  pass(ms: number): Promise<void>
  /** Waits, within a bound; answers false when that was too short. */
  settles(promise: Promise<unknown>): Promise<boolean>
  /** The cable is pulled, with the board's power or without, or the program is killed from outside. */
  unplug(n: number): void
  replug(): void
  reset(n: number): void
  /** Bytes that are no message. */
  print(n: number): void
  /** Plain and reliable events, a log line. */
  emit(n: number): void
  /** The peer asks the host. */
  ask(): void
  /** Once all ports are closed: what is still held, and what still happens, one line each. */
  left(): Promise<string[]>
  /** Ends the peer itself. */
  stop(): Promise<void>
}

export interface WorldKind {
  /** What peers it has; a schedule names one by its index. */
  readonly peers: readonly string[]
  make(schedule: Schedule, ledger: () => Ledger): Promise<World>
  /** Time passes only while everything is idle, so that deadlines are exact. */
  readonly isVirtual: boolean
}
