/** So many log lines a second and no more: whoever may publish can make the gateway warn, and must not fill a disk with it. */

import type { Clock } from '../clock.js'
import type { Log } from './log.js'

/** The same log with a limit. What was left out is counted, and said before the next line that is not. */
export function limitLog(log: Log, linesPerSecond: number, clock: Clock): Log {
  let sinceMs = Number.NEGATIVE_INFINITY
  let lines = 0
  let leftOut = 0
  return (level, namespace, message) => {
    const nowMs = clock.nowMs()
    if (nowMs - sinceMs >= 1_000) {
      sinceMs = nowMs
      lines = 0
      if (leftOut > 0) {
        log('warn', 'portwire:log', `${leftOut} log lines were left out: more than ${linesPerSecond} a second`)
        leftOut = 0
      }
    }
    lines += 1
    if (lines <= linesPerSecond) log(level, namespace, message)
    else leftOut += 1
  }
}
