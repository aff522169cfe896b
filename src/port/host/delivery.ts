/** Hands each reliable event of a boot to its consumer once, over all sessions: one whose ACK was lost with its session comes again
 * in the next. */

import { deferred, isThenable } from '../../deferred.js'
import type { ReliableEvent } from './incoming.js'
import type { DeliveryMark, SessionOptions } from './session-types.js'

export interface DeliveryOptions extends Pick<SessionOptions, 'delivered' | 'counters' | 'handlers'> {
  readonly isOver: () => boolean
  /** The device has exited; nothing of this session comes after it. */
  readonly exited: (status: number, number: number) => void
  readonly refuse: (problem: string) => void
}

export type Deliver = (item: ReliableEvent, number: number, epoch: number) => void | Promise<void>

export function createDeliveryMark(): DeliveryMark {
  return { epoch: 0, next: 0, finished: new Set() }
}

/** Of one session. Items are to come in order, with no number left out. */
export function createDelivery({ delivered: mark, counters, handlers, ...options }: DeliveryOptions): Deliver {
  const consume: Deliver = (item, number, epoch) => {
    switch (item.kind) {
      case 'event':
        return handlers.reliableEvent(item.event, item.value, number, epoch)
      case 'dropped':
        counters.eventsDropped += item.count
        return handlers.eventsDropped(item.count)
      case 'exit':
        return options.exited(item.status, number)
      case 'refused':
        return options.refuse(item.problem)
    }
  }
  /** For the mark: whose consumers are at work. */
  const session = Symbol('session')
  /** Items that wait for the consumers of an earlier session. */
  let waiting = 0

  const begin: Deliver = (item, number, epoch) => {
    if (mark.epoch === epoch && number < mark.next) {
      counters.eventsRepeated += 1
      return
    }
    if (!mark.working) {
      mark.epoch = epoch
      mark.next = number
    }
    const finished = () => {
      mark.finished.add(number)
      while (mark.finished.delete(mark.next)) mark.next += 1
    }
    if (item.kind === 'exit') finished() // nothing of this session comes after it
    const result = consume(item, number, epoch)
    if (!isThenable(result)) {
      if (item.kind !== 'exit') finished()
      return
    }
    mark.working ??= { session, consumers: 0, idle: deferred() }
    const { working } = mark
    working.consumers += 1
    const work = Promise.resolve(result).then(finished)
    const over = () => {
      working.consumers -= 1
      if (working.consumers > 0) return
      mark.working = undefined
      mark.finished.clear() // what is behind one that failed comes again with it
      working.idle.resolve()
    }
    work.then(over, over)
    return work
  }

  return (item, number, epoch) => {
    const { working } = mark
    const isEarlier = working !== undefined && working.session !== session
    if (!isEarlier && waiting === 0) return begin(item, number, epoch)
    // The consumers of an earlier session have not finished: they may be at these very events, and none is to run twice at once.
    waiting += 1
    return (isEarlier ? working.idle.promise : Promise.resolve()).then(() => {
      waiting -= 1
      return options.isOver() ? undefined : begin(item, number, epoch)
    })
  }
}
