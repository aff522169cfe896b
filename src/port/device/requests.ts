/** The device's end of the lane in which it asks the host and ends jobs: one message unanswered at a time, RESULT first. */

import type { CancelTimer, Clock, Random } from '../../clock.js'
import { Action, nextToken, type ValueCodec } from '../../wire/index.js'
import { createRepeatPauses } from './repeat-pauses.js'

/** How a request ended. */
export type AskEnd =
  | { readonly kind: 'reply'; readonly value: unknown }
  | { readonly kind: 'error'; readonly errorNumber: number; readonly text: string | undefined }
  | { readonly kind: 'timeout' }
  /** The host began a new session: it will not answer. */
  | { readonly kind: 'session' }

export interface RequestSender {
  ask(action: number, args: readonly unknown[], deadlineMs: number, ended: (end: AskEnd) => void): void
  /** Tells the end of a job. @param told the host has answered */
  result(value: readonly unknown[], told: () => void): void
  /** @param value undefined: it could not be read
   * @returns false when nothing waits for it */
  answered(action: number, token: number, value: unknown): boolean
  /** A new session: what waits has failed, tokens start anew. */
  reset(heartbeatMs: number): void
  /** The session is confirmed. */
  open(): void
  stop(): void
}

export interface RequestSenderOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly lossless: boolean
  readonly send: (action: number, token: number, value: Uint8Array | undefined) => void
}

interface Entry {
  action: number
  value: Uint8Array | undefined
  readonly isResult: boolean
  answered(action: number, value: unknown): void
  abandoned(): void
}

export function createRequestSender(options: RequestSenderOptions): RequestSender {
  const { clock, codec } = options
  const waiting: Entry[] = []
  let unanswered: { readonly entry: Entry; readonly token: number } | undefined
  let token = 1
  let isOpen = false
  const pauses = createRepeatPauses(options.random)
  let cancelTimer: CancelTimer = () => {}

  const send = () => {
    if (!unanswered) return
    options.send(unanswered.entry.action, unanswered.token, unanswered.entry.value)
    cancelTimer()
    if (options.lossless) return
    cancelTimer = clock.after(pauses.waitMs(), () => {
      pauses.repeated()
      send()
    })
  }
  const pump = () => {
    if (!isOpen || unanswered) return
    const at = Math.max(
      0,
      waiting.findIndex((entry) => entry.isResult),
    )
    const [entry] = waiting.splice(at, 1)
    if (!entry) return
    unanswered = { entry, token }
    token = nextToken(token)
    pauses.progress()
    send()
  }

  return {
    ask(action, args, deadlineMs, ended) {
      let isOver = false
      const over = (end: AskEnd) => {
        if (isOver) return
        isOver = true
        cancelDeadline()
        ended(end)
      }
      const entry: Entry = {
        action,
        value: codec.encode([deadlineMs, ...args]),
        isResult: false,
        answered(answerAction, value) {
          if (answerAction === Action.REPLY) return over({ kind: 'reply', value })
          const [errorNumber, text] = Array.isArray(value) ? (value as unknown[]) : []
          over({
            kind: 'error',
            errorNumber: typeof errorNumber === 'number' ? errorNumber : 0,
            text: typeof text === 'string' ? text : undefined,
          })
        },
        abandoned: () => over({ kind: 'session' }),
      }
      const cancelDeadline = clock.after(deadlineMs, () => {
        over({ kind: 'timeout' })
        const at = waiting.indexOf(entry)
        if (at >= 0) waiting.splice(at, 1)
        else if (unanswered?.entry === entry) {
          // Its token must not be left out: SKIP takes its place until it is answered.
          entry.action = Action.SKIP
          entry.value = undefined
          if (options.lossless) return
          pauses.progress()
          send()
        }
      })
      waiting.push(entry)
      pump()
    },
    result(value, told) {
      const entry = {
        action: Action.RESULT,
        value: codec.encode(value),
        isResult: true,
        answered: told,
        abandoned: told,
      }
      waiting.push(entry)
      pump()
    },
    answered(action, answeredToken, value) {
      if (unanswered?.token !== answeredToken) return false
      const { entry } = unanswered
      unanswered = undefined
      cancelTimer()
      entry.answered(action, value)
      pump()
      return true
    },
    reset(heartbeatMs) {
      cancelTimer()
      isOpen = false
      token = 1
      pauses.reset(heartbeatMs)
      const abandoned = [...(unanswered ? [unanswered.entry] : []), ...waiting.splice(0)]
      unanswered = undefined
      for (const entry of abandoned) entry.abandoned()
    },
    open() {
      isOpen = true
      pump()
    },
    stop() {
      isOpen = false
      cancelTimer()
    },
  }
}
