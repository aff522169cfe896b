/** What the embedded broker makes of a CONNECT. */

import type { AedesOptions, Client, ConnectPacket } from 'aedes'
import { expect, it, test } from 'vitest'
import { type Grant, OPEN } from '../../../src/gateway/broker/access.js'
import { createBrokerPolicy } from '../../../src/gateway/broker/policy.js'
import { secretOf } from '../../../src/gateway/broker/users.js'
import { LIMITS } from '../../../src/gateway/limits.js'

const gateway = { name: '$gateway', secret: secretOf('own'), grant: OPEN, keepsSession: true }

function policy(refusals: string[] = []) {
  const { handlers } = createBrokerPolicy({
    users: [gateway],
    anonymous: OPEN,
    isOpen: true,
    entered: () => {},
    end: () => {},
    refused: (what, detail) => refusals.push(`${what}: ${detail}`),
  })
  return handlers as Required<AedesOptions>
}

function afterConnect(packet: Partial<ConnectPacket>): ConnectPacket {
  const changed = { cmd: 'connect', clientId: 'x', clean: false, ...packet } as ConnectPacket
  policy().preConnect({} as Client, changed, () => {})
  return changed
}

it.each([
  [0, LIMITS.brokerKeepaliveSeconds],
  [10, 10],
  [LIMITS.brokerKeepaliveSeconds, LIMITS.brokerKeepaliveSeconds],
  [65_535, LIMITS.brokerKeepaliveSeconds],
])('T11: a keepalive of %i s counts as %i s', (asked, counts) => {
  expect(afterConnect({ keepalive: asked }).keepalive).toBe(counts)
})

test('only the gateway itself keeps its session', () => {
  expect(afterConnect({ username: 'ann' }).clean).toBe(true)
  expect(afterConnect({}).clean).toBe(true)
  expect(afterConnect({ username: '$gateway' }).clean).toBe(false)
})

test('whoever was never let in may do nothing', () => {
  const refusals: string[] = []
  const handlers = policy(refusals)
  const stranger = {} as Client
  const packet = { topic: 'a', payload: Buffer.from('x'), retain: false } as never
  let published: unknown = 'nothing'
  handlers.authorizePublish(stranger, packet, (error) => {
    published = error
  })
  expect(published).toBeInstanceOf(Error)
  let granted: unknown = 'nothing'
  handlers.authorizeSubscribe(stranger, { topic: '#', qos: 0 } as never, (_error, subscription) => {
    granted = subscription
  })
  expect(granted).toBeNull()
  expect(handlers.authorizeForward(stranger, packet)).toBeNull()
  expect(refusals).toHaveLength(2)
})

test('nobody speaks on the own topics of the broker, nor on topics without end', () => {
  const handlers = policy()
  const client = { id: 'x' } as Client
  return new Promise<void>((resolve) => {
    handlers.authenticate(client, undefined, undefined, (error) => {
      expect(error).toBeNull()
      const errors: unknown[] = []
      for (const topic of ['$SYS/x', '$share/a/b', 'x'.repeat(2_000), 'fine']) {
        const packet = { topic, payload: Buffer.from('x'), retain: false } as never
        handlers.authorizePublish(client, packet, (refusal) => errors.push(refusal))
      }
      expect(errors.map((refusal) => refusal instanceof Error)).toEqual([true, true, true, false])
      resolve()
    })
  })
})

test('what was retained when a client subscribed, and is another by now, is not sent behind the new value', async () => {
  const handlers = policy()
  const client = { id: 'x' } as Client
  await new Promise((resolve) => handlers.authenticate(client, undefined, undefined, resolve))
  const found = (payload: string) => ({ topic: 'a/availability', payload: Buffer.from(payload), retain: true }) as never
  const publish = (payload: string) => handlers.authorizePublish(client, found(payload), () => {})
  publish('offline')
  expect(handlers.authorizeForward(client, found('offline'))).not.toBeNull()
  publish('online')
  expect(handlers.authorizeForward(client, found('offline'))).toBeNull()
  expect(handlers.authorizeForward(client, found('online'))).not.toBeNull()
})

