/** The companion of a script: events of a port that wait, in order and bounded, until the script looks between its actions. */

import type { Clock } from '../../clock.js'
import type { Contract, ContractDefinition } from '../../contract/index.js'
import { deferred } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import { describeExit, type Exit, isNormalExit } from '../../exit.js'
import { MAX_WAITING_ITEMS } from '../limits.js'
import type { EventMeta, Mailbox, MailboxMessage } from '../types.js'
import type { Subscriptions } from './subscriptions.js'

interface Letter {
  readonly event: string
  readonly value: unknown
  readonly meta: EventMeta
  readonly cameAtMs: number
  /** Reliable events only: tells the lane that this one is finished, or that nobody will. */
  readonly done?: { resolve(): void; reject(reason: unknown): void }
}

export interface MailboxSources {
  readonly portName: string
  readonly clock: Clock
  readonly contract: Contract
  readonly subscriptions: Subscriptions
  /** Tells when the port is closed for good; returns how to stop waiting. */
  readonly whenExited: (run: (exit: Exit) => void) => () => void
  /** Default: all events of the contract. */
  readonly events: readonly string[] | undefined
}

export function createMailbox<C extends ContractDefinition>(sources: MailboxSources): Mailbox<C> {
  const { contract, subscriptions, portName, clock } = sources
  const letters: Letter[] = []
  const stops = new Map<string, () => void>()
  let current: Letter | undefined
  let dropped = 0
  let ended: { readonly error?: Error } | undefined
  let wake = deferred<void>()
  let stopWaiting = () => {}

  const arrived = (letter: Letter) => {
    letters.push(letter)
    wake.resolve()
  }
  const close = (end: { readonly error?: Error } = {}) => {
    if (ended) return
    ended = end
    stopWaiting()
    for (const stop of stops.values()) stop()
    stops.clear()
    // What was not finished stays on the device.
    for (const letter of [current, ...letters.splice(0)]) letter?.done?.reject(new Error('the mailbox was closed'))
    wake.resolve()
  }
  const poll = (): MailboxMessage<C> | undefined => {
    current?.done?.resolve()
    current = letters.shift()
    if (!current) return undefined
    const { event, value, meta, cameAtMs } = current
    return { event, value, meta, waitedMs: clock.nowMs() - cameAtMs } as MailboxMessage<C>
  }

  const listen = (name: string): (() => void) => {
    if (!contract.events.get(name)?.acknowledged) {
      return subscriptions.on(name, (value, meta) => {
        if (letters.length >= MAX_WAITING_ITEMS) dropped += 1
        else arrived({ event: name, value, meta, cameAtMs: clock.nowMs() })
      })
    }
    return subscriptions.consume(
      name,
      (value, meta) =>
        new Promise<void>((resolve, reject) =>
          arrived({ event: name, value, meta, cameAtMs: clock.nowMs(), done: { resolve, reject } }),
        ),
    )
  }

  const names = checkedEvents(sources)
  try {
    for (const name of names) stops.set(name, listen(name))
  } catch (error) {
    close() // one of them has a consumer already: the others are not to be heard by nobody
    throw error
  }
  stopWaiting = sources.whenExited((exit) => {
    // An end that was meant closes the mailbox, any other one fails its reader.
    close(isNormalExit(exit) ? {} : { error: new PortwireError('PORT_EXITED', `${portName} ${describeExit(exit)}`) })
  })

  return {
    poll,
    leave(event) {
      stops.get(event)?.()
      stops.delete(event)
      for (let i = letters.length - 1; i >= 0; i--) {
        if (letters[i]!.event !== event) continue
        letters[i]!.done?.resolve()
        letters.splice(i, 1)
      }
    },
    get dropped() {
      return dropped
    },
    close: () => close(),
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const message = poll()
          if (message) yield message
          else if (ended) break
          else {
            await wake.promise
            wake = deferred()
          }
        }
        if (ended?.error) throw ended.error
      } finally {
        close()
      }
    },
  }
}

/** Each of them once. An empty list, or a name that is none, is refused before anything is listened to. */
function checkedEvents({ contract, events }: MailboxSources): Set<string> {
  const known = [...contract.events.keys()]
  if (events === undefined) return new Set(known)
  if (events.length === 0) throw new PortwireError('ARGUMENT_INVALID', 'events: a mailbox needs at least one event')
  const unknown = events.find((name) => !contract.events.has(name))
  if (unknown === undefined) return new Set(events)
  throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no event ${unknown}; it has: ${known.join(', ')}`)
}
