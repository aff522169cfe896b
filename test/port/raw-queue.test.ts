import { describe, expect, it } from 'vitest'
import { createPacketQueue } from '../../src/port/host/raw-queue.js'
import { openRaw } from '../../src/raw.js'

const START = { maxPackets: 4, maxBytes: 100 }

function queueOf({ maxPackets, maxBytes } = START) {
  let rooms = 0
  const queue = createPacketQueue<string>(maxPackets, maxBytes, () => {
    rooms += 1
  })
  return { queue, rooms: () => rooms }
}

const packet = (value: string) => ({ done: false, value })
const OVER = { done: true, value: undefined }

describe('a queue of packets with several next() under way', () => {
  it('gives one packet to each, in the order they asked', async () => {
    const { queue } = queueOf()
    const reader = queue.read()
    const asked = [reader.next(), reader.next(), reader.next()]
    for (const name of ['one', 'two', 'three', 'four']) expect(queue.push(name, 1)).toBe(true)
    expect(await Promise.all(asked)).toEqual([packet('one'), packet('two'), packet('three')])
    expect(await reader.next()).toEqual(packet('four'))
  })

  it('gives nothing that is already promised to one that asks later', async () => {
    const { queue } = queueOf()
    const reader = queue.read()
    const first = reader.next()
    queue.push('one', 1)
    const second = reader.next()
    queue.push('two', 1)
    expect(await Promise.all([first, second])).toEqual([packet('one'), packet('two')])
    expect([queue.packets, queue.bytes]).toEqual([0, 0])
  })

  it('ends all of them when nothing more comes, and lets the next reader in', async () => {
    const { queue } = queueOf()
    const reader = queue.read()
    const asked = [reader.next(), reader.next()]
    queue.end()
    expect(await Promise.all(asked)).toEqual([OVER, OVER])
    expect(await reader.next()).toEqual(OVER)
    expect(await queue.read().next()).toEqual(OVER)
  })

  it('ends all of them when the reader leaves, without taking a packet of the one after it', async () => {
    const { queue } = queueOf()
    const reader = queue.read()
    const asked = [reader.next(), reader.next()]
    expect(await reader.return!()).toEqual(OVER)
    const later = queue.read()
    queue.push('one', 1)
    expect(await Promise.all(asked)).toEqual([OVER, OVER])
    expect(await reader.next()).toEqual(OVER)
    expect(() => queue.read()).toThrow('another reader has not ended yet')
    expect(await later.next()).toEqual(packet('one'))
  })

  it('after the end gives what waits, then ends', async () => {
    const { queue, rooms } = queueOf({ maxPackets: 2, maxBytes: 100 })
    queue.push('one', 1)
    queue.push('two', 1)
    expect([queue.isFull, queue.push('three', 1)]).toEqual([true, false])
    queue.end()
    const reader = queue.read()
    const asked = [reader.next(), reader.next(), reader.next()]
    expect(await Promise.all(asked)).toEqual([packet('one'), packet('two'), OVER])
    expect(rooms()).toBe(2)
  })
})

describe('a raw port on a program', () => {
  it('gives each of two next() that wait its line; a third ends when the port is closed', async () => {
    const lines = await openRaw({ spawn: 'cat' }, { packet: { line: 80 } })
    const reader = lines.packets()
    const asked = [reader.next(), reader.next()]
    const third = reader.next()
    await lines.write(Buffer.from('one\ntwo\n'))
    const said = (await Promise.all(asked)).map(({ value }) => Buffer.from(value!.bytes).toString())
    expect(said).toEqual(['one', 'two'])
    await lines.close()
    expect(await third).toEqual(OVER)
  })
})
