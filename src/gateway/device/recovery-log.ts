/** What is tried with a board that is silent, or a program that does not stay, as the log says it. */

import type { RecoveryRung } from '../../port/index.js'
import type { Log } from '../log.js'

const TEXT: Readonly<Record<RecoveryRung, string>> = {
  retransmit: 'repeats in its session',
  hello: 'a new hello on the same link',
  reset: 'RESET',
  pulse: 'a pulse on DTR and RTS',
  touch: 'a touch at 1,200 baud, then the port is opened anew',
  reopen: 'the port is opened anew',
  failed: 'tried too often, from now on once a minute',
}

export interface RecoveryLog {
  tried(rung: RecoveryRung): void
  /** It ended more often than it may, for whatever reason. @param inMs  when it is tried again */
  gaveUp(inMs: number | undefined): void
  /** The board runs. */
  recovered(): void
}

/** Tries that go on once a minute are said once: a board that is out for a night must not fill the log. */
export function createRecoveryLog(log: Log, namespace: string): RecoveryLog {
  let said: RecoveryRung | undefined
  return {
    tried(rung) {
      if (rung !== 'failed' || said !== rung)
        log(rung === 'retransmit' ? 'info' : 'warn', namespace, `silent: ${TEXT[rung]}`)
      said = rung
    },
    gaveUp(inMs) {
      const next = inMs === undefined ? '' : `; tried every ${inMs / 1_000} s from now on`
      if (said !== 'failed') log('error', namespace, `failed: more restarts than restart.max_restarts${next}`)
      said = 'failed'
    },
    recovered() {
      said = undefined
    },
  }
}
