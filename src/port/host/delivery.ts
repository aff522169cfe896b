/** Hands each reliable event of a boot to its consumer once, over all sessions: one whose ACK was lost with its session comes again
 * in the next. */

import { isThenable } from '../../deferred.js'
import type { ReliableEvent } from './incoming.js'
import type { SessionOptions } from './session-types.js'

export interface DeliveryOptions extends Pick<SessionOptions, 'delivered' | 'counters' | 'handlers'> {
  readonly isOver: () => boolean
  /** The device has exited; nothing of this session comes after it. */
  readonly exited: (status: number, number: number) => void
  readonly refuse: (problem: string) => void
}

export type Deliver = (item: ReliableEvent, number: number, epoch: number) => void | Promise<void>

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
  const deliver: Deliver = (item, number, epoch) => {
    if (mark.working) {
      // The consumer of an earlier session has not finished: it may be at this very event, and two must not run at once.
      return mark.working.then(() => (options.isOver() ? undefined : deliver(item, number, epoch)))
    }
    if (mark.epoch === epoch && number < mark.next) {
      counters.eventsRepeated += 1
      return
    }
    const finished = () => {
      mark.epoch = epoch
      mark.next = number + 1
    }
    if (item.kind === 'exit') finished() // nothing of this session comes after it
    const result = consume(item, number, epoch)
    if (!isThenable(result)) return finished()
    const work = Promise.resolve(result).then(finished)
    const over = () => {
      mark.working = undefined
    }
    mark.working = work.then(over, over)
    return work
  }
  return deliver
}
