/** Runs the calls of a session: each token once, its answer kept for repeats; what takes long goes on as a job. */

import type { CancelTimer, Clock } from '../../clock.js'
import { type Contract, type Action as ContractAction, decodeArgs, encodeResult } from '../../contract/index.js'
import { isThenable } from '../../deferred.js'
import { Action, ErrorNumber, nextToken, type ValueCodec } from '../../wire/index.js'
import { ApplicationError } from '../errors.js'
import { DEVICE_DEFAULTS } from '../limits.js'
import type { RequestSender } from './requests.js'

/** What a handler may do besides answering. */
export interface HandlerContext {
  /** Aborted when the host cancels the job or begins a new session. */
  readonly signal: AbortSignal
  /** Sends an item of the action's stream; the first one makes the call a job. */
  next(item: unknown): void
}

export type DeviceHandler = (args: Record<string, unknown>, context: HandlerContext) => unknown

/** The calls of one session. */
export interface CallServer {
  /** @returns false when the token is out of turn and nothing is kept for it */
  received(token: number, run: (answer: CallAnswer) => void): 'taken' | 'repeated' | 'refused'
  /** Runs the handler of an application's action. */
  run(index: number, value: unknown, token: number, answer: CallAnswer): void
  /** Runs it without an answer. @returns false when it could not be run */
  cast(index: number, value: unknown): boolean
  cancel(job: number): void
  /** Jobs that run, or whose end the host has not acknowledged. */
  readonly unfinishedJobs: number
  /** The session is over: what runs is told to cancel, nothing of it is sent any more. */
  end(): void
}

export interface CallAnswer {
  reply(value: unknown): void
  error(errorNumber: number, text?: string): void
}

export interface CallServerOptions {
  readonly clock: Clock
  readonly codec: ValueCodec
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: DeviceHandler }
  readonly window: number
  readonly requests: RequestSender
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => void
  readonly executed: () => void
  /** The host has acknowledged the end of a job. */
  readonly jobTold: () => void
}

/** HELLO has token 1. */
const FIRST_CALL_TOKEN = 2
const MAX_ANSWER_BYTES = 65_535
const JOB_DONE = 0

type Kept = { readonly action: number; readonly value: Uint8Array | undefined } | undefined

