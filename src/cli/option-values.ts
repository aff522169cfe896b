/** What a flag's text means, for commander. */

import { InvalidArgumentError } from 'commander'
import { parseDurationMs } from '../gateway/units.js'

export function baudRate(text: string): number {
  const rate = Number(text)
  if (!Number.isInteger(rate) || rate < 50) throw new InvalidArgumentError('Expected a whole number from 50.')
  return rate
}

export function durationMs(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('Expected a duration like 250ms or 5s.')
  return ms
}

/** An empty one is what a shell makes of a variable that is not set. */
export function filePath(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected the path of a file.')
  return text
}
