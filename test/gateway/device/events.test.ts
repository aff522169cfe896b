/** The events of one device, over an outbox and a pipe that only remember. */

import { expect, test } from 'vitest'
import type { Contract, Event } from '../../../src/contract/index.js'
import { createDeviceEvents } from '../../../src/gateway/device/events.js'
import type { OutboxRecord } from '../../../src/gateway/outbox/record.js'
import { createTopics } from '../../../src/gateway/topics.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createVirtualClock } from '../../../src/testing/index.js'

function start(kept: 'on disk' | 'in memory') {
  const clock = createVirtualClock()
  const contract = greenhouse as unknown as Contract
  const taken: { readonly id: string; readonly stored: () => void }[] = []
  const states: string[] = []
  const outbox = {
    append: () => {},
    store: ({ id }: OutboxRecord) => new Promise<void>((stored) => taken.push({ id, stored })),
  }
  const events = createDeviceEvents({
    config: { name: 'greenhouse', target: { serial: '/dev/fake' }, contract, retain: true },
    topics: createTopics('portwire'),
    pipe: {
      publish: ({ userProperties }, stored = () => {}) => taken.push({ id: userProperties!['id']!, stored }),
      publishEvent: () => {},
      publishLatest: ({ payload }) => states.push(String(payload)),
      publishOnce: () => {},
    },
    ...(kept === 'on disk' && { outbox }),
    run: '00000000',
    now: () => new Date(0),
    clock,
    aboveQuota: () => {},
  })
  const alarm = contract.events.get('alarm') as Event
  const emit = (number: number, epoch = 1) =>
    events.reliable(alarm, { celsius: number, high: true }, { epoch, number, id: `greenhouse:${epoch}:${number}` })
  return { events, emit, taken, states, clock }
}

test.each(['on disk', 'in memory'] as const)(
  'an event that comes again, as after every reconnect, while the first is not %s yet waits for that one',
  async (kept) => {
    const { emit, taken } = start(kept)
    const first = emit(1)
    const again = [emit(1), emit(1)]
    emit(2)
    emit(1, 2)
    expect(taken.map(({ id }) => id)).toEqual(['greenhouse:1:1', 'greenhouse:1:2', 'greenhouse:2:1'])
    taken[0]!.stored()
    await Promise.all([first, ...again])
    // An ACK that was lost: at least once, with the same id.
    emit(1)
    expect(taken.map(({ id }) => id).slice(3)).toEqual(['greenhouse:1:1'])
  },
)

test('an event that comes again does not put its old values into the state', async () => {
  const { events, emit, states, clock } = start('on disk')
  emit(1)
  events.merge({ celsius: 30 })
  emit(1)
  await clock.advance(1_000)
  expect(JSON.parse(states.at(-1)!)).toMatchObject({ celsius: 30 })
})
