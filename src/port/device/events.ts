/** The device's end of the lane of reliable events: numbered when emitted, kept until acknowledged, across sessions. */

import type { CancelTimer, Clock, Random } from '../../clock.js'
import { type Deferred, deferred } from '../../deferred.js'
import { Action, eventToken } from '../../wire/index.js'
import { createRepeatPauses } from './repeat-pauses.js'

export interface EventSender {
  /** `full`: the event is dropped and counted, and the host will be told how many. `exiting`: nothing comes after EXIT until
   * the host has acknowledged it. */
  emit(action: number, value: Uint8Array | undefined): 'kept' | 'full' | 'exiting'
  /** EXIT, which finds a place in a full queue too; once is enough. Resolves with true when it is acknowledged, with false
   * when the boot is over first. */
  exit(value: Uint8Array): Promise<boolean>
  /** Number of the oldest event kept, or of the next one. */
  readonly oldest: number
  /** How many are kept. */
  readonly kept: number
  /** A new session: everything is sent again from the oldest, once `open` is called. */
  reset(heartbeatMs: number): void
  /** The session is confirmed. */
  open(): void
  /** @returns false when it finishes nothing and repeats nothing, or calls missing what was not sent */
  acknowledged(token: number, missing: number | undefined): boolean
  stop(): void
}

export interface EventSenderOptions {
  readonly clock: Clock
  readonly random: Random
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
  /** How many of the kept ones went out since the last going back, and ever in this session. */
  let sent = 0
  let everSent = 0
  let dropped = 0
  let isOpen = false
  const pauses = createRepeatPauses(options.random)
  let wentBackTo: number | undefined
  /** The timer has sent the oldest again, alone; those behind it follow when that is answered. */
  let isOldestAgain = false
  let cancelTimer: CancelTimer = () => {}
  let exiting: Deferred<boolean> | undefined

  const pump = () => {
    if (!isOpen) return
    const before = sent
    while (sent < Math.min(window, kept.length)) {
      sendAt(sent)
      sent += 1
    }
    everSent = Math.max(everSent, sent)
    if (sent > before) arm()
  }
  const arm = () => {
    cancelTimer()
    if (options.lossless || kept.length === 0) return
    cancelTimer = clock.after(pauses.waitMs(), () => {
      pauses.repeated()
      // A loss that keeps step with the window would hit the same event each time, if all of them went out again.
      isOldestAgain = true
      wentBackTo = undefined
      sendAt(0)
      arm()
    })
  }
  const sendAt = (index: number) => {
    const event = kept[index]!
    options.send(event.action, eventToken(oldest + index), event.value)
  }
  /** What was dropped gets its place, as an event of its own, as soon as there is room. */
  const tellDropped = () => {
    if (dropped > 0 && kept.length < options.maxKeptEvents) keepDropped()
  }
  const keepDropped = () => {
    kept.push({ action: Action.SKIP, value: options.encodeCount(dropped) })
    dropped = 0
  }

  /** Which of the kept events was sent in this session with this token. */
  const sentWith = (token: number): number | undefined => {
    for (let i = 0; i < Math.min(everSent, kept.length); i++) if (eventToken(oldest + i) === token) return i
    return undefined
  }
  const finish = (count: number) => {
    const gone = kept.splice(0, count)
    oldest += count
    sent = isOldestAgain ? 0 : Math.max(0, sent - count)
    everSent -= count
    isOldestAgain = false
    pauses.progress()
    wentBackTo = undefined
    tellDropped()
    cancelTimer()
    if (sent > 0) arm()
    if (gone.at(-1)?.action !== Action.EXIT) return
    exiting?.resolve(true)
    exiting = undefined
  }

  return {
    emit(action, value) {
      if (exiting) return 'exiting'
      const needed = dropped > 0 ? 2 : 1
      if (kept.length + needed > options.maxKeptEvents) {
        dropped += 1
        return 'full'
      }
      tellDropped()
      kept.push({ action, value })
      pump()
      return 'kept'
    },
    exit(value) {
      if (!exiting) {
        exiting = deferred()
        if (dropped > 0) keepDropped()
        kept.push({ action: Action.EXIT, value })
        pump()
      }
      return exiting.promise
    },
    get oldest() {
      return oldest
    },
    get kept() {
      return kept.length
    },
    reset(heartbeatMs) {
      cancelTimer()
      isOpen = false
      sent = 0
      everSent = 0
      wentBackTo = undefined
      isOldestAgain = false
      pauses.reset(heartbeatMs)
    },
    open() {
      if (isOpen) return
      isOpen = true
      pump()
    },
    acknowledged(token, missing) {
      if (!isOpen) return false
      const finished = sentWith(token)
      // The event before the oldest: its ACK is repeated.
      if (finished === undefined && token !== eventToken(oldest + 254)) return false
      if (finished !== undefined) finish(finished + 1)
      const gap = missing === undefined ? undefined : sentWith(missing)
      if (gap !== undefined && wentBackTo !== oldest + gap) {
        wentBackTo = oldest + gap
        isOldestAgain = false
        sent = gap
      }
      pump()
      return missing === undefined || gap !== undefined
    },
    stop() {
      cancelTimer()
      exiting?.resolve(false)
    },
  }
}
