/** The baud rate of a device's line: raised when HELLO asks for it, and back at the rate of opening when the host is not heard. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { HostHello } from '../../wire/index.js'
import { BAUD_RATE, SILENT_HEARTBEATS } from '../limits.js'

export interface DeviceBaudRateOptions {
  /** The rate after a boot, bits per second. */
  readonly opening: number
  /** What HELLO may ask for. */
  readonly others: readonly number[]
  /** Sets the line once everything that was written has left it. */
  set(baudRate: number): void
}

export interface DeviceBaudRate {
  /** HELLO has been answered. */
  helloAnswered(host: HostHello): void
  /** A good frame of the session came. */
  heard(): void
  stop(): void
}

export function createDeviceBaudRate(clock: Clock, { opening, others, set }: DeviceBaudRateOptions): DeviceBaudRate {
  let now = opening
  let heardAtMs = 0
  let boundMs = 0
  let silenceMs = 0
  let cancelLook: CancelTimer = () => {}

  const change = (baudRate: number) => {
    if (baudRate === now) return
    now = baudRate
    set(baudRate)
  }
  const look = () => {
    const leftMs = heardAtMs + boundMs - clock.nowMs()
    if (leftMs <= 0) change(opening)
    else cancelLook = clock.after(leftMs, look)
  }
  return {
    helloAnswered({ baudRate, heartbeatMs }) {
      cancelLook()
      // Without a heartbeat silence would say nothing, and a long one would keep host and device apart for long.
      const isUsable = heartbeatMs > 0 && heartbeatMs <= BAUD_RATE.maxHeartbeatMs
      change(isUsable && baudRate !== null && others.includes(baudRate) ? baudRate : opening)
      if (now === opening) return
      silenceMs = SILENT_HEARTBEATS * heartbeatMs
      boundMs = BAUD_RATE.trialMs
      heardAtMs = clock.nowMs()
      look()
    },
    heard() {
      heardAtMs = clock.nowMs()
      if (boundMs === silenceMs || now === opening) return
      boundMs = silenceMs
      cancelLook()
      look()
    },
    stop: () => cancelLook(),
  }
}
