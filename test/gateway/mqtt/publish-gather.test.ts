import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/gateway/limits.js'
import type { Publication } from '../../../src/gateway/mqtt/publication.js'
import { createPublishGather } from '../../../src/gateway/mqtt/publish-gather.js'

// The packets as mqtt.js writes them.
const requireOfMqtt = createRequire(createRequire(import.meta.url).resolve('mqtt'))
const { generate } = requireOfMqtt('mqtt-packet') as { generate: (packet: object, options: object) => Buffer }

function start(version: 4 | 5) {
  const written: Buffer[] = []
  const turnEnds: (() => void)[] = []
  const gather = createPublishGather(
    version,
    (bytes) => written.push(bytes),
    (run) => turnEnds.push(run),
  )
  const endTurn = () => {
    for (const run of turnEnds.splice(0)) run()
  }
  return { gather, written, endTurn, turnEnds }
}

const packetOf = ({ topic, payload, retain, userProperties }: Publication, version: 4 | 5) =>
  generate(
    {
      cmd: 'publish',
      topic,
      payload,
      qos: 0,
      retain,
      dup: false,
      ...(userProperties && { properties: { userProperties } }),
    },
    { protocolVersion: version },
  )

const text = fc.string({ unit: fc.constantFrom('a', '"', 'é', '€', '😀'), maxLength: 400 })
const publications = fc.array(
  fc.record({
    topic: text.map((level) => `portwire/${level}`),
    payload: fc.tuple(text, fc.constantFrom(1, 1, 1, 60)).map(([once, times]) => once.repeat(times)),
    qos: fc.constant(0 as const),
    retain: fc.boolean(),
    userProperties: fc.option(
      text.map((id) => ({ id })),
      { nil: undefined },
    ),
  }),
  { maxLength: 8 },
)

test.each([4, 5] as const)(
  'MQTT %i: whatever is published, the bytes are those of mqtt-packet, in order',
  (version) => {
    fc.assert(
      fc.property(publications, (all) => {
        const { gather, written, endTurn } = start(version)
        for (const { userProperties, ...rest } of all)
          gather.add({ ...rest, ...(userProperties && { userProperties }) })
        endTurn()
        expect(gather.heldBytes).toBe(0)
        const expected = all.map(({ userProperties, ...rest }) =>
          packetOf({ ...rest, ...(userProperties && { userProperties }) }, version),
        )
        expect(Buffer.concat(written).equals(Buffer.concat(expected))).toBe(true)
      }),
    )
  },
)

const event: Publication = { topic: 'a/event/b', payload: '{"n":1}', qos: 0, retain: false }

test('what is published in one turn is one write, and the next turn another', () => {
  const { gather, written, endTurn, turnEnds } = start(5)
  for (let n = 0; n < 100; n++) gather.add(event)
  expect(written).toEqual([])
  expect(gather.heldBytes).toBe(100 * packetOf(event, 5).length)
  expect(turnEnds.length).toBe(1)
  endTurn()
  gather.add(event)
  endTurn()
  expect(written.map(({ length }) => length / packetOf(event, 5).length)).toEqual([100, 1])
})

test('no more is held than its limit, however much comes in one turn', () => {
  const { gather, written, endTurn } = start(5)
  let most = 0
  for (let n = 0; n < 10_000; n++) {
    gather.add(event)
    most = Math.max(most, gather.heldBytes)
  }
  expect(most).toBeLessThan(LIMITS.gatherBytes)
  endTurn()
  expect(Buffer.concat(written).length).toBe(10_000 * packetOf(event, 5).length)
})
