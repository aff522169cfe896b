/** The host's end of the lane of reliable events: the next number only, one consumer at a time, ACK when it has finished. */

import { isThenable } from '../../deferred.js'
import { eventToken, tokenDistance } from '../../wire/index.js'
import { MAX_EVENT_GAP, MAX_UNFINISHED_EVENTS } from '../limits.js'

export interface EventLane<E> {
  /** Takes a message of the lane as it came from the line. */
  received(token: number, event: E): 'taken' | 'repeated' | 'gap' | 'full'
  /** From here on events reach the consumer. */
  start(): void
  /** The session is over: what a consumer still works on is not acknowledged. */
  stop(): void
}

export interface EventLaneOptions<E> {
  /** The oldest number that the device keeps, as hello told it. */
  readonly first: number
  /** Sends ACK: token of the last finished event; `missing` is the token that a gap starts with. */
  acknowledge(token: number, missing: number | undefined): void
  /** Resolves when the event is finished; a rejection stops the lane. */
  consume(event: E, number: number): void | Promise<void>
  /** The lane has stopped because a consumer failed. */
  stopped(event: E, error: unknown): void
}

export function createEventLane<E>(options: EventLaneOptions<E>): EventLane<E> {
  let expected = options.first
  let finished = options.first // number of the first event that is not finished
  let state: 'waiting' | 'running' | 'busy' | 'stopped' = 'waiting'
  const work: { readonly number: number; readonly event: E }[] = []

  const acknowledge = (missing?: number) => {
    // Before the first event the token is that of number -1: it finishes nothing, but can name a gap.
    options.acknowledge(eventToken((finished + 254) % 255), missing)
  }

  const run = async () => {
    if (state !== 'running') return
    state = 'busy'
    for (let next = work[0]; next !== undefined; next = work[0]) {
      try {
        const result = options.consume(next.event, next.number)
        if (isThenable(result)) await result
      } catch (error) {
        if (isStopped()) return
        state = 'stopped'
        options.stopped(next.event, error)
        return
      }
      if (isStopped()) return
      work.shift()
      finished = next.number + 1
      acknowledge()
    }
    state = 'running'
  }
  // A function, as the state changes while run() awaits.
  const isStopped = () => state === 'stopped'

  return {
    received(token, event) {
      const ahead = tokenDistance(eventToken(expected), token)
      if (ahead === 0) {
        if (work.length >= MAX_UNFINISHED_EVENTS) return 'full'
        work.push({ number: expected, event })
        expected += 1
        void run()
        return 'taken'
      }
      if (ahead < MAX_EVENT_GAP) {
        acknowledge(eventToken(expected))
        return 'gap'
      }
      // Behind: a repeat. Of a finished one the ACK was lost; one that is still worked on gets its ACK in time.
      if (tokenDistance(eventToken(finished), token) >= MAX_EVENT_GAP) acknowledge()
      return 'repeated'
    },
    start() {
      if (state !== 'waiting') return
      state = 'running'
      void run()
    },
    stop() {
      state = 'stopped'
      work.length = 0
    },
  }
}
