/** Who answers what the device asks: handlers that take turns, each request with its deadline. */

import type { CancelTimer, Clock } from '../../clock.js'
import { type Contract, decodeArgs, encodeResult } from '../../contract/index.js'
import { isThenable } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import { Action, ErrorNumber, type ValueCodec } from '../../wire/index.js'
import { ApplicationError } from '../errors.js'
import type { PortCounters, RequestContext } from '../types.js'
import type { RequestAnswer } from './request-lane.js'

type Handler = (args: unknown, context: RequestContext) => unknown

export interface RequestHandlers {
  handle(request: string, handler: Handler): () => void
  /** Answers the request with this index once; `value` is as it came, the deadline in front. */
  answer(index: number, value: unknown, done: (answer: RequestAnswer) => void): void
  /** The session that asked is over: handlers that still run are told by their signal, and are not waited for. */
  end(): void
}

export interface RequestHandlersOptions {
  readonly contract: Contract
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly counters: PortCounters
  readonly refused: (problem: string) => void
}

export function createRequestHandlers(options: RequestHandlersOptions): RequestHandlers {
  const { contract, codec, clock, counters } = options
  const handlers = new Map<string, Handler[]>()
  /** How to abandon each request whose handler still runs. */
  const running = new Set<() => void>()

  const answer: RequestHandlers['answer'] = (index, value, done) => {
    const fail = (errorNumber: number, text?: string) =>
      done({ action: Action.ERROR, value: codec.encode(text === undefined ? [errorNumber] : [errorNumber, text]) })
    const member = contract.byIndex.get(index)
    const request = member?.kind === 'request' ? contract.requests.get(member.name) : undefined
    // They take turns: the one that answers goes to the end of the row.
    const row = request && handlers.get(request.name)
    const handler = row?.shift()
    if (!request || !row || !handler) return fail(ErrorNumber.UNKNOWN_ACTION)
    row.push(handler)

    const [deadlineMs, ...values] = Array.isArray(value) ? (value as unknown[]) : []
    const args = decodeArgs(`request ${request.name}`, request.args, values)
    if (typeof deadlineMs !== 'number' || !args.ok) {
      const problem = args.ok ? `request ${request.name}: no deadline in front` : args.problem
      options.refused(problem)
      return fail(ErrorNumber.BAD_ARGUMENTS, problem)
    }
    counters.requestsReceived += 1
    const abort = new AbortController()
    let isOver = false
    let cancelDeadline: CancelTimer = () => {}
    const once = (finish: () => void) => {
      if (isOver) {
        counters.lateAnswers += 1
        return
      }
      over()
      finish()
    }
    const over = () => {
      isOver = true
      running.delete(abandoned)
      cancelDeadline()
    }
    const abandoned = () => {
      over()
      abort.abort(new PortwireError('PORT_EXITED', `request ${request.name}: the session that asked is over`))
    }
    const expired = () => {
      over()
      abort.abort(
        new PortwireError('CALL_TIMEOUT', `request ${request.name}: its deadline of ${deadlineMs} ms has passed`),
      )
      fail(ErrorNumber.EXPIRED)
    }
    if (deadlineMs <= 0) return expired()
    running.add(abandoned)
    cancelDeadline = clock.after(deadlineMs, expired)
    const finished = (result: unknown) =>
      once(() => {
        try {
          const encoded = encodeResult(`result of request ${request.name}`, request.result, result)
          done({ action: Action.REPLY, value: codec.encode(encoded) })
        } catch (error) {
          failed(error)
        }
      })
    const failed = (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      options.refused(`handler of request ${request.name}: ${text}`)
      const errorNumber = error instanceof ApplicationError ? error.errorNumber : ErrorNumber.FIRST_APPLICATION
      fail(errorNumber, text)
    }
    try {
      const result = handler(args.value, { deadlineMs, signal: abort.signal })
      if (isThenable(result)) result.then(finished, (error) => once(() => failed(error)))
      else finished(result)
    } catch (error) {
      once(() => failed(error))
    }
  }

  return {
    handle(name, handler) {
      if (!contract.requests.has(name)) {
        const known = [...contract.requests.keys()].join(', ') || 'none'
        throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no request ${name}; it has: ${known}`)
      }
      const own: Handler = (args, context) => handler(args, context)
      const row = handlers.get(name) ?? []
      handlers.set(name, row)
      row.push(own)
      return () => {
        const at = row.indexOf(own)
        if (at >= 0) row.splice(at, 1)
      }
    },
    answer,
    end() {
      for (const abandoned of [...running]) abandoned()
    },
  }
}
