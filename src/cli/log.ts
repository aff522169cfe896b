/** Log lines on stderr: text for people and journals, JSON for collectors. */

import type { Log, LogLevel } from '../gateway/index.js'
import { LIMITS } from '../gateway/limits.js'
import { LOG_LEVELS } from '../gateway/log.js'
import { cutLine, printable } from '../gateway/printable.js'
import type { Io } from './io.js'
import { showTime } from './show.js'

export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** @param least lines below this level are left out */
export async function createLog(io: Io, format: LogFormat, least: LogLevel): Promise<Log> {
  if (format === 'text') {
    const from = LOG_LEVELS.indexOf(least)
    return (level, namespace, message) => {
      if (LOG_LEVELS.indexOf(level) < from) return
      const line = `${namespace}  ${cutLine(message, LIMITS.logMessageBytes).replace(/\s*\n\s*/g, ' ')}`
      io.stderr.write(`${showTime(new Date())} ${level.padEnd(5)} ${printable(line)}\n`)
    }
  }
  const { pino } = await import('pino')
  const logger = pino({ level: least, base: null }, io.stderr)
  return (level, namespace, message) =>
    logger[level]({ namespace }, printable(cutLine(message, LIMITS.logMessageBytes)))
}
