/** The gateway's lasting way to the broker: one connection after the other, with our own bounded window over our own outbox.
 * States and availability (Latest) go first, then the messages of the outbox in order; nothing is lost by a link that drops,
 * as whatever was not acknowledged is sent again, from the oldest on. */

import type { Clock, Random } from '../../clock.js'
import { deferred } from '../../deferred.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import type { Outbox } from '../outbox/memory.js'
import type { DurableOutbox } from '../outbox/types.js'
import { whyNot } from './connect-error.js'
import { type Connection, type ConnectionSettings, connectToBroker } from './connection.js'
import { createDrops, type LossReason } from './drops.js'
import { createFurtherSubscriptions } from './further-subscriptions.js'
import { createLatest } from './latest.js'
import { type IdMember, type Inbound, inVersion, type Publication } from './publication.js'
import { reconnectDelayMs } from './reconnect-delay.js'
import { createSubscriptions } from './subscriptions.js'

export interface MqttPipe {
  /** Sends once, in order, as often as it takes. `delivered` is called after the PUBACK. */
  publish(publication: Publication, delivered?: () => void): void
  /** There may be something to send: `events` has it. */
  pump(): void
  /** Sends the latest value of a topic; sent again after every reconnect when it is retained. */
  publishLatest(publication: Publication): void
  /** QoS 0: sent now or not at all. */
  publishOnce(publication: Publication): void
  /** An event with QoS 0: sent now or not at all; one that is not is counted and said. @param id  the user property of MQTT 5
   * @param idMember  as that of a publication */
  publishEvent(topic: string, payload: string | Uint8Array, id: string, idMember?: IdMember): void
  /** Other subscriptions from now on; those that are no longer wanted are given up at the broker too. */
  resubscribe(topics: readonly string[]): void
  /** Sends the latest value of every topic once more, those that are not retained too. */
  sayAgain(): void
  /** A further subscription, in QoS 0, now and after every reconnect. One that the broker refuses is logged, and no reason to give up. */
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  readonly info: MqttPipeInfo
  /** Resolves at the first connection, after the subscriptions were granted. */
  readonly connected: Promise<void>
  /** Waits a bounded time until `last` and every other latest value is with the broker, then disconnects. */
  close(): Promise<void>
}

export interface MqttPipeInfo {
  readonly connected: boolean
  /** MQTT version of the connection: 5, or 4 for 3.1.1. */
  readonly version?: 4 | 5
  readonly reconnects: number
  /** Messages that will not reach the broker, by the reason. */
  readonly dropped: {
    readonly full: number
    readonly offline: number
    readonly tooLong: number
    readonly refused: number
  }
  /** `socketBytes`: written, and not taken by the system yet. */
  readonly waiting: { readonly messages: number; readonly bytes: number; readonly socketBytes: number }
}

