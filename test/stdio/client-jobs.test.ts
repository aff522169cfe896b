/** Jobs of a client whose values are at the limits of what a board may answer, and beyond. */

import { expect, it } from 'vitest'
import { createBridge } from '../../src/stdio/bridge.js'
import { createClientEvents } from '../../src/stdio/client-events.js'
import { createClientJobs } from '../../src/stdio/client-jobs.js'
import { SENT_VALUE_LIMITS } from '../../src/stdio/limits.js'
import { createNotices } from '../../src/stdio/notices.js'
import { COMMAND_ACTION } from '../../src/stdio/tags.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createValueCodec, encodePacket } from '../../src/wire/index.js'
import { createFakePort } from '../gateway/fake-port.js'

const wide = createValueCodec({ maxDepth: 64, maxNodes: 20_000 })

function start() {
  const codec = createValueCodec({}, { sentLimits: SENT_VALUE_LIMITS })
  const told: unknown[] = []
  let changed = () => {}
  const write = (content: Uint8Array) => {
    const decoded = wide.decode(content, 1)
    told.push(decoded.ok && decoded.value)
    changed()
  }
  const notices = createNotices({ prefixBytes: 2, codec, write, isReading: () => true })
  const run = (result: unknown, items: readonly unknown[] = []) => {
    const stream = () => ({
      result: Promise.resolve(result),
      lost: 0,
      async *[Symbol.asyncIterator]() {
        yield* items
      },
    })
    createClientJobs({ stream } as never, greenhouse as never, codec, notices)
      .start([0])
      .left?.()
  }
  const heard = async (count: number) => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        changed = resolve
      })
    }
    return told
  }
  return { notices, told, run, heard }
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

it('a result that is as deep as a board may answer is told whole', async () => {
  const deep = nested(16)
  expect(createValueCodec().decode(wide.encode(deep)).ok).toBe(true)
  const { run, heard } = start()
  run(deep, [deep])
  expect(await heard(2)).toEqual([
    ['bgnext', 1, deep],
    ['bgok', 1, deep],
  ])
})

it('what cannot be encoded is said: an item as lost, a result as gone', async () => {
  const { run, heard } = start()
  run(nested(40), [nested(40), 7])
  expect(await heard(3)).toEqual([
    ['lost', 1, 'packet'],
    ['bgnext', 1, 7],
    ['bgerror', 1, { error: 'the reply does not fit a packet; the action ran', code: expect.any(Number) }],
  ])
})

it('an event that cannot be encoded is said as lost; the next one is told', async () => {
  const { notices, told } = start()
  const port = createFakePort()
  const [name] = [...greenhouse.events.values()].filter(({ fields }) => fields.length > 0).map((event) => event.name)
  const field = greenhouse.events.get(name!)!.fields[0]!.name
  createClientEvents(port as never, greenhouse as never, notices).bind('ALL')
  await port.emit(name!, { [field]: nested(40) })
  await port.emit(name!, { [field]: 7 })
  expect(told[0]).toEqual(['lost', 1, 'packet'])
  expect(told[1]).toMatchObject(['event', { 0: name, 1: 7 }])
})

it('a command whose refusal is longer than a packet is answered with an error that fits', () => {
  const written: Uint8Array[] = []
  const bridge = createBridge({
    prefixBytes: 2,
    board: { call: () => new Promise(() => {}), counters: () => ({ lateReplies: 0, refused: 0 }) },
    isReading: () => true,
    write: (packet) => void written.push(packet),
    notify: { port: createFakePort() as never, contract: greenhouse as never },
  })
  const command = createValueCodec().encode(['x'.repeat(65_500)])
  bridge.receive(encodePacket(Uint8Array.of(COMMAND_ACTION, ...command), 2))
  expect(written).toHaveLength(1)
  const answer = wide.decode(written[0]!, 3)
  expect(answer).toMatchObject({ ok: true, value: { error: expect.stringContaining('the packet holds') } })
})
