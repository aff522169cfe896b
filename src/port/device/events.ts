/** The device's end of the lane of reliable events: numbered when emitted, kept until acknowledged, across sessions. */

import type { CancelTimer, Clock } from '../../clock.js'
import { Action, eventToken } from '../../wire/index.js'
import { DEVICE_DEFAULTS } from '../limits.js'

export interface EventSender {
  /** False: the queue is full; the event is dropped and counted, and the host will be told how many. */
  emit(action: number, value: Uint8Array | undefined): boolean
  /** Number of the oldest event kept, or of the next one. */
  readonly oldest: number
  /** A new session: everything is sent again from the oldest, once `open` is called. */
  reset(heartbeatMs: number): void
  /** The session is confirmed. */
  open(): void
  acknowledged(token: number, missing: number | undefined): void
  stop(): void
}

export interface EventSenderOptions {
  readonly clock: Clock
  readonly window: number
  readonly maxKeptEvents: number
  /** Nothing is sent twice. */
  readonly lossless: boolean
  readonly send: (action: number, token: number, value: Uint8Array | undefined) => void
  readonly encodeCount: (count: number) => Uint8Array
}

export function createEventSender(options: EventSenderOptions): EventSender {
  const { clock, window } = options
  const kept: { readonly action: number; readonly value: Uint8Array | undefined }[] = []
  let oldest = 0
  /** How many of the kept ones went out since the last repeat, and ever in this session. */
  let sent = 0
  let everSent = 0
  let dropped = 0
  let isOpen = false
  let pauseMs: number = DEVICE_DEFAULTS.firstRepeatMs
  let slowestMs = 250
  let wentBackTo: number | undefined
  let cancelTimer: CancelTimer = () => {}

  const pump = () => {
    if (!isOpen) return
    const before = sent
    while (sent < Math.min(window, kept.length)) {
      const event = kept[sent]!
      options.send(event.action, eventToken(oldest + sent), event.value)
      sent += 1
    }
    everSent = Math.max(everSent, sent)
    if (sent > before) arm()
  }
  const arm = () => {
    cancelTimer()
    if (options.lossless || kept.length === 0) return
    cancelTimer = clock.after(pauseMs, () => {
      pauseMs = Math.min(pauseMs * 2, slowestMs)
      sent = 0
      wentBackTo = undefined
      pump()
    })
  }
  /** What was dropped gets its place, as an event of its own, as soon as there is room. */
  const tellDropped = () => {
    if (dropped === 0 || kept.length >= options.maxKeptEvents) return
    kept.push({ action: Action.SKIP, value: options.encodeCount(dropped) })
    dropped = 0
  }

  return {
    emit(action, value) {
      const needed = dropped > 0 ? 2 : 1
      if (kept.length + needed > options.maxKeptEvents) {
        dropped += 1
        return false
      }
      tellDropped()
      kept.push({ action, value })
      pump()
      return true
    },
    get oldest() {
      return oldest
    },
    reset(heartbeatMs) {
      cancelTimer()
      isOpen = false
      sent = 0
      everSent = 0
      wentBackTo = undefined
      pauseMs = DEVICE_DEFAULTS.firstRepeatMs
      slowestMs = Math.max(pauseMs, (heartbeatMs || 1_000) / 4)
    },
    open() {
      if (isOpen) return
      isOpen = true
      pump()
    },
    acknowledged(token, missing) {
      const sendable = Math.min(everSent, kept.length)
      for (let i = 0; i < sendable; i++) {
        if (eventToken(oldest + i) !== token) continue
        kept.splice(0, i + 1)
        oldest += i + 1
        sent = Math.max(0, sent - i - 1)
        everSent -= i + 1
        pauseMs = DEVICE_DEFAULTS.firstRepeatMs
        wentBackTo = undefined
        tellDropped()
        cancelTimer()
        if (sent > 0) arm()
        break
      }
      if (missing !== undefined) {
        for (let i = 0; i < Math.min(everSent, kept.length); i++) {
          if (eventToken(oldest + i) !== missing || wentBackTo === oldest + i) continue
          wentBackTo = oldest + i
          sent = i
          break
        }
      }
      pump()
    },
    stop: () => cancelTimer(),
  }
}
