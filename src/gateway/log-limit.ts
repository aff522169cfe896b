/** So many log lines a second of each part, and no more: whoever may publish, and every device, can make the gateway warn, and must
 * neither fill a disk with it nor push out the lines about others. */

import type { Clock } from '../clock.js'
import { createLineQuota, type LineQuota } from './line-quota.js'
import type { Log } from './log.js'

/** The same log with a limit for each namespace. What was left out is counted and said. */
export function limitLog(log: Log, linesPerSecond: number, clock: Clock): Log {
  const quotas = new Map<string, LineQuota>()
  const quotaOf = (namespace: string): LineQuota => {
    const quota = quotas.get(namespace)
    if (quota) return quota
    const fresh = createLineQuota(linesPerSecond, clock, (count) =>
      log('warn', namespace, `${count} log lines were left out: more than ${linesPerSecond} a second`),
    )
    quotas.set(namespace, fresh)
    return fresh
  }
  return (level, namespace, message) => {
    if (quotaOf(namespace).admit()) log(level, namespace, message)
  }
}
