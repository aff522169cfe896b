/** What the gateway says about itself: lines with a level. The caller decides where they go. */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export function isLogLevel(value: unknown): value is LogLevel {
  return LOG_LEVELS.some((level) => level === value)
}

/** Whether a line of `level` is wanted where `least` is the lowest that is. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least)
}

/** `namespace` is `portwire:<part>`, as in `bridge/logging`. */
export type Log = (level: LogLevel, namespace: string, message: string) => void

export const silentLog: Log = () => {}
