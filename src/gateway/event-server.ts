/** Events of a device as packets over TCP, for programs that know nothing of MQTT: one subscriber, as
 * `gen_tcp:connect(Host, Port, [{mode, binary}, {packet, 2}])` makes one. A packet is the msgpack array `[name, values..., id]`:
 * the values by position as the contract lists them; the id of a reliable event is `device:epoch:number`, that of a plain
 * one a number that counts all plain events of this server, dropped ones too, so that a gap shows. */

import { createServer, type Server, type Socket } from 'node:net'
import type { Contract, Event } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import type { EventMeta } from '../port/index.js'
import { createValueCodec, encodePacket, maxPacketContentBytes, type PrefixBytes } from '../wire/index.js'
import type { UntypedPort } from './untyped-port.js'

export interface EventServerOptions {
  readonly contract: Contract
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
}

export const EVENT_SERVER_DEFAULTS = {
  host: '127.0.0.1',
  packet: 2,
  maxQueued: 25_000,
  keepaliveMs: 10_000,
  /** A subscriber that was replaced may take what was on its way; then it is cut off. */
  replacedMs: 1_000,
} as const

export interface EventServer {
  readonly address: EventAddress
  /** Adds events, `ALL` for every one; one that is bound already stays as it is. Until a subscriber is there they are dropped.
   * @returns where to connect to
   * @throws ARGUMENT_INVALID  no names, or one that the contract does not have; nothing is bound then */
  bind(names: readonly string[]): EventAddress
  /** None of these is sent from now on; the device is told to stop.
   * @param names  default all */
  unbind(names?: readonly string[]): void
  readonly bound: readonly string[]
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
  /** Subscribers whose place a new one took. */
  replaced: number
}

/** Resolves when it listens. */
export async function startEventServer(port: UntypedPort, options: EventServerOptions): Promise<EventServer> {
  const { contract, events = [] } = options
  const host = options.host ?? EVENT_SERVER_DEFAULTS.host
  const prefixBytes = options.packet ?? EVENT_SERVER_DEFAULTS.packet
  const maxQueued = options.maxQueued ?? EVENT_SERVER_DEFAULTS.maxQueued
  const counters: EventServerCounters = {
    sent: 0,
    droppedUnheard: 0,
    droppedFull: 0,
    droppedTooLarge: 0,
    replaced: 0,
  }
  const codec = createValueCodec()
  /** How to stop each event that is bound. */
  const bindings = new Map<string, () => void>()
  let subscriber: Subscriber | undefined
  let plainEvents = 0

  const heard = (event: Event, value: unknown, meta: EventMeta) => {
    const id = meta.id ?? plainEvents++
    if (!subscriber) {
      counters.droppedUnheard += 1
      return
    }
    if (subscriber.queued >= maxQueued) {
      counters.droppedFull += 1
      return
    }
    const content = codec.encodeShared([event.name, ...valuesOf(event, value), id])
    if (content.length > maxPacketContentBytes(prefixBytes)) {
      counters.droppedTooLarge += 1
      return
    }
    subscriber.send(encodePacket(content, prefixBytes))
    counters.sent += 1
  }

  const bind = (names: readonly string[]) => {
    for (const event of eventsOf(contract, names)) {
      if (bindings.has(event.name)) continue
      const listener = (value: unknown, meta: EventMeta) => heard(event, value, meta)
      bindings.set(event.name, event.acknowledged ? port.consume(event.name, listener) : port.on(event.name, listener))
    }
  }
  const unbind = (names: readonly string[] = [...bindings.keys()]) => {
    for (const name of names) {
      bindings.get(name)?.()
      bindings.delete(name)
    }
  }

  const connected = (socket: Socket) => {
    if (subscriber) counters.replaced += 1
    subscriber?.replace()
    const mine = createSubscriber(socket)
    subscriber = mine
    socket.once('close', () => {
      if (subscriber !== mine) return // replaced: the bindings are the next one's
      subscriber = undefined
      unbind()
    })
    if (events.length > 0) bind(events)
  }

  if (events.length > 0) eventsOf(contract, events) // a name that is wrong is said now, not to the first subscriber
  const server = createServer(connected)
  const address = await listen(server, host, options.port ?? 0)
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
    async close() {
      unbind()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      subscriber?.replace()
      subscriber = undefined
      await closed
    },
  }
}

interface Subscriber {
  /** Events handed over and not yet taken by the operating system. */
  readonly queued: number
  send(packet: Uint8Array): void
  /** FIN after what is on its way. */
  replace(): void
}

/** Gathers the events of one turn into one write. */
function createSubscriber(socket: Socket): Subscriber {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, EVENT_SERVER_DEFAULTS.keepaliveMs)
  socket.on('error', () => {}) // `close` follows
  socket.resume() // what a subscriber says is not for anybody; unread it would hide its FIN
  let gathered: Uint8Array[] = []
  let queued = 0
  const flush = () => {
    const count = gathered.length
    const bytes = Buffer.concat(gathered)
    gathered = []
    if (socket.writable) socket.write(bytes, () => (queued -= count))
  }
  return {
    get queued() {
      return queued
    },
    send(packet) {
      queued += 1
      if (gathered.push(packet) === 1) process.nextTick(flush)
    },
    replace() {
      if (gathered.length > 0) flush()
      socket.end()
      const cutOff = setTimeout(() => socket.destroy(), EVENT_SERVER_DEFAULTS.replacedMs)
      socket.once('close', () => clearTimeout(cutOff))
    },
  }
}

function eventsOf(contract: Contract, names: readonly string[]): readonly Event[] {
  if (names.length === 0) throw new PortwireError('ARGUMENT_INVALID', 'events: at least one name, or ALL')
  if (names.includes('ALL')) return [...contract.events.values()]
  return names.map((name) => {
    const event = contract.events.get(name)
    if (event) return event
    const known = [...contract.events.keys()].join(', ') || 'none'
    throw new PortwireError('ARGUMENT_INVALID', `events: ${contract.name} has no event ${name}; it has: ${known}`)
  })
}

/** By position, in the order of the contract. */
function valuesOf(event: Event, value: unknown): readonly unknown[] {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>
  return event.fields.map((field) => fields[field.name] ?? null)
}

function listen(server: Server, host: string, port: number): Promise<EventAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address() as { port: number }
      resolve({ host, port: address.port })
    })
  })
}
