/** Ending a board: RESET, which names its boot and so may be repeated, then a pulse on DTR and RTS. */

import type { Clock } from '../../clock.js'
import { PortwireError } from '../../errors.js'
import { KILL } from '../limits.js'
import type { Connection } from './connection.js'

/** Never rejects: where the lines cannot be set, the session ends with that as its reason.
 * @param ended resolves when the session has ended, by this or by anything else: no pause goes on after it */
export async function killBoard(connection: Connection, clock: Clock, ended: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = ended.then(() => {
    isOver = true
  })
  const pause = async (ms: number) => {
    let cancel = () => {}
    const passed = new Promise<void>((resolve) => {
      cancel = clock.after(ms, resolve)
    })
    await Promise.race([passed, over])
    cancel()
  }
  for (let tries = 0; tries < KILL.resets && !isOver; tries++) {
    if (!connection.session.reset('application')) break
    await pause(KILL.resetPauseMs)
  }
  if (isOver) return
  try {
    await connection.link.control?.({ dtr: false, rts: false })
    await pause(KILL.pulseMs)
    await connection.link.control?.({ dtr: true, rts: true })
  } catch (cause) {
    const error = cause instanceof PortwireError ? cause : new PortwireError('PORT_FAILED', String(cause), { cause })
    connection.session.end({ kind: 'failed', error })
  }
  await pause(KILL.resetPauseMs)
  // Its announcement may have been lost: the next hello finds out which boot it is.
  if (!isOver) connection.session.end({ kind: 'reset', cause: 'unknown' })
}
