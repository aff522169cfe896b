/** Why a session, and in the end a port, is over: a closed set of reasons that both kinds of peer share. */

import type { PortwireError } from './errors.js'

/** What the last reset of a device came from, as its HELLO tells. Index is the value on the wire. */
export const RESET_CAUSES = ['unknown', 'power_on', 'external', 'brown_out', 'watchdog', 'software'] as const
export type ResetCause = (typeof RESET_CAUSES)[number]

export type Exit =
  /** `close()` was called on this side, or the owner's signal was aborted. */
  | { readonly kind: 'closed' }
  /** It was ended to be started anew: by `restart()`, or by its group because another of it has ended. */
  | { readonly kind: 'shutdown' }
  /** A spawned program ended by itself. */
  | { readonly kind: 'status'; readonly status: number }
  /** A spawned program was ended by a signal. */
  | { readonly kind: 'signal'; readonly signal: string }
  /** The device is gone: cable pulled, hang-up, end of file. */
  | { readonly kind: 'unplugged'; readonly detail: string }
  /** The device restarted in the middle of the session. */
  | { readonly kind: 'reset'; readonly cause: ResetCause }
  /** Nothing was heard for three heartbeats. */
  | { readonly kind: 'silent' }
  /** Too many frames were damaged at a raised baud rate: the next session is at the rate of opening. */
  | { readonly kind: 'noise'; readonly baudRate: number }
  /** The device said its own exit code. */
  | { readonly kind: 'exit'; readonly status: number }
  /** The peer broke the protocol: echo of our own bytes, a reply of the wrong shape. */
  | { readonly kind: 'protocol'; readonly detail: string }
  /** The link could not be opened, the peer did not say hello, or onStart threw. */
  | { readonly kind: 'failed'; readonly error: PortwireError }

/** One line for a person. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case 'closed':
      return 'closed'
    case 'shutdown':
      return 'shut down to be started anew'
    case 'status':
      return `exited with status ${exit.status}`
    case 'signal':
      return `killed by ${exit.signal}`
    case 'unplugged':
      return `unplugged (${exit.detail})`
    case 'reset':
      return `restarted (reset cause: ${exit.cause})`
    case 'silent':
      return 'silent for three heartbeats'
    case 'noise':
      return `too many errors at ${exit.baudRate} baud`
    case 'exit':
      return `device exited with status ${exit.status}`
    case 'protocol':
      return `protocol error (${exit.detail})`
    case 'failed':
      return exit.error.message
  }
}

/** True for an end that was meant: from this side, status 0, or an exit that the device announced with 0. */
export function isNormalExit(exit: Exit): boolean {
  if (exit.kind === 'closed' || exit.kind === 'shutdown') return true
  return (exit.kind === 'status' || exit.kind === 'exit') && exit.status === 0
}
