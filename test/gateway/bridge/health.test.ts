import { expect, test } from 'vitest'
import { createHealth } from '../../../src/gateway/bridge/health.js'
import type { BrokerInfo } from '../../../src/gateway/broker/broker.js'
import type { MqttPipeInfo } from '../../../src/gateway/mqtt/pipe.js'
import type { OutboxInfo } from '../../../src/gateway/outbox/types.js'
import { createVirtualClock } from '../../../src/testing/index.js'

const mqtt: MqttPipeInfo = {
  connected: false,
  reconnects: 2,
  dropped: { full: 0, offline: 5, tooLong: 0, refused: 1 },
  waiting: { messages: 3, bytes: 120, socketBytes: 40 },
}

async function healthWith(outbox: OutboxInfo | undefined, broker?: BrokerInfo) {
  const clock = createVirtualClock()
  const health = createHealth({
    devices: () => [],
    mqtt: () => mqtt,
    outbox: () => outbox,
    broker: () => broker,
    clock,
  })
  await clock.advance(90_000)
  const asked = health()
  await clock.advance(1)
  return await asked
}

test('R13: health has the records and bytes of the outbox on disk, with what it has lost and what the broker may have', async () => {
  const dropped = { full: 7, ttl: 0, corrupt: 1 }
  const more = { waiting: 2, dropped, quarantined: 1, heldShort: 0, unconfirmed: 12 }
  const info = { isOpen: true, events: 41, bytes: 9_000, ...more }
  const { outbox, mqtt: link, uptime_s } = await healthWith(info)
  expect(outbox).toEqual({
    records: 41,
    bytes: 9_000,
    is_open: true,
    unstored: 2,
    dropped,
    quarantined: 1,
    unconfirmed: 12,
  })
  expect(link).toEqual({
    connected: false,
    reconnects: 2,
    dropped: { full: 0, offline: 5, too_long: 0, refused: 1 },
    waiting: { messages: 3, bytes: 120, socket_bytes: 40 },
  })
  expect(uptime_s).toBe(90)
})

test('where events wait in memory it has those, with everything else that waits there', async () => {
  expect((await healthWith(undefined)).outbox).toEqual({ records: 3, bytes: 120 })
})

test('of the embedded broker it has the connections and what was refused; of another program nothing', async () => {
  const refused = { login: 1, publish: 2, subscription: 3, retained: 4, connection: 5, closed: 6 }
  expect((await healthWith(undefined, { connections: 3, refused })).broker).toEqual({ connections: 3, refused })
  expect(await healthWith(undefined)).not.toHaveProperty('broker')
})
