/** What the gateway says about itself: lines with a level. The caller decides where they go. */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** `namespace` is `portwire:<part>`, as in `bridge/logging`. */
export type Log = (level: LogLevel, namespace: string, message: string) => void

export const silentLog: Log = () => {}
