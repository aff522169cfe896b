/** Ending a board: RESET, which names its boot and so may be repeated, then a pulse on DTR and RTS. */

import type { Clock } from '../../clock.js'
import { KILL } from '../limits.js'
import type { Connection } from './connection.js'

/** @param isCurrent false once the session has ended by it */
export async function killBoard(connection: Connection, clock: Clock, isCurrent: () => boolean): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
  for (let tries = 0; tries < KILL.resets && isCurrent(); tries++) {
    if (!connection.session.reset('application')) break
    await pause(KILL.resetPauseMs)
  }
  if (!isCurrent()) return
  await connection.link.control?.({ dtr: false, rts: false })
  await pause(KILL.pulseMs)
  await connection.link.control?.({ dtr: true, rts: true })
  await pause(KILL.resetPauseMs)
  // Its announcement may have been lost: the next hello finds out which boot it is.
  if (isCurrent()) connection.session.end({ kind: 'reset', cause: 'unknown' })
}
