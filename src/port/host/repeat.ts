/** What becomes of calls that were written when their session ends: those of idempotent actions go out again in the next
 * one, as long as their deadline lasts; what the others did is unknown. */

import type { Exit } from '../../exit.js'
import type { CallQueue } from './call-queue.js'
import type { PendingCall } from './pending.js'

/** A call that was written and is not answered. */
export interface WrittenCall {
  readonly call: PendingCall
  /** Its maker waits no longer. */
  readonly isGivenUp: boolean
  /** A call that was written after it has been answered. */
  readonly isPassed: boolean
}

/** @param written oldest first
 *  @param queue where those that are repeated wait, in front of calls made later
 *  @returns how many are repeated */
export function endWritten(written: readonly WrittenCall[], exit: Exit, queue: CallQueue): number {
  const repeated = exit.kind === 'closed' ? [] : repeatable(written, queue.peek())
  for (const call of repeated) {
    call.state = 'queued'
    call.leftBy = exit
  }
  queue.putFirst(repeated)
  for (const { call, isGivenUp } of written.slice(0, written.length - repeated.length)) {
    if (isGivenUp) call.settled('unknown')
    else call.failed({ kind: 'exit', outcome: 'unknown', exit })
  }
  return repeated.length
}

/** From the newest back to the first that may not run again: with that one in between, an older call that ran a second time
 * would undo what came after it. An emergency does not wait for what came before it. */
function repeatable(written: readonly WrittenCall[], waiting: PendingCall | undefined): PendingCall[] {
  const calls: PendingCall[] = []
  let isBehindEmergency = waiting?.isEmergency ?? false
  for (let at = written.length - 1; at >= 0; at--) {
    const { call, isGivenUp, isPassed } = written[at]!
    if (isGivenUp || isPassed || !call.isRepeatable || (isBehindEmergency && !call.isEmergency)) break
    isBehindEmergency ||= call.isEmergency
    calls.unshift(call)
  }
  return calls
}
