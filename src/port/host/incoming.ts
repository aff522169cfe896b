/** What a message of the device means, by the protocol and by the contract. Pure: nothing here changes anything. */

import { type Contract, decodeFields, type Event } from '../../contract/index.js'
import { Action, type DecodedMessage, FIRST_PROTOCOL_ACTION } from '../../wire/index.js'
import { SEVERITIES, type Severity } from '../types.js'
import type { Answer } from './pending.js'

export type Message = Extract<DecodedMessage, { readonly ok: true }>

/** What travels in the lane of reliable events. */
export type ReliableEvent =
  | { readonly kind: 'event'; readonly event: Event; readonly value: unknown }
  /** Takes the place of so many that the device had to drop. */
  | { readonly kind: 'dropped'; readonly count: number }
  /** The last one. */
  | { readonly kind: 'exit'; readonly status: number }
  /** It holds its number, but its content is of no use. */
  | { readonly kind: 'refused'; readonly problem: string }

export type Incoming =
  | { readonly kind: 'echo' }
  | { readonly kind: 'announcement' }
  | { readonly kind: 'log'; readonly severity: Severity; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'plain'; readonly event: Event; readonly value: unknown }
  | { readonly kind: 'reliable'; readonly item: ReliableEvent }
  | { readonly kind: 'request' }
  /** The device gave a request up. */
  | { readonly kind: 'request-skipped' }
  | { readonly kind: 'item'; readonly job: number; readonly sequence: number; readonly item: unknown }
  | {
      readonly kind: 'result'
      readonly job: number
      readonly status: number
      readonly value: unknown
      readonly items: number | undefined
    }
  /** `isPlain`: the device has counted it as a plain event all the same. */
  | { readonly kind: 'refused'; readonly problem: string; readonly isPlain: boolean }

/** What only hosts send: to receive it is to read one's own echo, from a tty in echo mode or a board fallen into a shell. */
const HOST_ONLY: ReadonlySet<number> = new Set([
  Action.TICK,
  Action.DESCRIBE,
  Action.BIND,
  Action.RESET,
  Action.STATS,
  Action.END_OF_INPUT,
  Action.CANCEL,
])

export function classify(message: Message, contract: Contract): Incoming {
  const { action, token, value } = message
  if (action < FIRST_PROTOCOL_ACTION) return application(message, contract)
  if (HOST_ONLY.has(action)) return { kind: 'echo' }
  switch (action) {
    case Action.HELLO:
      return token === 0 ? { kind: 'announcement' } : { kind: 'echo' }
    case Action.LOG:
      return log(value)
    case Action.REPLY:
      return { kind: 'answer', answer: { kind: 'reply', value } }
    case Action.ERROR:
      return error(value)
    case Action.EXIT:
      if (token === 0) break
      return { kind: 'reliable', item: { kind: 'exit', status: typeof value === 'number' ? value : 0 } }
    case Action.SKIP:
      if (token === 0) break
      if (typeof value === 'number') return skipped(value)
      if (value === null) return { kind: 'request-skipped' }
      break
    case Action.ACK:
      return { kind: 'answer', answer: { kind: 'accepted' } }
    case Action.NEXT:
      return next(value)
    case Action.RESULT:
      return result(value)
  }
  return refused(`action 0x${action.toString(16)} is not expected here`)
}

function application({ action, token, value }: Message, contract: Contract): Incoming {
  const member = contract.byIndex.get(action)
  if (member?.kind === 'action') return { kind: 'echo' }
  if (member?.kind === 'request') return { kind: 'request' }
  const event = member && contract.events.get(member.name)
  const decoded = event
    ? decodeFields(`event ${event.name}`, event.fields, value)
    : { ok: false as const, problem: `event ${action} is not in the contract` }
  if (token !== 0) {
    if (!event || !decoded.ok) {
      return { kind: 'reliable', item: { kind: 'refused', problem: decoded.ok ? '' : decoded.problem } }
    }
    return { kind: 'reliable', item: { kind: 'event', event, value: decoded.value } }
  }
  if (!event || !decoded.ok) return { kind: 'refused', problem: decoded.ok ? '' : decoded.problem, isPlain: true }
  return { kind: 'plain', event, value: decoded.value }
}

function skipped(count: number): Incoming {
  if (Number.isInteger(count) && count > 0) return { kind: 'reliable', item: { kind: 'dropped', count } }
  return { kind: 'reliable', item: { kind: 'refused', problem: `SKIP of ${count} events` } }
}

function error(value: unknown): Incoming {
  const [errorNumber, text] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof errorNumber !== 'number')
    return { kind: 'answer', answer: { kind: 'invalid', problem: 'ERROR without a number' } }
  const answer = { kind: 'error', errorNumber, text: typeof text === 'string' ? text : undefined } as const
  return { kind: 'answer', answer }
}

function next(value: unknown): Incoming {
  const [job, sequence, item] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof job !== 'number' || typeof sequence !== 'number')
    return refused('a NEXT that is not [job, sequence, item]')
  return { kind: 'item', job, sequence, item: item ?? null }
}

function result(value: unknown): Incoming {
  const [job, status, result, items] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof job !== 'number' || typeof status !== 'number')
    return refused('a RESULT that is not [job, status, value, items]')
  return { kind: 'result', job, status, value: result ?? null, items: typeof items === 'number' ? items : undefined }
}

function log(value: unknown): Incoming {
  const [number, text] = Array.isArray(value) ? (value as unknown[]) : []
  const severity = typeof number === 'number' ? SEVERITIES[number] : undefined
  if (severity === undefined || typeof text !== 'string') return refused('a LOG that is not [severity, text]')
  return { kind: 'log', severity, text }
}

function refused(problem: string): Incoming {
  return { kind: 'refused', problem, isPlain: false }
}
