/** What the embedded broker lets its clients do: the answers to what aedes asks at each CONNECT, PUBLISH, SUBSCRIBE and delivery.
 * aedes' own answer is yes to everything; here it is no unless a grant says yes. */

import type { AedesOptions, AuthenticateError, Client } from 'aedes'
import { LIMITS } from '../limits.js'
import { shownName } from '../printable.js'
import { type Grant, mayPublish, mayRead, maySubscribe } from './access.js'
import { createRetained } from './retained-bound.js'
import { type BrokerUser, createLogins } from './users.js'

export interface BrokerPolicyOptions {
  readonly users: readonly BrokerUser[]
  /** Of those who give no user; undefined: they are refused. */
  readonly anonymous: Grant | undefined
  /** A client that gives a user is taken as anonymous too: there is nothing to check it against. */
  readonly isOpen: boolean
  readonly entered: (client: Client) => void
  /** Its connection is to be closed, counted and said; called again it does nothing. */
  readonly end: (client: Client, why: string) => void
  /** @param detail  for the log; empty: it is counted only */
  readonly refused: (what: Refused, detail: string) => void
}

/** login: user or password are wrong, or the client id or will is not theirs. retained: passed on, not retained. */
export type Refused = 'login' | 'publish' | 'subscription' | 'retained'

export interface BrokerPolicy {
  readonly handlers: Pick<
    AedesOptions,
    'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'
  >
  unsubscribed(client: Client, filters: readonly string[]): void
  /** Its connection is over, wherever it was. */
  left(client: Client): void
}

interface Identity {
  readonly user: string
  readonly grant: Grant
  readonly maxSubscriptions: number
  readonly filters: Set<string>
  /** Refusals that are in the log. */
  saidFilters: number
}

/** CONNACK return codes of MQTT 3.1.1, section 3.2.2.3. */
const IDENTIFIER_REJECTED = 2
const SERVER_UNAVAILABLE = 3
const BAD_LOGIN = 4
const NOT_AUTHORIZED = 5

/** Refused subscriptions of a client, each a line in the log; further ones are counted only. */
const SAID_FILTERS = 10

const ANONYMOUS = ''

