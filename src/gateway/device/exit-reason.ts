/** Why a device was restarted, as one of few words: they are labels of counters too. */

import type { Exit } from '../../exit.js'

export type RestartReason = 'unplugged' | 'silent' | 'reset' | 'error' | 'requested'

export function restartReason(exit: Exit | undefined): RestartReason {
  switch (exit?.kind) {
    case 'unplugged':
      return 'unplugged'
    case 'silent':
      return 'silent'
    case 'reset':
      return 'reset'
    case 'closed':
    case 'shutdown':
      return 'requested'
    case 'status':
    case 'signal':
    case 'exit':
    case 'noise':
    case 'protocol':
    case 'failed':
    case undefined:
      return 'error'
  }
}