export function createCallServer(options: CallServerOptions): CallServer {
  const { clock, codec, contract, requests } = options
  const answers = new Map<number, Kept>() // undefined: its handler still runs
  const jobs = new Map<number, AbortController>()
  /** Of every handler that runs, as a job or not. */
  const running = new Set<AbortController>()
  let expected = FIRST_CALL_TOKEN
  let ended = false

  const answer = (token: number, action: number, value: Uint8Array | undefined) => {
    if (ended) return // a new session began while the handler ran
    const tooLarge = 2 + (value?.length ?? 0) > MAX_ANSWER_BYTES
    const kept = tooLarge ? { action: Action.ERROR, value: codec.encode([ErrorNumber.REPLY_GONE]) } : { action, value }
    answers.set(token, kept) // in the order of the tokens: an answer that is still wanted must not go first
    while (answers.size > options.window) answers.delete(answers.keys().next().value!)
    options.write(kept.action, token, kept.value)
  }
  const answerTo = (token: number): CallAnswer => ({
    reply: (value) => answer(token, Action.REPLY, codec.encode(value)),
    error: (errorNumber, text) =>
      answer(token, Action.ERROR, codec.encode(text === undefined ? [errorNumber] : [errorNumber, text])),
  })

  const find = (index: number): { action: ContractAction; handler: DeviceHandler } | undefined => {
    const member = contract.byIndex.get(index)
    if (member?.kind !== 'action') return undefined
    const handler = Object.hasOwn(options.handlers, member.name) ? options.handlers[member.name] : undefined
    return handler && { action: contract.actions.get(member.name)!, handler }
  }

  /** From the call to its answer, or over ACK, items and RESULT. */
  const execute = (action: ContractAction, handler: DeviceHandler, args: unknown, token: number, to: CallAnswer) => {
    const abort = new AbortController()
    let phase: 'call' | 'job' | 'over' = 'call'
    let items = 0
    let cancelPatience: CancelTimer = () => {}

    const becomeJob = (): boolean => {
      if (phase !== 'call' || ended || jobs.has(token)) return phase === 'job'
      cancelPatience()
      phase = 'job'
      jobs.set(token, abort)
      answer(token, Action.ACK, undefined)
      return true
    }
    running.add(abort)
    const over = (finish: { inCall(): void; result: readonly unknown[] }) => {
      const was = phase
      running.delete(abort)
      phase = 'over'
      cancelPatience()
      if (was === 'call') finish.inCall()
      else if (was === 'job' && !ended) requests.result([token, ...finish.result, items], () => told(token))
    }
    const told = (job: number) => {
      jobs.delete(job)
      options.jobTold()
    }
    const succeeded = (result: unknown) => {
      const value = encodeResult(action.name, action.result, result)
      over({ inCall: () => to.reply(value), result: [JOB_DONE, value] })
    }
    const failed = (error: unknown) => {
      const [errorNumber, text] = abort.signal.aborted ? [ErrorNumber.CANCELLED, 'cancelled'] : errorAnswer(error)
      over({ inCall: () => to.error(errorNumber, text), result: [errorNumber, text] })
    }
    const context: HandlerContext = {
      signal: abort.signal,
      next(item) {
        if (ended || phase === 'over' || !becomeJob()) return
        const value = encodeResult(`item of ${action.name}`, action.stream, item)
        options.write(Action.NEXT, 0, codec.encode([token, items, value]))
        items += 1
      },
    }
    try {
      const result = handler(args as Record<string, unknown>, context)
      if (!isThenable(result)) return succeeded(result)
      if (action.stream.kind !== 'void') becomeJob()
      else cancelPatience = clock.after(DEVICE_DEFAULTS.jobAfterMs, becomeJob)
      Promise.resolve(result).then(succeeded).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  return {
    received(token, run) {
      if (token !== expected) {
        const kept = answers.get(token)
        if (kept) options.write(kept.action, token, kept.value)
        return answers.has(token) ? 'repeated' : 'refused'
      }
      expected = nextToken(token)
      answers.delete(token)
      answers.set(token, undefined)
      run(answerTo(token))
      return 'taken'
    },
    run(index, value, token, to) {
      const found = find(index)
      if (!found) return to.error(ErrorNumber.UNKNOWN_ACTION)
      const args = decodeArgs(found.action.name, found.action.args, value, true)
      if (!args.ok) return to.error(args.tooLarge ? ErrorNumber.TOO_LARGE : ErrorNumber.BAD_ARGUMENTS, args.problem)
      // The job of an earlier call has this number until the host has heard of its end.
      if (found.action.stream.kind !== 'void' && jobs.has(token)) return to.error(ErrorNumber.BUSY)
      options.executed()
      execute(found.action, found.handler, args.value, token, to)
    },
    cast(index, value) {
      const found = find(index)
      const args = found && decodeArgs(found.action.name, found.action.args, value, true)
      if (!found || !args?.ok) return false
      options.executed()
      try {
        const context = { signal: new AbortController().signal, next: () => {} }
        const result = found.handler(args.value as Record<string, unknown>, context)
        if (isThenable(result)) result.then(undefined, () => {})
      } catch {
        // It ran, and nobody waits for its answer.
      }
      return true
    },
    cancel: (job) => jobs.get(job)?.abort(new Error('the host has cancelled the job')),
    get unfinishedJobs() {
      return ended ? 0 : jobs.size
    },
    end() {
      ended = true
      for (const abort of running) abort.abort(new Error('the host has begun a new session'))
    },
  }
}

function errorAnswer(error: unknown): [number, string] {
  if (error instanceof ApplicationError && error.errorNumber >= ErrorNumber.FIRST_APPLICATION) {
    return [error.errorNumber, error.message]
  }
  return [ErrorNumber.FIRST_APPLICATION, error instanceof Error ? error.message : String(error)]
}
