/** The items of a job as an async iterable, bounded, with what was lost counted. */

import { type Contract, decodeResult } from '../../contract/index.js'
import { deferred } from '../../deferred.js'
import { MAX_WAITING_ITEMS } from '../limits.js'
import type { CallStream } from '../types.js'
import type { Calls, HowToCall } from './calls.js'
import { onAbort } from './on-abort.js'

export interface StreamOptions {
  readonly contract: Contract
  readonly calls: Calls
  readonly action: string
  readonly args: unknown
  readonly how: Omit<HowToCall, 'items'>
  /** The deadline ends once the device has taken the job. */
  readonly untilAccepted: boolean
  /** So many items never reached the reader. */
  readonly lost: (count: number) => void
  readonly refused: (problem: string) => void
}

/** Makes the call at once; its items wait for the reader, at most MAX_WAITING_ITEMS of them. */
export function createCallStream(options: StreamOptions): CallStream<unknown, unknown> {
  const { contract, action } = options
  const abort = new AbortController()
  const { signal } = options.how
  let stopListening = () => {}
  if (signal?.aborted) abort.abort(signal.reason)
  else if (signal) stopListening = onAbort(signal, () => abort.abort(signal.reason))
  const waiting: unknown[] = []
  let lost = 0
  let ended = false
  let wake = deferred<void>()

  const lose = (count: number) => {
    lost += count
    options.lost(count)
  }
  const item = (wire: unknown) => {
    const stream = contract.actions.get(action)?.stream ?? { kind: 'any' }
    const decoded = decodeResult(`item of ${action}`, stream.kind === 'void' ? { kind: 'any' } : stream, wire)
    if (!decoded.ok) options.refused(decoded.problem)
    if (!decoded.ok || waiting.length >= MAX_WAITING_ITEMS) return lose(1)
    waiting.push(decoded.value)
    wake.resolve()
  }
  const result = options.calls.call(action, options.args, {
    ...options.how,
    signal: abort.signal,
    items: { item, lost: lose, accepted: () => options.untilAccepted },
  })
  const end = () => {
    ended = true
    stopListening()
    wake.resolve()
  }
  result.then(end, end)

  return {
    result,
    get lost() {
      return lost
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          while (waiting.length > 0) yield waiting.shift()
          if (ended) break
          await wake.promise
          wake = deferred()
        }
        await result // a job that failed fails its reader too
      } finally {
        // A reader that leaves early does not want the rest: the device is told.
        if (!ended) {
          result.catch(() => {})
          abort.abort(new Error('the reader of the stream has left'))
        }
      }
    },
  }
}
