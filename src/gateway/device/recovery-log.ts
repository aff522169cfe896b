/** What is tried with a board that is silent, as the log says it. */

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
    recovered() {
      said = undefined
    },
  }
}
