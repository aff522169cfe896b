/** What is tried with a board on a serial line that has gone silent, one rung after the other, before its port is opened anew:
 * the cheapest first, each for a bounded time. */

import type { Exit } from '../../exit.js'
import type { Link } from '../../link/link.js'
import { Feature } from '../../wire/index.js'
import type { RecoveryRung } from '../types.js'

/** A rung that is climbed on the link that is there. `retransmit` is the session's own, the last three are the life's. */
export type LinkRung = Exclude<RecoveryRung, 'retransmit' | 'touch' | 'reopen' | 'failed'>

/** From the cheapest: a new session with the same boot; RESET by its epoch; a pulse on DTR and RTS. */
const LINK_RUNGS: readonly LinkRung[] = ['hello', 'reset', 'pulse']

/** True for an end that says nothing but that no answer came. */
export function isUnanswered(exit: Exit): boolean {
  return exit.kind === 'silent' || (exit.kind === 'failed' && exit.error.code === 'HELLO_TIMEOUT')
}

/** Which rungs there are: RESET if the firmware was built with it, a pulse unless the port's options keep a line released or have
 * the board touched instead. */
export function rungsOf(link: Pick<Link, 'info'>, features = 0, isTouched = false): (rung: LinkRung) => boolean {
  return (rung) => {
    if (rung === 'reset') return (features & Feature.RESET_APPLICATION) !== 0
    if (rung === 'pulse' && isTouched) return false
    const { dtr, rts } = link.info?.() ?? {}
    return rung !== 'pulse' || (dtr !== false && rts !== false)
  }
}

/** The rung after `from` (undefined: the first) of those that the board and its link have; undefined: the link is given up. */
export function nextRung(from: LinkRung | undefined, has: (rung: LinkRung) => boolean): LinkRung | undefined {
  const above = from === undefined ? LINK_RUNGS : LINK_RUNGS.slice(LINK_RUNGS.indexOf(from) + 1)
  return above.find(has)
}
