/** What one boot of a device is made of, and what it offers the program that runs on it. */

import type { Clock, Random } from '../../clock.js'
import type { Contract } from '../../contract/index.js'
import type { ValueCodec } from '../../wire/index.js'
import type { Severity } from '../types.js'
import type { DeviceBaudRateOptions } from './baud-rate.js'
import type { DeviceHandler } from './calls.js'

export interface DeviceSessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: DeviceHandler }
  /** What the hello tells besides the contract. */
  readonly device: {
    readonly resetCause: number
    /** 0: no limit. */
    readonly receiveBytes: number
    readonly maxContentBytes: number
    readonly window: number
    readonly firmwareVersion: string
  }
  readonly maxKeptEvents: number
  /** The line has a baud rate that HELLO may change. Default: it has none. */
  readonly baudRate?: DeviceBaudRateOptions | undefined
  readonly lossless: boolean
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => void
  /** The host asked for a restart of this boot. `bootloader` only where `hasBootloader` says that there is one. */
  readonly reset: (mode: 'application' | 'bootloader') => void
  /** RESET may name the bootloader. Default false: such a RESET is refused and counted. */
  readonly hasBootloader?: boolean
  /** The host calls no more actions; called once a session, when END_OF_INPUT has been answered. */
  readonly endOfInput?: () => void
  /** The host has acknowledged the end of a job. */
  readonly jobTold?: () => void
  /** A host has begun a session, and may be asked. */
  readonly sessionBegan?: () => void
}

export interface DeviceSession {
  readonly epoch: number
  /** Says hello unasked, as a device does that has booted. */
  announce(): void
  receive(content: Uint8Array): void
  /** Something came that is no frame: counted for STATS. */
  frameDropped(): void
  /** @returns false when the event was not taken: plain and nobody listens; reliable and the queue is full, or after `exit` */
  emit(event: string, value: unknown): boolean
  /** Asks the host. Rejects with PortwireError: REMOTE_ERROR (its answer was an error), CALL_TIMEOUT (none in time),
   * PORT_EXITED (the host began a new session), REPLY_INVALID.
   * @param deadlineMs told to the host; default 3,000 */
  ask(request: string, args?: unknown, deadlineMs?: number): Promise<unknown>
  log(severity: Severity, text: string): void
  /** Tells the host the exit code, as the last of its events; a full queue makes room for it. A second status is not told.
   * @param status  0 to 255
   * @returns when the host has acknowledged it: true; or false when this boot was stopped first
   * @throws ARGUMENT_INVALID  the status is another number */
  exit(status: number): Promise<boolean>
  /** What runs is told to cancel, and nothing of it is sent any more. */
  abandonCalls(): void
  /** Reliable events that the host has not acknowledged. */
  readonly keptEvents: number
  /** Jobs that run, or whose end the host has not acknowledged. */
  readonly unfinishedJobs: number
  /** The boot is over. */
  stop(): void
  readonly counters: DeviceCounters
}

export interface DeviceCounters {
  /** Calls that took their token, and casts that ran. */
  taken: number
  executed: number
  repeatsAnswered: number
  refusedTokens: number
  /** Messages of no use that no ERROR could answer. */
  refusedMessages: number
  /** What was no frame, by the `frameDropped` of who takes frames. */
  framesDropped: number
  eventsDropped: number
}
