/** The host's end of the lane in which the device asks and ends jobs: the next token only, answers kept for repeats. */

import { Action, ErrorNumber, nextToken, type ValueCodec } from '../../wire/index.js'
import { KEPT_REQUEST_ANSWERS } from '../limits.js'

/** Either answer, encoded; undefined: no value. */
export interface RequestAnswer {
  readonly action: number
  readonly value: Uint8Array | undefined
}

export interface RequestLane {
  /** Takes a message of the lane as it came.
   * @param run  called for a token that is new; it answers once, now or later */
  received(token: number, run: (answer: (answer: RequestAnswer) => void) => void): 'taken' | 'repeated' | 'refused'
  /** SKIP in place of a request that the device gave up. */
  skipped(token: number): void
  stop(): void
}

export interface RequestLaneOptions {
  readonly codec: ValueCodec
  readonly send: (token: number, answer: RequestAnswer) => void
}

export function createRequestLane(options: RequestLaneOptions): RequestLane {
  const answers = new Map<number, RequestAnswer | undefined>() // undefined: its handler still runs
  let expected = 1
  let stopped = false

  const received: RequestLane['received'] = (token, run) => {
    if (token !== expected) {
      const kept = answers.get(token)
      if (kept) options.send(token, kept)
      return answers.has(token) ? 'repeated' : 'refused'
    }
    expected = nextToken(token)
    answers.delete(token)
    answers.set(token, undefined)
    while (answers.size > KEPT_REQUEST_ANSWERS) answers.delete(answers.keys().next().value!)
    run((answer) => {
      if (stopped || !answers.has(token) || answers.get(token) !== undefined) return
      answers.set(token, answer)
      options.send(token, answer)
    })
    return 'taken'
  }
  return {
    received,
    skipped(token) {
      received(token, (answer) => answer({ action: Action.ERROR, value: options.codec.encode([ErrorNumber.SKIPPED]) }))
    },
    stop() {
      stopped = true
    },
  }
}
