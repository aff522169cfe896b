/** The embedded broker: aedes, behind a door, guards on each connection and a list of who may do what. It speaks MQTT 3.1.1 only and
 * keeps nothing over a restart. Without users everybody on this machine may use it, and it listens nowhere else. */

import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes, type Client } from 'aedes'
import { PortwireError } from '../../errors.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import { type Grant, OPEN } from './access.js'
import { createDoor } from './door.js'
import { exposure, isLoopback } from './exposure.js'
import { createBrokerPolicy, type Refused } from './policy.js'
import { createOutboundBound, guardSocket } from './socket.js'
import { type BrokerUser, secretOf } from './users.js'

export interface BrokerAddress {
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
}

export interface BrokerAccess {
  /** Empty: whoever reaches it may do everything, and it listens on this machine only. */
  readonly users: readonly BrokerUser[]
  /** Of clients without a user where there are users; undefined: they are refused. On this machine only. */
  readonly anonymous?: Grant
}

export interface Broker {
  readonly port: number
  /** Where clients on this machine reach it. */
  readonly url: string
  /** For the gateway itself, new at each start. */
  readonly own: { readonly user: string; readonly password: string }
  readonly info: BrokerInfo
  /** Drops every connection; idempotent. */
  close(): Promise<void>
}

export interface BrokerInfo {
  readonly connections: number
  /** What was refused since the start; `closed` counts connections that were ended for what they sent or did not read. */
  readonly refused: Readonly<Record<Refused | 'connection' | 'closed', number>>
}

/** `$` cannot begin the name of a user in the config. */
const OWN_USER = '$gateway'
const NAMESPACE = 'portwire:broker'
const LOOPBACK = '127.0.0.1'

/** Starts it. @param at  a port, on 127.0.0.1, or an address
 * @throws PORT_BUSY       naming the port; another broker runs there
 * @throws CONFIG_INVALID  an address that others can reach, without users or with clients that need none */
export async function startBroker(
  at: number | BrokerAddress,
  log: Log,
  { users, anonymous }: BrokerAccess = { users: [] },
): Promise<Broker> {
  const address = typeof at === 'number' ? { host: LOOPBACK, port: at } : at
  const problem = exposure(address.host, users.length > 0, anonymous !== undefined)
  if (problem !== undefined) throw new PortwireError('CONFIG_INVALID', `mqtt.embedded: ${problem}`)
  const refused = { login: 0, publish: 0, subscription: 0, retained: 0, connection: 0, closed: 0 }
  const refuse = (what: keyof typeof refused, line: string) => {
    refused[what] += 1
    if (line !== '') log('warn', NAMESPACE, line)
  }

  const sockets = new Set<Socket>()
  const end = (socket: Socket, why: string) => {
    if (socket.destroyed) return
    refuse('closed', `connection of ${socket.remoteAddress} closed: ${why}`)
    socket.destroy()
  }
  const door = createDoor<Socket>({
    total: LIMITS.brokerSockets,
    perAddress: LIMITS.brokerSocketsPerAddress,
    waiting: LIMITS.brokerSocketsWaiting,
  })
  const own = { user: OWN_USER, password: randomBytes(32).toString('base64url') }
  const policy = createBrokerPolicy({
    users: [...users, ownUser(own.password)],
    anonymous: users.length === 0 ? OPEN : anonymous,
    isOpen: users.length === 0,
    entered: (client: Client) => door.enter(client.conn as Socket),
    end: (client, why) => end(client.conn as Socket, why),
    refused: (what, detail) => refuse(what, detail && `${SAID[what]}: ${detail}`),
  })
  const aedes = await startAedes(policy, log)
  const bound = createOutboundBound(sockets, LIMITS.brokerWaitingBytes, end)

  const server = createServer({ noDelay: true }, (socket) => {
    // Without a listener a reset by the peer would end the process.
    socket.on('error', () => {})
    const { refusal, drop } = door.arrive(socket, socket.remoteAddress ?? '')
    for (const other of drop) end(other, 'others need its place, and it has not said CONNECT')
    if (refusal !== undefined) {
      refuse('connection', `connection refused: ${refusal}`)
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      door.leave(socket)
    })
    guardSocket(socket, bound, (why) => end(socket, why))
    const client = aedes.handle(socket)
    socket.on('close', () => policy.left(client))
  })
  try {
    await listen(server, address)
  } catch (error) {
    aedes.close()
    throw listenError(error as NodeJS.ErrnoException, address)
  }
  const { port } = server.address() as { port: number }
  log('info', NAMESPACE, `listening on ${address.host}:${port}`)
  if (!isLoopback(address.host)) {
    log('warn', NAMESPACE, `passwords and messages to ${address.host}:${port} are not encrypted`)
  }
  let closed: Promise<void> | undefined
  const close = () =>
    new Promise<void>((resolve) => {
      aedes.close()
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return {
    port,
    url: `mqtt://${reachableHost(address.host)}:${port}`,
    own,
    get info() {
      return { connections: door.size, refused: { ...refused } }
    },
    close() {
      closed ??= close()
      return closed
    },
  }
}

const SAID: Readonly<Record<Refused, string>> = {
  login: 'login refused',
  publish: 'connection closed',
  subscription: 'subscription refused',
  retained: 'not retained',
}

function ownUser(password: string): BrokerUser {
  return {
    name: OWN_USER,
    secret: secretOf(password),
    grant: OPEN,
    keepsSession: true,
    maxSubscriptions: LIMITS.brokerManySubscriptions,
  }
}

async function startAedes(policy: ReturnType<typeof createBrokerPolicy>, log: Log): Promise<Aedes> {
  const aedes = await Aedes.createBroker({
    connectTimeout: LIMITS.brokerConnectMs,
    // Never reached: the guard of a socket takes everything and ends who does not read.
    drainTimeout: LIMITS.brokerDrainMs,
    maxTopicLevels: LIMITS.brokerTopicLevels,
    maxInflightInbound: LIMITS.brokerInboundMessages,
    ...policy.handlers,
  })
  aedes.on('clientError', (client, error) => log('debug', NAMESPACE, `${client.id}: ${error.message}`))
  aedes.on('connectionError', (_client, error) => log('debug', NAMESPACE, error.message))
  aedes.on('unsubscribe', (filters, client) => policy.unsubscribed(client, filters))
  return aedes
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return LOOPBACK
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function listen(server: Server, { host, port }: BrokerAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host === 'localhost' ? LOOPBACK : host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, { host, port }: BrokerAddress): PortwireError {
  if (error.code === 'EADDRINUSE') {
    return new PortwireError(
      'PORT_BUSY',
      `${host}:${port} is taken: another broker, or another gateway, listens there`,
      {
        cause: error,
        hint: `Use that broker (mqtt.server: mqtt://${host}:${port}), or give mqtt.embedded another port.`,
      },
    )
  }
  return new PortwireError('PORT_FAILED', `cannot listen on ${host}:${port}: ${error.message}`, { cause: error })
}
