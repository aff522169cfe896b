/** Ending a board: RESET, which names its boot and so may be repeated, then a pulse on DTR and RTS. */

import type { Clock } from '../../clock.js'
import type { Link } from '../../link/link.js'
import { KILL } from '../limits.js'
import type { Connection } from './connection.js'

/** Resets a board whose DTR or RTS is wired to its reset, as an Arduino's is. */
export async function pulse(link: Pick<Link, 'control'>, clock: Clock): Promise<void> {
  await link.control?.({ dtr: false, rts: false })
  await new Promise<void>((resolve) => clock.after(KILL.pulseMs, resolve))
  await link.control?.({ dtr: true, rts: true })
}

/** @param isCurrent false once the session has ended by it */
export async function killBoard(connection: Connection, clock: Clock, isCurrent: () => boolean): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
  for (let tries = 0; tries < KILL.resets && isCurrent(); tries++) {
    if (!connection.session.reset('application')) break
    await pause(KILL.resetPauseMs)
  }
  if (!isCurrent()) return
  await pulse(connection.link, clock)
  await pause(KILL.resetPauseMs)
  // Its announcement may have been lost: the next hello finds out which boot it is.
  if (isCurrent()) connection.session.end({ kind: 'reset', cause: 'unknown' })
}
