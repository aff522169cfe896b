/** One call of the user, from the moment it is made to its one end. */

import type { Action } from '../../contract/index.js'
import type { Outcome } from '../../errors.js'
import type { Exit } from '../../exit.js'

export interface PendingCall {
  readonly action: Action
  /** Encoded arguments; undefined: no value. */
  readonly value: Uint8Array | undefined
  /** When it was made; older ones go first. */
  readonly madeAtMs: number
  readonly deadlineMs: number
  /** It goes before all others, and nothing may overtake it. */
  readonly isEmergency: boolean
  /** Its action is idempotent: it may go out again in another session. */
  readonly isRepeatable: boolean
  /** Why the session ended in which it was last written, so that it may have run; undefined: it was in none. */
  leftBy: Exit | undefined
  /** `running`: the device took it as a job. */
  state: 'queued' | 'written' | 'running' | 'ended'
  /** The device's answer. */
  answered(answer: Answer): void
  /** The device took it as a job. */
  accepted(): void
  /** An item of the job. */
  item(item: unknown): void
  /** So many items of the job were lost on the way. */
  itemsLost(count: number): void
  /** It ends without an answer. */
  failed(failure: Failure): void
  /** After a timeout: what the device said in the end. */
  settled(outcome: Outcome): void
}

export type Answer =
  /** ACK: it goes on as a job. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'reply'; readonly value: unknown }
  | { readonly kind: 'error'; readonly errorNumber: number; readonly text: string | undefined }
  /** It ran, or was refused, but what the device said of it cannot be read. */
  | { readonly kind: 'invalid'; readonly problem: string }

export type Failure =
  | { readonly kind: 'timeout'; readonly outcome: Outcome }
  | { readonly kind: 'aborted'; readonly outcome: Outcome; readonly reason: unknown }
  /** An emergency call went before it. */
  | { readonly kind: 'overtaken'; readonly outcome: Outcome; readonly by: string }
  /** The peer reads no more. */
  | { readonly kind: 'input-closed'; readonly outcome: Outcome; readonly detail: string }
  | { readonly kind: 'exit'; readonly outcome: Outcome; readonly exit: Exit }
  | { readonly kind: 'too-large'; readonly bytes: number; readonly maxBytes: number }
