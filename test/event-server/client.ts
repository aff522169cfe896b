/** Subscribers for tests: a socket in this process, and what comes over it. */

import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { deferred } from '../../src/deferred.js'
import {
  type EventFeed,
  type EventServer,
  type EventServerOptions,
  startEventServer,
} from '../../src/event-server/index.js'
import { createPacketDecoder, createValueCodec } from '../../src/wire/index.js'

export interface TestServer extends EventServer {
  /** Resolves when the subscriber has been in this state so many times. */
  was(state: SubscriberState, times?: number): Promise<void>
}

type SubscriberState = 'connected' | 'replaced' | 'gone'

/** An event server that says when its subscribers come and go; it ends with the test. */
export async function startServer(feed: EventFeed, options: EventServerOptions = {}): Promise<TestServer> {
  const seen: SubscriberState[] = []
  let changed = deferred<void>()
  const server = await startEventServer(feed, {
    ...options,
    subscriber(state) {
      seen.push(state)
      changed.resolve()
      changed = deferred()
    },
  })
  onTestFinished(() => server.close())
  return Object.assign(Object.create(server) as EventServer, {
    async was(state: SubscriberState, times = 1) {
      while (seen.filter((other) => other === state).length < times) await changed.promise
    },
  })
}

export interface Client {
  readonly socket: Socket
  readonly events: readonly (readonly unknown[])[]
  /** Resolves when so many events have come. */
  heard(count: number): Promise<readonly (readonly unknown[])[]>
  /** FIN has come. */
  readonly ended: Promise<void>
}

/** Resolves when the server has taken the client as its subscriber. */
export async function connectTo(server: TestServer, prefixBytes: 1 | 2 | 4 = 2, earlier = 0): Promise<Client> {
  const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 65_535 })
  const codec = createValueCodec()
  const events: (readonly unknown[])[] = []
  let changed = deferred<void>()
  const ended = deferred<void>()
  const socket = connect(server.address.port, server.address.host)
  socket.on('data', (bytes) => {
    for (const packet of decoder.push(bytes)) {
      const decoded = packet.kind === 'content' ? codec.decode(packet.bytes) : undefined
      if (!decoded?.ok) throw new Error(`what came is no event: ${JSON.stringify(packet)}`)
      events.push(decoded.value as unknown[])
    }
    changed.resolve()
    changed = deferred()
  })
  socket.on('end', () => ended.resolve())
  onTestFinished(() => void socket.destroy())
  await (earlier === 0 ? server.was('connected') : server.was('replaced', earlier))
  return {
    socket,
    events,
    ended: ended.promise,
    async heard(count) {
      while (events.length < count) await changed.promise
      return events
    },
  }
}
