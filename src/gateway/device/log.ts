/** Log lines of a device on its topic: each one message of one line, cut, and so many a second. */

import type { Clock } from '../../clock.js'
import { LIMITS } from '../limits.js'
import { createLineQuota } from '../line-quota.js'
import type { MqttPipe } from '../mqtt/pipe.js'
import { cutLine, printableJson } from '../printable.js'

export interface DeviceLogLine {
  readonly severity: string
  readonly message: string
  readonly source?: 'console'
}

export interface DeviceLog {
  say(line: DeviceLogLine): void
  close(): void
}

export interface DeviceLogOptions {
  readonly topic: string
  readonly pipe: Pick<MqttPipe, 'publishOnce'>
  /** Wall-clock time, for `at`. */
  readonly now: () => Date
  readonly clock: Clock
}

export function createDeviceLog({ topic, pipe, now, clock }: DeviceLogOptions): DeviceLog {
  const publish = (line: DeviceLogLine) => {
    const message = cutLine(line.message, LIMITS.logMessageBytes)
    const payload = printableJson(JSON.stringify({ ...line, message, at: now().toISOString() }))
    pipe.publishOnce({ topic, payload, qos: 0, retain: false })
  }
  const quota = createLineQuota(LIMITS.logLinesPerSecond, clock, (count) =>
    publish({
      severity: 'warning',
      message: `${count} log lines were left out: more than ${LIMITS.logLinesPerSecond} a second`,
    }),
  )
  return {
    say(line) {
      if (quota.admit()) publish(line)
    },
    close: () => quota.close(),
  }
}
