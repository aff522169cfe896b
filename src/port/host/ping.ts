/** The round trip of one TICK, which the device's library answers whatever its application does. */

import type { Clock } from '../../clock.js'
import { Action } from '../../wire/index.js'
import type { Live } from './live.js'

/** A question to the library of a device. */
export interface Probe<T> {
  /** False once nobody waits for it: what was not sent is not sent any more. */
  isWanted(): boolean
  answered(answer: T): void
}

/** It goes before the calls of the user, but in the window like them: a device keeps no more answers than that. */
export function sendPing({ outgoing, liveness }: Live, clock: Clock, ping: Probe<number>): void {
  let sentMs = clock.nowMs()
  liveness.ticked()
  outgoing.protocolCall({
    action: Action.TICK,
    value: undefined,
    isWanted() {
      sentMs = clock.nowMs() // asked last right before it is sent: waiting for its turn is no part of the trip
      return ping.isWanted()
    },
    answered(answer, copies) {
      const roundTripMs = clock.nowMs() - sentMs
      liveness.tickAnswered(answer, copies)
      ping.answered(roundTripMs)
    },
  })
}
