/** The host's end of the lane of reliable events: the next number only, begun in order, ACK up to the first that is not finished. */

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
  /** At most so many are unfinished while this event is, itself counted; 1: it is alone. */
  ahead(event: E): number
  /** The lane has stopped because a consumer failed: nothing is begun any more, and nothing from that event on acknowledged. */
  stopped(event: E, error: unknown): void
}

interface Work<E> {
  readonly number: number
  readonly event: E
  /** Known when it is begun: its consumer may have come meanwhile. */
  ahead: number
  isFinished: boolean
}

export function createEventLane<E>(options: EventLaneOptions<E>): EventLane<E> {
  let expected = options.first
  let finished = options.first // number of the first event that is not finished
  /** `failed`: those before the one that failed may still finish. */
  let state: 'waiting' | 'running' | 'failed' | 'stopped' = 'waiting'
  /** From `finished` on. */
  const work: Work<E>[] = []
  /** So many of them were begun. */
  let begun = 0
  let isBeginning = false

  const acknowledge = (missing?: number) => {
    // Before the first event the token is that of number -1: it finishes nothing, but can name a gap.
    options.acknowledge(eventToken((finished + 254) % 255), missing)
  }

  const run = () => {
    if (isBeginning) return
    isBeginning = true
    while (state === 'running' && begun < work.length && mayBegin(work[begun]!)) begin(work[begun]!)
    isBeginning = false
  }

  const mayBegin = (next: Work<E>) => {
    next.ahead = options.ahead(next.event)
    let most = next.ahead
    for (let at = 0; at < begun; at++) most = Math.min(most, work[at]!.ahead)
    return begun < most
  }

  const begin = (item: Work<E>) => {
    begun += 1
    try {
      const result = options.consume(item.event, item.number)
      if (!isThenable(result)) return finish(item)
      Promise.resolve(result).then(
        () => finish(item),
        (error: unknown) => fail(item, error),
      )
    } catch (error) {
      fail(item, error)
    }
  }

  const finish = (item: Work<E>) => {
    if (state === 'stopped') return
    item.isFinished = true
    if (work[0] !== item) return
    while (work[0]?.isFinished) {
      finished = work.shift()!.number + 1
      begun -= 1
    }
    acknowledge()
    run()
  }

  const fail = (item: Work<E>, error: unknown) => {
    if (state !== 'running') return
    state = 'failed'
    options.stopped(item.event, error)
  }

  return {
    received(token, event) {
      const distance = tokenDistance(eventToken(expected), token)
      if (distance === 0) {
        if (work.length >= MAX_UNFINISHED_EVENTS) return 'full'
        work.push({ number: expected, event, ahead: 1, isFinished: false })
        expected += 1
        run()
        return 'taken'
      }
      if (distance < MAX_EVENT_GAP) {
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
      run()
    },
    stop() {
      state = 'stopped'
      work.length = 0
      begun = 0
    },
  }
}
