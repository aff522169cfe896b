/** Ending a board: RESET, which names its boot and so may be repeated, then a pulse on DTR and RTS. */

import type { Clock } from '../../clock.js'
import { asPortwireError } from '../../errors.js'
import type { Link } from '../../link/link.js'
import { KILL } from '../limits.js'
import type { Connection } from './connection.js'

/** Waits; ends sooner when nothing is to be waited for any more. */
type Pause = (ms: number) => Promise<void>

/** Resets a board whose DTR or RTS is wired to its reset, as an Arduino's is.
 * @throws PORT_FAILED  the lines cannot be set */
export async function pulse(link: Pick<Link, 'control'>, pause: Pause): Promise<void> {
  await link.control?.({ dtr: false, rts: false })
  await pause(KILL.pulseMs)
  await link.control?.({ dtr: true, rts: true })
}

/** A pause that is over at once when `ended` resolves, and leaves no timer then. */
export function pauseUntil(clock: Clock, ended: Promise<unknown>): Pause {
  return async (ms) => {
    let cancel = () => {}
    const passed = new Promise<void>((resolve) => {
      cancel = clock.after(ms, resolve)
    })
    await Promise.race([passed, ended])
    cancel()
  }
}

/** Never rejects: where the lines cannot be set, the session ends with that as its reason.
 * @param ended resolves when the session has ended, by this or by anything else: no pause goes on after it */
export async function killBoard(connection: Connection, clock: Clock, ended: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = ended.then(() => {
    isOver = true
  })
  const pause = pauseUntil(clock, over)
  for (let tries = 0; tries < KILL.resets && !isOver; tries++) {
    if (!connection.session.reset('application')) break
    await pause(KILL.resetPauseMs)
  }
  if (isOver) return
  try {
    await pulse(connection.link, pause)
  } catch (cause) {
    connection.session.end({ kind: 'failed', error: asPortwireError(cause) })
  }
  await pause(KILL.resetPauseMs)
  // Its announcement may have been lost: the next hello finds out which boot it is.
  if (!isOver) connection.session.end({ kind: 'reset', cause: 'unknown' })
}