export interface MqttPipeOptions {
  readonly settings: ConnectionSettings
  readonly subscriptions: readonly string[]
  readonly outbox: Outbox
  /** Events, where they are kept on disk; they go after states and answers, the live ones first. */
  readonly events?: Pick<DurableOutbox, 'take' | 'acknowledge' | 'connected' | 'disconnected'>
  /** Answers to pings and subscriptions wait behind it. */
  readonly take: (inbound: Inbound) => void
  /** A connection was made; before the first message of it. */
  readonly opened: (sessionPresent: boolean) => void
  /** @param count  how many, default 1 */
  readonly lost: (reason: LossReason, topic: string, count?: number) => void
  /** Everything is with the broker. */
  readonly drained: () => void
  /** After every connection, and with the reason after every loss. */
  readonly changed: (state: { readonly connected: boolean; readonly reason?: string }) => void
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const NAMESPACE = 'portwire:mqtt'
const FORGETTING =
  'the broker had kept a session of MQTT 3.1.1 for longer than commands are good for; commands in it are not run'

export function createMqttPipe(options: MqttPipeOptions): MqttPipe {
  const { settings, outbox, clock, log } = options
  const latest = createLatest()
  let connection: Connection | undefined
  /** Connected, with subscriptions that were not granted yet. */
  let beginning: Connection | undefined
  /** Counts connections: an acknowledgement of an earlier one means nothing to the later. */
  let generation = 0
  const subscriptions = createSubscriptions(options.subscriptions)
  let next = outbox.head
  let inFlight = 0
  /** Of these, from the backlog. */
  let fromBacklog = 0
  let reconnects = -1
  let closing = false
  let cancelRetry: (() => void) | undefined
  let saidReason: string | undefined
  /** Of the last link that was up in this run. */
  let lostAtMs = Number.NEGATIVE_INFINITY
  let settledWaiter: (() => void) | undefined
  const connected = deferred<void>()
  const further = createFurtherSubscriptions(() => connection, log)
  const drops = createDrops(log, options.lost)
  const isSessionOld = () => clock.nowMs() - lostAtMs > LIMITS.sessionExpirySeconds * 1_000
  const dated: ConnectionSettings = { ...settings, isSessionOld }

  const pump = () => {
    if (!connection) return
    const window = Math.min(LIMITS.inFlightMessages, connection.receiveMaximum)
    while (connection && inFlight < window) {
      const value = latest.take()
      if (value) {
        send(value, () => latest.acknowledge(value.topic))
        continue
      }
      if (next < outbox.end) {
        const position = next
        next += 1
        outbox.protectBefore(next)
        const publication = outbox.at(position)
        if (publication) send(publication, () => outbox.acknowledge(position))
        continue
      }
      if (!sendEvent(window)) break
    }
    if (latest.settled && outbox.size === 0) {
      settledWaiter?.()
      options.drained()
    }
  }

  const sendEvent = (window: number): boolean => {
    if (!options.events) return false
    const { events } = options
    const live = events.take('live')
    if (live) {
      send(live.publication, () => events.acknowledge(live.position))
      return true
    }
    if (fromBacklog >= Math.max(1, Math.floor(window * LIMITS.backlogPart))) return false
    const old = events.take('backlog')
    if (!old) return false
    fromBacklog += 1
    send(old.publication, () => {
      fromBacklog -= 1
      events.acknowledge(old.position)
    })
    return true
  }

  /** @param over  it is with the broker, or lost for good: nobody is served by holding back for ever what can never be sent */
  const send = (given: Publication, over: () => void) => {
    const publication = drops.fitting(inVersion(connection!.version, given), connection!.maxPacketBytes)
    if (!publication) return over()
    const mine = generation
    inFlight += 1
    connection!.publish(publication, (refusal) => {
      if (mine !== generation) return
      inFlight -= 1
      if (refusal !== undefined) drops.drop('refused', publication.topic, `the broker refused it: ${refusal}`)
      over()
      pump()
    })
  }

  const tryConnect = async () => {
    cancelRetry = undefined
    const mine = ++generation
    let fresh: Connection | undefined
    try {
      fresh = await connectToBroker(dated, {
        opened: options.opened,
        forgetting: () => log('warn', NAMESPACE, FORGETTING),
        message: (inbound, taken) => {
          try {
            options.take(inbound)
          } catch (error) {
            log('error', NAMESPACE, `${inbound.topic}: ${String(error)}`)
          }
          taken()
        },
        closed: (reason) => lost(mine, reason),
      })
      if (mine !== generation || closing) return void fresh.end()
      beginning = fresh
      await begin(fresh, mine)
    } catch (error) {
      fresh?.destroy()
      lost(mine, whyNot(error as Error))
    } finally {
      if (beginning === fresh) beginning = undefined
    }
  }

  const begin = async (fresh: Connection, mine: number) => {
    // Subscriptions first: whoever sees `online` may send a command at once.
    await subscriptions.grant(fresh)
    if (mine !== generation || closing) return
    connection = fresh
    reconnects += 1
    saidReason = undefined
    inFlight = 0
    fromBacklog = 0
    next = outbox.head
    options.events?.connected()
    latest.restart()
    further.connected()
    drops.sayMissed()
    options.changed({ connected: true })
    log('info', NAMESPACE, `connected to ${new URL(settings.url).host} (MQTT ${fresh.version === 5 ? '5' : '3.1.1'})`)
    pump()
    connected.resolve()
  }

  const lost = (mine: number, reason: string) => {
    if (mine !== generation) return
    generation += 1
    const wasUp = connection !== undefined
    connection?.destroy()
    connection = undefined
    if (wasUp) {
      lostAtMs = clock.nowMs()
      options.events?.disconnected()
    }
    settledWaiter?.()
    if (closing) return
    outbox.protectBefore(outbox.head)
    const inMs = reconnectDelayMs(options.reconnectMinMs, options.reconnectMaxMs, options.random)
    // Said once, not at every try: a broker that is away for a night must not fill the log.
    if (wasUp || saidReason !== reason) {
      log('warn', NAMESPACE, `${reason}; trying again, every ${pace(options)}`)
      saidReason = reason
    }
    if (wasUp) options.changed({ connected: false, reason })
    cancelRetry = clock.after(inMs, () => void tryConnect())
  }

  void tryConnect()

  return {
    publish(given, delivered) {
      const publication = drops.fitting(given)
      if (!publication) return delivered?.()
      const before = outbox.dropped
      outbox.append(publication, delivered)
      for (let more = outbox.dropped - before; more > 0; more--) options.lost('full', publication.topic)
      pump()
    },
    pump,
    publishLatest(publication) {
      if (!drops.fits(publication)) return
      latest.set(publication)
      pump()
    },
    publishOnce(publication) {
      if (!connection || connection.waitingBytes > LIMITS.socketBytes) return drops.unheard()
      if (drops.fits(publication, connection.maxPacketBytes)) connection.publish(publication)
    },
    publishEvent(topic, payload, id, idMember) {
      if (!connection) return drops.missed(topic)
      const given: Publication = { topic, payload, qos: 0, retain: false, userProperties: { id } }
      const publication = idMember ? inVersion(connection.version, { ...given, idMember }) : given
      if (connection.waitingBytes > LIMITS.socketBytes) {
        drops.drop('full', topic, 'the broker takes QoS 0 too slowly')
      } else if (drops.fits(publication, connection.maxPacketBytes)) connection.publish(publication)
    },
    resubscribe(topics) {
      subscriptions.change(topics)
      const mine = generation
      if (connection) void subscriptions.grant(connection).catch((error: Error) => lost(mine, whyNot(error)))
    },
    sayAgain() {
      latest.again()
      pump()
    },
    subscribe: further.add,
    unsubscribe: further.remove,
    get info() {
      const { full, offline, too_long: tooLong, refused } = drops.counts
      return {
        connected: connection !== undefined,
        ...(connection && { version: connection.version }),
        reconnects: Math.max(0, reconnects),
        dropped: { full: outbox.dropped + full, offline, tooLong, refused },
        waiting: { messages: outbox.size, bytes: outbox.bytes, socketBytes: connection?.waitingBytes ?? 0 },
      }
    },
    connected: connected.promise,
    async close() {
      if (closing) return
      closing = true
      cancelRetry?.()
      if (!connection) {
        generation += 1
        await beginning?.end()
        return
      }
      if (!(latest.settled && outbox.size === 0)) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(LIMITS.flushMs, resolve)
          settledWaiter = () => {
            cancel()
            resolve()
          }
        })
      }
      const last = connection
      generation += 1
      connection = undefined
      await last?.end()
    },
  }
}

function pace(options: MqttPipeOptions): string {
  const seconds = (ms: number) => `${Math.round(ms / 100) / 10}`
  const { reconnectMinMs: min, reconnectMaxMs: max } = options
  return min >= max ? `${seconds(min)} s` : `${seconds(min)} to ${seconds(max)} s`
}
