import { expect, it } from 'vitest'
import { MAX_WAITING_NOTICE_BYTES, MAX_WAITING_NOTICES } from '../../src/stdio/limits.js'
import { createNotices } from '../../src/stdio/notices.js'
import { createValueCodec } from '../../src/wire/index.js'

function start(prefixBytes: 1 | 2 | 4 = 2) {
  const codec = createValueCodec()
  const client = { isReading: true }
  const told: unknown[] = []
  const notices = createNotices({
    prefixBytes,
    codec,
    isReading: () => client.isReading,
    write(content) {
      expect(content[0]).toBe(0x6e)
      const decoded = codec.decode(content, 1)
      told.push(decoded.ok && decoded.value)
    },
  })
  const offer = (value: unknown) => notices.offer(codec.encode(value))
  return { codec, client, told, notices, offer }
}

it('what is told to a client that reads is written at once, with n in front', () => {
  const { told, offer } = start()
  offer(['event', 1])
  offer(['event', 2])
  expect(told).toEqual([
    ['event', 1],
    ['event', 2],
  ])
})

it('of 100,000 events before a client that does not read: 25,000 wait in order, what was lost is said in its place', () => {
  const { client, told, notices, offer } = start()
  client.isReading = false
  for (let n = 0; n < 100_000; n++) offer(n)
  expect(notices.waiting).toBe(MAX_WAITING_NOTICES)
  expect(notices.dropped).toBe(100_000 - MAX_WAITING_NOTICES)
  client.isReading = true
  notices.pump()
  offer('next')
  expect(told.slice(0, MAX_WAITING_NOTICES)).toEqual([...Array(MAX_WAITING_NOTICES).keys()])
  expect(told.slice(MAX_WAITING_NOTICES)).toEqual([['lost', 75_000, 'client'], 'next'])
})

it('the bound is one of bytes as well', () => {
  const { client, notices, offer } = start()
  client.isReading = false
  const text = 'x'.repeat(60_000)
  while (notices.dropped === 0) offer(text)
  expect(notices.waiting).toBe(Math.ceil(MAX_WAITING_NOTICE_BYTES / 60_003))
})

it('what must not be lost is finished when it was written, behind what came before it', async () => {
  const { codec, client, told, notices, offer } = start()
  client.isReading = false
  offer(1)
  let isWritten = false
  const written = notices.send(codec.encode('alarm'))!.then(() => {
    isWritten = true
  })
  await Promise.resolve()
  expect(isWritten).toBe(false)
  client.isReading = true
  notices.pump()
  await written
  expect(told).toEqual([1, 'alarm'])
})

it('losses of a client that does not read are added up, one line for each place', () => {
  const { client, told, notices } = start()
  client.isReading = false
  for (let n = 0; n < 1_000; n++) {
    notices.lost(1, 'line')
    notices.lost(2, 'board')
  }
  expect(notices.waiting).toBe(0)
  client.isReading = true
  notices.pump()
  expect(told).toEqual([
    ['lost', 1_000, 'line'],
    ['lost', 2_000, 'board'],
  ])
})

it('an event that its packet cannot hold is said to be lost, at the exact limit', () => {
  const { told, notices } = start(1)
  const text = (bytes: number) => Uint8Array.of(0xd9, bytes - 2, ...Array(bytes - 2).fill(0x78))
  notices.offer(text(254))
  notices.offer(text(255))
  expect(told).toEqual(['x'.repeat(252), ['lost', 1, 'packet']])
  expect(notices.send(text(255))).toBeUndefined()
})