/** Lets clients in and asks for subscriptions on their behalf. */
function subscribers(grant: Grant, { isOpen = true, ended = [] as string[], refusals = [] as string[] } = {}) {
  const policy = createBrokerPolicy({
    users: [gateway],
    anonymous: grant,
    isOpen,
    entered: () => {},
    end: (_client, why) => ended.push(why),
    refused: (what, detail) => refusals.push(detail && `${what}: ${detail}`),
  })
  const { authenticate, authorizeSubscribe } = policy.handlers as Required<AedesOptions>
  return {
    ...policy,
    async enter(id: string, user?: string): Promise<Client> {
      const client = { id } as Client
      await new Promise((resolve) => authenticate(client, user, Buffer.from('own'), resolve))
      return client
    },
    /** How many of them it gets, the first of them `from`. */
    ask(client: Client, count: number, from = 0): number {
      let granted = 0
      for (let at = from; at < from + count; at++) {
        authorizeSubscribe(client, { topic: `${client.id}/d${at}`, qos: 0 } as never, (_error, subscription) => {
          if (subscription) granted += 1
        })
      }
      return granted
    },
  }
}

it('R23: of thousands of subscriptions that are not granted each is counted, and ten are said', async () => {
  const refusals: string[] = []
  const ended: string[] = []
  const { enter, ask } = subscribers({ read: ['mine/#'], write: [] }, { refusals, ended })
  expect(ask(await enter('x'), 5_000)).toBe(0)
  expect(refusals).toHaveLength(5_000)
  expect(refusals.filter((line) => line !== '')).toHaveLength(10)
  expect(ended).toEqual([])
})

it.each([
  ['where there are no users', true, LIMITS.brokerManySubscriptions],
  ['without a user where there are some', false, LIMITS.brokerSubscriptions],
])('R23: a client %s that asks for one subscription too many is ended', async (_name, isOpen, most) => {
  const ended: string[] = []
  const { enter, ask } = subscribers(OPEN, { isOpen, ended })
  const client = await enter('x')
  expect(ask(client, most)).toBe(most)
  expect(ask(client, most)).toBe(most)
  expect(ended).toEqual([])
  expect(ask(client, 1, most)).toBe(0)
  expect(ended).toEqual([`a client without a user asks for more than ${most} subscriptions`])
})

it('R23: an ended client is asked nothing more: neither counted nor said', async () => {
  const refusals: string[] = []
  const { enter, ask } = subscribers({ read: ['mine/#'], write: [] }, { refusals })
  const client = await enter('x')
  expect(ask(Object.assign(client, { closed: true }), 100)).toBe(0)
  expect(refusals).toEqual([])
})

it('R23: all clients together have a bound too; what is given back, by word or by leaving, is there for others', async () => {
  const ended: string[] = []
  const { enter, ask, left, unsubscribed } = subscribers(OPEN, { ended })
  const each = LIMITS.brokerManySubscriptions
  const hogs = await Promise.all(
    Array.from({ length: LIMITS.brokerSubscriptionsTogether / each }, (_, at) => enter(`hog-${at}`)),
  )
  for (const hog of hogs) expect(ask(hog, each)).toBe(each)
  const late = await enter('late')
  expect(ask(late, 1)).toBe(0)
  expect(ended).toHaveLength(1)
  expect(ended[0]).toMatch(/all clients together have 4096$/)
  expect(ask(await enter('own', gateway.name), LIMITS.brokerSubscriptions)).toBe(LIMITS.brokerSubscriptions)
  unsubscribed(hogs[0]!, ['hog-0/d0', 'hog-0/d0', 'nobody has this'])
  expect(ask(late, 2)).toBe(1)
  left(hogs[1]!)
  // aedes says it again when the connection has closed.
  unsubscribed(hogs[1]!, ['hog-1/d0'])
  expect(ask(late, 1, 1)).toBe(1)
  expect(ask(await enter('others'), each)).toBe(each - 1)
})

test('what is retained keeps nothing else in memory of what came with it', () => {
  const handlers = policy()
  const client = { id: 'x' } as Client
  return new Promise<void>((resolve) => {
    handlers.authenticate(client, undefined, undefined, () => {
      const packet = { topic: 'a', payload: Buffer.alloc(65_536, 'x').subarray(100, 110), retain: true }
      handlers.authorizePublish(client, packet as never, (error) => expect(error ?? null).toBeNull())
      expect(packet.payload.toString()).toBe('x'.repeat(10))
      expect(packet.payload.buffer.byteLength).toBe(10)
      resolve()
    })
  })
})
