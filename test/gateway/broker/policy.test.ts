/** What the embedded broker makes of a CONNECT. */

import type { AedesOptions, Client, ConnectPacket } from 'aedes'
import { expect, it, test } from 'vitest'
import { OPEN } from '../../../src/gateway/broker/access.js'
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

it.each([
  ['too many', OPEN, LIMITS.brokerSubscriptions, 1],
  ['not granted', { read: ['mine/#'], write: [] }, 0, 10],
])(
  'R23: of thousands of subscriptions that are %s each is counted, and few are said',
  async (_name, grant, most, said) => {
    const refusals: string[] = []
    const { handlers } = createBrokerPolicy({
      users: [],
      anonymous: grant,
      isOpen: true,
      entered: () => {},
      refused: (what, detail) => refusals.push(detail && `${what}: ${detail}`),
    })
    const { authenticate, authorizeSubscribe } = handlers as Required<AedesOptions>
    const client = { id: 'x' } as Client
    await new Promise((resolve) => authenticate(client, undefined, undefined, resolve))
    let granted = 0
    for (let at = 0; at < 5_000; at++) {
      authorizeSubscribe(client, { topic: `d${at}/+`, qos: 0 } as never, (_error, subscription) => {
        if (subscription) granted += 1
      })
    }
    expect(granted).toBe(most)
    expect(refusals).toHaveLength(5_000 - most)
    expect(refusals.filter((line) => line !== '')).toHaveLength(said)
  },
)
