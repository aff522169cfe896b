/** One connection to a broker: a fresh mqtt.js client that is used once and thrown away. It never reconnects, queues nothing
 * and replays nothing: its own queues lose messages silently (ids wrap after 65,535 without a check), so ours are used. */

import type { Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { type IClientOptions, type IStore, type MqttClient, connect as mqttConnect } from 'mqtt'
import { LIMITS } from '../limits.js'
import { CLOSED_EARLY, ConnectError, connectError } from './connect-error.js'
import { createPacketTrimmer } from './packet-trimmer.js'
import type { Inbound, Publication } from './publication.js'
import { createPublishGather } from './publish-gather.js'
import { type SubscribeOptions, subscribe, unsubscribe } from './subscribe.js'
import type { TlsMaterial } from './tls-files.js'

export interface ConnectionSettings {
  readonly url: string
  /** 5 falls back to 3.1.1 when the broker refuses it. */
  readonly version: 4 | 5
  readonly clientId: string
  readonly user?: string
  readonly password?: string
  /** Certificates and keys, asked for at each connection; undefined: those that Node knows. */
  readonly tls?: () => TlsMaterial
  readonly keepaliveSeconds: number
  /** True: the broker keeps nothing for this client. */
  readonly clean: boolean
  /** Whether a session that the broker has kept may be older than commands are good for; asked at each connection. Under 3.1.1 a broker
   * may keep it for ever, and what is in it does not say when it was sent: it is then thrown away. Default: never. */
  readonly isSessionOld?: () => boolean
  readonly will?: Publication
  /** Largest packet of a broker that cannot say it itself, as those of MQTT 3.1.1. */
  readonly maxPacketBytes?: number
}

export interface ConnectionHandlers {
  /** Before the first message. `sessionPresent`: the broker has kept our session, and what it saw no PUBACK for comes again. */
  opened?(sessionPresent: boolean): void
  /** An old session is being thrown away, with what was in it. */
  forgetting?(): void
  /** The next message is not read before `taken` was called. */
  message(inbound: Inbound, taken: () => void): void
  /** The connection is over; called once, never before connect has resolved. */
  closed(reason: string): void
}

export interface Connection {
  readonly version: 4 | 5
  /** How many QoS 1 messages the broker takes unacknowledged. */
  readonly receiveMaximum: number
  /** Bytes of the largest packet that the broker takes; Infinity when it has set no limit. */
  readonly maxPacketBytes: number
  /** Bytes that wait in the socket. */
  readonly waitingBytes: number
  /** `settled`: the PUBACK came (QoS 1) or the socket took it (QoS 0), with the reason when the message was refused.
   * Not called when the connection ends first. */
  publish(publication: Publication, settled?: (refusal?: string) => void): void
  /** Resolves when the broker has granted all of them. */
  subscribe(topics: readonly string[], options?: SubscribeOptions): Promise<void>
  /** Resolves when the broker has forgotten them. */
  unsubscribe(topics: readonly string[]): Promise<void>
  /** Says DISCONNECT, so that no will is sent; bounded in time. */
  end(): Promise<void>
  /** Drops the link. */
  destroy(): void
}

/** Connects once, in version 5 and, when the broker refuses that, in 3.1.1.
 * @throws ConnectError  naming the broker's address and the reason */
export async function connectToBroker(settings: ConnectionSettings, handlers: ConnectionHandlers): Promise<Connection> {
  try {
    return await connectFresh(settings, handlers)
  } catch (error) {
    if (settings.version !== 5 || !(error instanceof ConnectError) || error.kind !== 'version') throw error
    return await connectFresh({ ...settings, version: 4 }, handlers)
  }
}

class OldSession extends Error {}

/** Not with an old session: a clean one of the same client id ends it (MQTT 3.1.1, section 3.1.2.4), and the next is new. */
async function connectFresh(settings: ConnectionSettings, handlers: ConnectionHandlers): Promise<Connection> {
  try {
    return await connectOnce(settings, handlers)
  } catch (error) {
    if (!(error instanceof OldSession)) throw error
    handlers.forgetting?.()
    const { will, ...others } = settings
    const nothing: ConnectionHandlers = { message: (_inbound, taken) => taken(), closed: () => {} }
    const clean = await connectOnce({ ...others, clean: true }, nothing)
    await clean.end()
    return await connectOnce(settings, handlers)
  }
}

/** From here on a reason code of MQTT 5 is a failure (section 2.4). */
const FAILURE = 0x80

/** The broker has a limit that is reached (section 3.4.2.1): no fault of the message, which is sent again after a pause. */
const QUOTA_EXCEEDED = 0x97
const NO_ROOM = 'the broker takes no more for now (quota exceeded)'

/** Handed on to node:tls; the type of mqtt.js does not know it. */
const TLS_BOUNDS: object = { minVersion: 'TLSv1.2' }

/** DISCONNECT reason in 5, section 3.14.2.1. */
const TAKEN_OVER = 0x8e

function takenOver({ clientId }: ConnectionSettings): string {
  return `another client came with the client id ${clientId}: two gateways must not share one`
}

/** What a kill of the broker looks like, and Mosquitto 2.0 gives no other word to the one of two clients that has to go. */
function closedWithoutWord({ clientId }: ConnectionSettings): string {
  return `the connection was closed (the broker ended, or another client came with the client id ${clientId})`
}

/** Nothing is kept, so that nothing is replayed: mqtt.js holds back `connect` until its store is empty. */
const noStore = (): IStore => {
  const store: IStore = {
    put: (packet, done) => {
      done(undefined as never)
      void packet
      return store
    },
    createStream: () => Readable.from([]) as ReturnType<IStore['createStream']>,
    del: (packet, done) => {
      done(undefined, packet as never)
      return store
    },
    get: (_packet, done) => {
      done(new Error('nothing is stored'))
      return store
    },
    close: (done) => done(undefined as never),
  }
  return store
}

function connectOnce(settings: ConnectionSettings, handlers: ConnectionHandlers): Promise<Connection> {
  const { version, will } = settings
  const options: IClientOptions = {
    protocolVersion: version,
    clientId: settings.clientId,
    clean: settings.clean,
    keepalive: settings.keepaliveSeconds,
    connectTimeout: LIMITS.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    outgoingStore: noStore(),
    ...(settings.user !== undefined && { username: settings.user }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...TLS_BOUNDS,
    ...settings.tls?.(),
    ...(will && {
      will: { topic: will.topic, payload: bytesOf(will.payload), qos: will.qos, retain: will.retain },
    }),
    ...(version === 5 && {
      properties: {
        ...(!settings.clean && { sessionExpiryInterval: LIMITS.sessionExpirySeconds }),
        maximumPacketSize: LIMITS.commandBytes,
      },
    }),
  }
  return new Promise((resolve, reject) => {
    const client = mqttConnect(settings.url, options)
    let state: 'connecting' | 'connected' | 'over' = 'connecting'
    let lastError: (Error & { code?: unknown }) | undefined
    const fail = (problem: string) => {
      lastError = new Error(problem)
      client.stream.destroy()
    }
    trimPackets(client, fail)
    // A small packet behind another would wait for the ACK of TCP, which the other side may delay by 40 ms.
    ;(client.stream as Partial<Socket>).setNoDelay?.(true)

    client.handleMessage = (packet, done) => {
      if (state === 'over') return done()
      handlers.message(inboundOf(packet), () => done())
    }
    client.on('error', (error) => {
      lastError = error
      if (state !== 'connecting') return
      state = 'over'
      client.end(true)
      reject(connectError(settings, error))
    })
    client.on('disconnect', ({ reasonCode }) => {
      lastError = new Error(reasonCode === TAKEN_OVER ? takenOver(settings) : `the broker ended it (${reasonCode})`)
    })
    client.on('close', () => {
      if (state === 'over') return
      const wasConnecting = state === 'connecting'
      state = 'over'
      client.end(true)
      if (wasConnecting) reject(connectError(settings, lastError ?? new Error(CLOSED_EARLY)))
      else handlers.closed(lastError?.message ?? closedWithoutWord(settings))
    })
    client.on('connect', ({ sessionPresent }) => {
      if (state !== 'connecting') return
      if (version === 4 && sessionPresent && settings.isSessionOld?.()) {
        state = 'over'
        client.end(true)
        return reject(new OldSession())
      }
      state = 'connected'
      handlers.opened?.(sessionPresent)
      resolve(connectionOver(client, settings, () => state === 'connected', fail))
    })
  })
}

/** mqtt.js collects a packet of up to 256 MB before it looks at it, so bytes are looked at before they reach it. */
function trimPackets(client: MqttClient, fail: (problem: string) => void): void {
  const stream = client.stream as Duplex
  const trim = createPacketTrimmer(LIMITS.inboundPacketBytes)
  const push = stream.push.bind(stream)
  stream.push = (chunk: Buffer | null, ...rest: never[]) => {
    if (chunk === null) return push(chunk, ...rest)
    const trimmed = trim(chunk)
    if (trimmed.ok) return trimmed.bytes.length === 0 || push(trimmed.bytes, ...rest)
    fail(trimmed.problem)
    return false
  }
}

function connectionOver(
  client: MqttClient,
  { version, maxPacketBytes = Number.POSITIVE_INFINITY }: ConnectionSettings,
  isUp: () => boolean,
  fail: (problem: string) => void,
): Connection {
  const gather = createPublishGather(version, (bytes) => {
    if (isUp() && client.stream.writable) client.stream.write(bytes)
  })
  return {
    version,
    receiveMaximum: client.serverProperties?.receiveMaximum ?? 65_535,
    maxPacketBytes: Math.min(client.serverProperties?.maximumPacketSize ?? Number.POSITIVE_INFINITY, maxPacketBytes),
    get waitingBytes() {
      return gather.heldBytes + ((client.stream as { writableLength?: number }).writableLength ?? 0)
    },
    publish(publication, settled) {
      const { topic, payload, qos, retain, correlationData, userProperties, expirySeconds } = publication
      if (qos === 0 && !settled && !correlationData && expirySeconds === undefined) return gather.add(publication)
      const properties = {
        ...(correlationData && { correlationData }),
        ...(userProperties && { userProperties: { ...userProperties } }),
        ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      }
      client.publish(topic, bytesOf(payload), { qos, retain, ...(version === 5 && { properties }) }, (error) => {
        if (!isUp()) return
        if (!error) return settled?.()
        // Whatever else goes wrong is the end of the connection, which is said by itself.
        const { code } = error as { code?: unknown }
        if (code === QUOTA_EXCEEDED) return fail(NO_ROOM)
        if (typeof code === 'number' && code >= FAILURE) settled?.(error.message.replace(/^Publish error: /, ''))
      })
    },
    subscribe: (topics, options) => subscribe(client, topics, options),
    unsubscribe: (topics) => unsubscribe(client, topics),
    end() {
      gather.flush()
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          client.end(true)
          // mqtt.js does nothing at a second end.
          client.stream.destroy()
          resolve()
        }, LIMITS.disconnectMs)
        // A graceful end waits for all acknowledgements, for ever: the timer is not optional.
        client.end(false, () => {
          clearTimeout(timer)
          resolve()
        })
      })
    },
    destroy() {
      client.stream.destroy()
    },
  }
}

function bytesOf(payload: string | Uint8Array): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload)
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
}

function inboundOf(packet: Parameters<MqttClient['handleMessage']>[0]): Inbound {
  const { responseTopic, correlationData, messageExpiryInterval } = packet.properties ?? {}
  return {
    topic: packet.topic,
    payload: Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload ?? ''),
    retain: packet.retain,
    ...(packet.qos === 1 && packet.messageId !== undefined && { packetId: packet.messageId }),
    isAgain: packet.dup,
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
    ...(messageExpiryInterval !== undefined && { expirySeconds: messageExpiryInterval }),
  }
}
