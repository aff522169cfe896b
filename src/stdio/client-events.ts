/** Events for the client: `event`, `nixevent`, `noevents`. */

import type { Contract, Event } from '../contract/index.js'
import { createFeed, type EventContent, eventsNamed } from '../event-server/index.js'
import { type CommandAnswer, namesIn, OK, refuse } from './client-answer.js'
import type { ClientPort } from './client-port.js'
import { withoutCode } from './error-reply.js'
import type { Notices } from './notices.js'

export interface ClientEvents {
  bind(names: unknown): CommandAnswer
  unbind(names: unknown): CommandAnswer
  unbindAll(): CommandAnswer
}

/** The array of two, and `event`, as msgpack; the second member is the event as the event server has it. */
const HEAD = Uint8Array.of(0x92, 0xa5, ...new TextEncoder().encode('event'))

export function createClientEvents(port: ClientPort, contract: Contract, notices: Notices): ClientEvents {
  const feed = createFeed(port, contract)
  const bindings = new Map<string, () => void>()

  const heard = (event: Event, content: EventContent): void | Promise<void> => {
    let bytes: Uint8Array
    try {
      bytes = content()
    } catch {
      return notices.lost(1, 'packet') // beyond what an event may hold, whatever its bytes
    }
    const notice = new Uint8Array(HEAD.length + bytes.length)
    notice.set(HEAD)
    notice.set(bytes, HEAD.length)
    if (!event.acknowledged) return notices.offer(notice)
    // The board keeps it until the client's pipe has it.
    const written = notices.send(notice)
    return written ?? notices.lost(1, 'packet')
  }
  const unbind = (name: string) => {
    bindings.get(name)?.()
    bindings.delete(name)
  }

  return {
    bind(given) {
      const names = namesIn(given)
      if (!names) return refuse('badarg', 'event: names of events, at least one, or ALL')
      try {
        for (const event of eventsNamed(contract, names)) {
          if (!bindings.has(event.name)) bindings.set(event.name, feed.listen(event, heard))
        }
        return OK
      } catch (error) {
        return refuse('badarg', withoutCode(error))
      }
    },
    unbind(given) {
      const names = namesIn(given)
      if (!names) return refuse('badarg', 'nixevent: names of events, at least one, or ALL')
      for (const name of names.includes('ALL') ? [...bindings.keys()] : names) unbind(name)
      return OK
    },
    unbindAll() {
      for (const name of [...bindings.keys()]) unbind(name)
      return OK
    },
  }
}
