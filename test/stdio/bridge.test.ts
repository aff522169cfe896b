/** The bridge between a client's bytes and a board that the test plays. */

import { expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Board } from '../../src/stdio/board.js'
import { createBridge } from '../../src/stdio/bridge.js'
import type { ErrorReply } from '../../src/stdio/error-reply.js'
import { MAX_HELD_REQUEST_BYTES, MAX_WAITING_REQUESTS } from '../../src/stdio/limits.js'
import { createValueCodec, encodePacket } from '../../src/wire/index.js'

const codec = createValueCodec()

function start(prefixBytes: 1 | 2 | 4 = 2) {
  const client = { isReading: true }
  const written: Uint8Array[] = []
  const calls: { readonly request: number[]; answer(answer: Uint8Array | ErrorReply): void }[] = []
  const board: Board = {
    call(request) {
      const { promise, resolve } = deferred<Uint8Array | ErrorReply>()
      calls.push({ request: [...request], answer: resolve })
      return promise
    },
    counters: () => ({ lateReplies: 0, refused: 0 }),
  }
  const bridge = createBridge({
    prefixBytes,
    board,
    isReading: () => client.isReading,
    write: (packet) => void written.push(packet),
  })
  const request = (...content: number[]) => encodePacket(Uint8Array.from(content), prefixBytes)
  const answers = () => written.map((packet) => [...packet])
  return { client, calls, bridge, written, answers, request }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('a request is its content, a reply its value and nothing else, in the order of the requests', async () => {
  const { calls, bridge, answers, request } = start()
  bridge.receive(Buffer.concat([request(4, 1), request(4, 2)]))
  expect(calls.map((call) => call.request)).toEqual([
    [4, 1],
    [4, 2],
  ])
  calls[1]!.answer(Uint8Array.of(2))
  await turn()
  expect(answers()).toEqual([])
  calls[0]!.answer(Uint8Array.of(1))
  await turn()
  expect(answers()).toEqual([
    [0, 1, 1],
    [0, 1, 2],
  ])
})

it('an error in place of a value is a map; errors and timeouts are counted', async () => {
  const { calls, bridge, written, request } = start()
  bridge.receive(Buffer.concat([request(4, 1), request(4, 2)]))
  calls[0]!.answer({ error: 'timeout' })
  calls[1]!.answer({ error: 'no bulb', code: 20 })
  await turn()
  expect(written.map((packet) => codec.decode(packet, 2))).toEqual([
    { ok: true, value: { error: 'timeout' } },
    { ok: true, value: { error: 'no bulb', code: 20 } },
  ])
  expect(bridge.counters).toMatchObject({ requests: 2, errors: 2, timeouts: 1 })
})

it('with a length of one byte a reply of 255 bytes passes, one of 256 is an error that fits', async () => {
  const { calls, bridge, written, request } = start(1)
  bridge.receive(Buffer.concat([request(4, 1), request(4, 2), request(4, 3)]))
  calls[0]!.answer(new Uint8Array(255))
  calls[1]!.answer(new Uint8Array(256))
  calls[2]!.answer({ error: 'x'.repeat(300), code: 20 })
  await turn()
  expect(written[0]).toHaveLength(256)
  expect(codec.decode(written[1]!, 1)).toMatchObject({
    value: { code: 8, error: expect.stringContaining('256 bytes') },
  })
  expect(codec.decode(written[2]!, 1)).toMatchObject({ value: { code: 20, error: 'error' } })
})

it('so many requests are taken and no more, and none while the client does not read', async () => {
  const { client, calls, bridge, request } = start()
  for (let n = 0; n < MAX_WAITING_REQUESTS + 10; n++) bridge.receive(request(4, 1))
  expect(calls).toHaveLength(MAX_WAITING_REQUESTS)
  client.isReading = false
  calls[0]!.answer(Uint8Array.of(1))
  await turn()
  expect(calls).toHaveLength(MAX_WAITING_REQUESTS)
  client.isReading = true
  bridge.pump()
  expect(calls).toHaveLength(MAX_WAITING_REQUESTS + 1)
})

it('the client is told to wait when too much is held, and no longer when it is taken', async () => {
  const { client, calls, bridge } = start()
  client.isReading = false
  const large = encodePacket(new Uint8Array(60_000).fill(4), 2)
  let held = 0
  while (!bridge.isFull) {
    bridge.receive(large)
    held += large.length
  }
  expect(held).toBeLessThanOrEqual(MAX_HELD_REQUEST_BYTES + large.length)
  client.isReading = true
  bridge.pump()
  expect(bridge.isFull).toBe(false)
  expect(calls.length).toBeGreaterThan(0)
})

it('without notify 255 is an action like any other that the board does not have, and a command does nothing', async () => {
  const { calls, bridge, request } = start()
  bridge.receive(request(255, 0x91, 0xa1, 0x78))
  bridge.command(['noevents'])
  expect(calls.map((call) => call.request)).toEqual([[255, 0x91, 0xa1, 0x78]])
})

it('half a request is seen as such', () => {
  const { bridge, request } = start()
  bridge.receive(request(4, 1).subarray(0, 3))
  expect(bridge.inRequest).toBe(true)
})
