/** The companion of a script: events of a port that wait, in order and bounded, until the script looks between its actions. */

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
  /** Reliable events only: tells the lane that this one is finished, or that nobody will. */
  readonly done?: { resolve(): void; reject(reason: unknown): void }
}

export interface MailboxSources {
  readonly portName: string
  readonly contract: Contract
  readonly subscriptions: Subscriptions
  readonly exited: Promise<Exit>
  /** Default: all events of the contract. */
  readonly events: readonly string[] | undefined
}

export function createMailbox<C extends ContractDefinition>(sources: MailboxSources): Mailbox<C> {
  const { contract, subscriptions, portName } = sources
  const letters: Letter[] = []
  const stops = new Map<string, () => void>()
  let current: Letter | undefined
  let dropped = 0
  let ended: { readonly error?: Error } | undefined
  let wake = deferred<void>()

  const arrived = (letter: Letter) => {
    letters.push(letter)
    wake.resolve()
  }
  const close = (end: { readonly error?: Error } = {}) => {
    if (ended) return
    ended = end
    for (const stop of stops.values()) stop()
    stops.clear()
    // What was not finished stays on the device.
    for (const letter of [current, ...letters.splice(0)]) letter?.done?.reject(new Error('the mailbox was closed'))
    wake.resolve()
  }
  const poll = (): Letter | undefined => {
    current?.done?.resolve()
    current = letters.shift()
    return current
  }

  const subscribe = (name: string): (() => void) => {
    const reliable = contract.events.get(name)?.acknowledged ?? false
    if (reliable) {
      const consumer = (value: unknown, meta: EventMeta) =>
        new Promise<void>((resolve, reject) => arrived({ event: name, value, meta, done: { resolve, reject } }))
      return subscriptions.consume(name, consumer)
    }
    return subscriptions.on(name, (value, meta) => {
      if (letters.length >= MAX_WAITING_ITEMS) dropped += 1
      else arrived({ event: name, value, meta })
    })
  }
  try {
    for (const name of sources.events ?? contract.events.keys()) stops.set(name, subscribe(name))
  } catch (error) {
    close() // else what it has bound so far would be heard by nobody, for ever
    throw error
  }
  void sources.exited.then((exit) => {
    // An end that was meant closes the mailbox, any other one fails its reader.
    close(isNormalExit(exit) ? {} : { error: new PortwireError('PORT_EXITED', `${portName} ${describeExit(exit)}`) })
  })

  return {
    poll: () => poll() as MailboxMessage<C> | undefined,
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
          const letter = poll()
          if (letter) yield letter as MailboxMessage<C>
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