export function createBrokerPolicy(options: BrokerPolicyOptions): BrokerPolicy {
  const { users, refused } = options
  const login = createLogins(users)
  const keepers = new Set(users.filter((user) => user.keepsSession).map(({ name }) => name))
  const identities = new WeakMap<Client, Identity>()
  const wills = new WeakMap<Client, string>()
  /** Client ids that are connected or keep a session, and whose they are. */
  const owners = new Map<string, { readonly user: string; readonly client: Client }>()
  const retained = createRetained({ topics: LIMITS.brokerRetainedTopics, bytes: LIMITS.brokerRetainedBytes })
  /** Subscriptions of all but those who keep their session. */
  let together = 0
  const counts = ({ user }: Identity) => !keepers.has(user)

  const identify = async (name: string | undefined, password: string): Promise<Identity | number> => {
    if (name === undefined || (options.isOpen && !keepers.has(name))) {
      const most = options.isOpen ? LIMITS.brokerManySubscriptions : LIMITS.brokerSubscriptions
      return options.anonymous ? identityOf(ANONYMOUS, options.anonymous, most) : NOT_AUTHORIZED
    }
    const result = await login(name, password)
    if (result.kind === 'user') return identityOf(name, result.user.grant, result.user.maxSubscriptions)
    return result.kind === 'busy' ? SERVER_UNAVAILABLE : BAD_LOGIN
  }

  const letIn = (client: Client, found: Identity | number): number => {
    if (typeof found === 'number') return found
    const owner = owners.get(client.id)
    // The gateway has its own in any case: who came first with it has to go.
    const isTaken = owner !== undefined && owner.user !== found.user
    if (isTaken && !keepers.has(found.user)) return IDENTIFIER_REJECTED
    const will = wills.get(client)
    if (will !== undefined && !mayPublish(found.grant, will)) return NOT_AUTHORIZED
    owners.set(client.id, { user: found.user, client })
    identities.set(client, found)
    return 0
  }

  return {
    handlers: {
      preConnect(client, packet, done) {
        if (packet.will) wills.set(client, packet.will.topic)
        // A session in memory that nobody comes back to is never cleared, so none is kept but the gateway's own.
        if (!keepers.has(packet.username ?? ANONYMOUS)) packet.clean = true
        const { keepalive = 0 } = packet
        if (keepalive === 0 || keepalive > LIMITS.brokerKeepaliveSeconds) {
          packet.keepalive = LIMITS.brokerKeepaliveSeconds
        }
        done(null, true)
      },
      authenticate(client, name, password, done) {
        const check = async () => {
          const found = await identify(name, password?.toString('utf8') ?? '')
          // Gone while its password was checked: aedes waits for no answer.
          if (client.closed) return
          const code = letIn(client, found)
          if (code === 0) {
            options.entered(client)
            return done(null, true)
          }
          const by = name === undefined ? 'nobody' : `user ${shownName(name)}`
          refused('login', `${by} with the client id ${shownName(client.id)}: ${LOGIN_REFUSED[code]}`)
          done(Object.assign(new Error(LOGIN_REFUSED[code]), { returnCode: code }) as AuthenticateError, null)
        }
        void check()
      },
      authorizePublish(client, packet, done) {
        const identity = client ? identities.get(client) : undefined
        const { topic } = packet
        if (topic.length > LIMITS.brokerTopicBytes || topic.startsWith('$') || !identity) {
          refused('publish', `a topic of ${topic.length} characters or the broker's own`)
          return done(new Error('this topic is not taken'))
        }
        if (!mayPublish(identity.grant, topic)) {
          refused('publish', `${whoIs(identity)} may not publish to ${shownName(topic)}`)
          return done(new Error(`not allowed to publish to ${topic}`))
        }
        // As parsed it is a view into all that came with it, up to 64 KiB, which would stay for as long.
        if (packet.retain) packet.payload = copyOf(bytesOf(packet.payload))
        // Others must not fill up what the gateway has to keep here: states, availability, discovery.
        if (packet.retain && !retained.take(topic, bytesOf(packet.payload), keepers.has(identity.user))) {
          packet.retain = false
          refused('retained', `${shownName(topic)} is not retained: too many, or too long, are already`)
        }
        done(null)
      },
      authorizeSubscribe(client, subscription, done) {
        // Ended by an earlier one of the same packet: nothing is counted any more.
        if (client.closed) return done(null, null)
        const identity = identities.get(client)
        const { topic } = subscription
        // MQTT 3.1.1, section 4.8, lets a server close; refused one by one, what is asked for costs more than what is granted.
        const excess = identity && excessOf(identity, topic, counts(identity) ? together : 0)
        if (excess !== undefined) {
          options.end(client, excess)
          return done(new Error(excess))
        }
        const problem = identity ? subscriptionProblem(identity, topic) : 'nobody subscribes'
        // SUBACK says failure for this one; the connection goes on.
        if (problem !== undefined) {
          refused('subscription', problem)
          return done(null, null)
        }
        if (!identity!.filters.has(topic) && counts(identity!)) together += 1
        identity!.filters.add(topic)
        done(null, subscription)
      },
      authorizeForward(client, packet) {
        const identity = identities.get(client)
        // One that is sent again has its packet id already, and aedes does not mark it (MQTT 3.1.1, section 3.3.1.1).
        if (packet.messageId !== undefined) packet.dup = true
        // Only what is found at SUBSCRIBE has the flag. aedes reads it while others publish: the new value may have gone out before.
        if (packet.retain && !retained.isCurrent(packet.topic, bytesOf(packet.payload))) return null
        return identity && mayRead(identity.grant, packet.topic) ? packet : null
      },
    },
    unsubscribed(client, filters) {
      const identity = identities.get(client)
      for (const filter of filters) if (identity?.filters.delete(filter) && counts(identity)) together -= 1
    },
    left(client) {
      const identity = identities.get(client)
      if (identity && counts(identity)) together -= identity.filters.size
      identity?.filters.clear()
      const owner = owners.get(client.id)
      // One that was taken over by the same user has left its id to that.
      if (owner?.client === client && !keepers.has(owner.user)) owners.delete(client.id)
    },
  }
}

const LOGIN_REFUSED: Readonly<Record<number, string>> = {
  [IDENTIFIER_REJECTED]: 'the client id belongs to another user',
  [SERVER_UNAVAILABLE]: 'too many logins at once',
  [BAD_LOGIN]: 'bad user name or password',
  [NOT_AUTHORIZED]: 'not authorized',
}

function identityOf(user: string, grant: Grant, maxSubscriptions: number = LIMITS.brokerSubscriptions): Identity {
  return { user, grant, maxSubscriptions, filters: new Set(), saidFilters: 0 }
}

/** Why there is no room for it. @param together  of all clients */
function excessOf({ filters, maxSubscriptions, user }: Identity, topic: string, together: number): string | undefined {
  if (filters.has(topic)) return undefined
  if (filters.size >= maxSubscriptions) return `${whoIs({ user })} asks for more than ${maxSubscriptions} subscriptions`
  if (together < LIMITS.brokerSubscriptionsTogether) return undefined
  return `${whoIs({ user })} asks for a subscription, and all clients together have ${together}`
}

function bytesOf(payload: string | Buffer): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload
}

/** In memory of its own: small Buffers share theirs. */
function copyOf(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

/** Empty: counted, and not said again. */
function subscriptionProblem(identity: Identity, topic: string): string | undefined {
  const { grant } = identity
  if (topic.length <= LIMITS.brokerTopicBytes && maySubscribe(grant, topic)) return undefined
  identity.saidFilters += 1
  return identity.saidFilters > SAID_FILTERS ? '' : `${whoIs(identity)}: ${shownName(topic)}`
}

function whoIs({ user }: Pick<Identity, 'user'>): string {
  return user === ANONYMOUS ? 'a client without a user' : `user ${user}`
}
