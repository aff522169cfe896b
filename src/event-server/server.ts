/** Events of a device as packets over TCP, for programs that know nothing of MQTT: one subscriber, as
 * `gen_tcp:connect(Host, Port, [{mode, binary}, {packet, 2}])` makes one. A packet is the msgpack array `[name, values..., id]`
 * (feed.ts). Every further subscriber needs a server of its own; servers of one feed encode an event once. */

import { createServer, type Server, type Socket } from 'node:net'
import type { Event } from '../contract/index.js'
import { listenError } from '../link/socket-error.js'
import { encodePacket, maxPacketContentBytes, type PrefixBytes } from '../wire/index.js'
import { type EventContent, type EventFeed, eventsNamed } from './feed.js'
import { checkedOptions } from './options.js'
import { createSubscriber, type Subscriber } from './subscriber.js'

export interface EventServerOptions {
  /** Bound for every subscriber from its connecting on; others are bound by `bind`. Default none. */
  readonly events?: readonly string[]
  /** Default 127.0.0.1: nothing asks who is there. */
  readonly host?: string
  /** Default: any that is free. */
  readonly port?: number
  /** Bytes of the length in front. Default 2. */
  readonly packet?: PrefixBytes
  /** Events that wait for a subscriber that does not read; the newest beyond are dropped. Default 25,000. */
  readonly maxQueued?: number
  /** Bytes of the same; default 16 MiB. */
  readonly maxQueuedBytes?: number
  /** A subscriber has come, perhaps in place of another one, or the last one is gone. */
  readonly subscriber?: (state: 'connected' | 'replaced' | 'gone') => void
  /** Who connected was sent away, and who was there before stays: an event of `events` could not be bound, as somebody else has
   * become the consumer of a reliable one since the server started. */
  readonly refused?: (error: Error) => void
  /** An event was dropped though somebody is connected. */
  readonly dropped?: (reason: EventDrop, event: string) => void
}

/** `full`: the subscriber did not read. `too_large`: longer than the packet's length can say. `unencodable`: beyond what msgpack
 * or the limits of an event can say. */
export type EventDrop = 'full' | 'too_large' | 'unencodable'

export interface EventServer {
  readonly address: EventAddress
  /** Adds events, `ALL` for every one; one that is bound already stays as it is. Until a subscriber is there they are dropped.
   * @returns where to connect to
   * @throws ARGUMENT_INVALID  no names, one that the contract does not have, or a reliable event that has a consumer already;
   *                           nothing is bound then */
  bind(names: readonly string[]): EventAddress
  /** None of these is sent from now on; the device is told to stop.
   * @param names  `ALL` for every one; default all */
  unbind(names?: readonly string[]): void
  readonly bound: readonly string[]
  /** Events that wait for the subscriber to read. */
  readonly queued: number
  readonly counters: Readonly<EventServerCounters>
  close(): Promise<void>
}

export interface EventAddress {
  readonly host: string
  readonly port: number
}

export interface EventServerCounters {
  sent: number
  /** Nobody was connected. */
  droppedUnheard: number
  /** The subscriber did not read. */
  droppedFull: number
  /** Longer than the packet's length can say. */
  droppedTooLarge: number
  /** Beyond what msgpack or the limits of an event can say. */
  droppedUnencodable: number
  /** Subscribers whose place a new one took. */
  replaced: number
  /** Sent away, as their events could not be bound. */
  refused: number
}

/** Resolves when it listens.
 * @throws ARGUMENT_INVALID                            an event that the contract does not have, or a reliable one that has a
 *                                                     consumer already; an option outside of its range
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED  the address cannot be listened at */
export async function startEventServer(feed: EventFeed, options: EventServerOptions = {}): Promise<EventServer> {
  const { contract } = feed
  const { events = [], dropped } = options
  const { host, port, packet, maxQueued, maxQueuedBytes } = checkedOptions(options)
  const maxContentBytes = maxPacketContentBytes(packet)
  const counters: EventServerCounters = {
    sent: 0,
    droppedUnheard: 0,
    droppedFull: 0,
    droppedTooLarge: 0,
    droppedUnencodable: 0,
    replaced: 0,
    refused: 0,
  }
  /** How to stop each event that is bound. */
  const bindings = new Map<string, () => void>()
  let subscriber: Subscriber | undefined

  const heard = (event: Event, content: EventContent) => {
    if (!subscriber) {
      counters.droppedUnheard += 1
      return
    }
    if (subscriber.queued >= maxQueued || subscriber.queuedBytes >= maxQueuedBytes) {
      counters.droppedFull += 1
      return dropped?.('full', event.name)
    }
    let bytes: Uint8Array
    try {
      bytes = content()
    } catch {
      counters.droppedUnencodable += 1
      return dropped?.('unencodable', event.name)
    }
    if (bytes.length > maxContentBytes) {
      counters.droppedTooLarge += 1
      return dropped?.('too_large', event.name)
    }
    subscriber.send(encodePacket(bytes, packet))
    counters.sent += 1
  }

  const bind = (names: readonly string[]) => {
    const added: string[] = []
    try {
      for (const event of eventsNamed(contract, names)) {
        if (bindings.has(event.name)) continue
        bindings.set(event.name, feed.listen(event, heard))
        added.push(event.name)
      }
    } catch (error) {
      unbind(added)
      throw error
    }
  }
  const unbind = (names: readonly string[] = ['ALL']) => {
    for (const name of names.includes('ALL') ? [...bindings.keys()] : names) {
      bindings.get(name)?.()
      bindings.delete(name)
    }
  }

  const connected = (socket: Socket) => {
    try {
      if (events.length > 0) bind(events)
    } catch (error) {
      counters.refused += 1
      createSubscriber(socket).end()
      return options.refused?.(error as Error)
    }
    const old = subscriber
    if (old) counters.replaced += 1
    old?.end()
    const mine = createSubscriber(socket)
    subscriber = mine
    socket.once('close', () => {
      if (subscriber !== mine) return // replaced: the bindings are the next one's
      subscriber = undefined
      unbind()
      options.subscriber?.('gone')
    })
    options.subscriber?.(old ? 'replaced' : 'connected')
  }

  if (events.length > 0) {
    // What is wrong is said now, not to the first subscriber. A consumer that is gone in the same turn misses nothing.
    for (const event of eventsNamed(contract, events)) if (event.acknowledged) feed.listen(event, heard)()
  }
  const server = createServer(connected)
  const address = await listen(server, host, port)
  return {
    address,
    counters,
    bind(names) {
      bind(names)
      return address
    },
    unbind,
    get bound() {
      return [...bindings.keys()]
    },
    get queued() {
      return subscriber?.queued ?? 0
    },
    async close() {
      unbind()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      subscriber?.end()
      subscriber = undefined
      await closed
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<EventAddress> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(listenError(`${host}:${port}`, cause))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      const address = server.address() as { port: number }
      resolve({ host, port: address.port })
    })
  })
}
