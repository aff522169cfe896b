/** One feed for many listeners, without sockets. */

import { expect, it } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { deferred } from '../../src/deferred.js'
import { createFeed, type EventContent, eventsNamed } from '../../src/event-server/index.js'
import { createValueCodec } from '../../src/wire/index.js'
import { createFakePort } from '../gateway/fake-port.js'
import { meter } from './sources.js'

const contract = meter as unknown as Contract
const reading = contract.events.get('reading')!
const alarm = contract.events.get('alarm')!

function start() {
  const port = createFakePort()
  const feed = createFeed(port, contract)
  const codec = createValueCodec()
  const heard: unknown[] = []
  const note = (_event: unknown, content: EventContent) => {
    const decoded = codec.decode(content())
    heard.push(decoded.ok && decoded.value)
  }
  return { port, feed, heard, note }
}

it('an event is its name, its values by position and its id; ids of plain events count by name', async () => {
  const { port, feed, heard, note } = start()
  for (const event of contract.events.values()) feed.listen(event, note)
  await port.emit('reading', { n: 1, text: 'probe 1' })
  await port.emit('silent', {})
  await port.emit('alarm', { high: true }, { number: 7 })
  await port.emit('reading', { n: 2, text: 'probe 1' })
  expect(heard).toEqual([
    ['reading', 1, 'probe 1', 0],
    ['silent', 0],
    ['alarm', true, 'greenhouse:7f3a91c2:7'],
    ['reading', 2, 'probe 1', 1],
  ])
})

it('what two listeners hear is encoded once, and what nobody looks at not at all', async () => {
  const { port, feed, heard, note } = start()
  feed.listen(reading, note)
  feed.listen(reading, note)
  await port.emit('reading', { n: 1, text: '' })
  expect(heard).toHaveLength(2)
  expect(feed.encoded).toBe(1)
  feed.listen(alarm, () => {})
  await port.emit('alarm', { high: true })
  expect(feed.encoded).toBe(1)
})

it('the last listener to stop ends the binding at the device, and stopping twice is stopping once', () => {
  const { port, feed } = start()
  let bound = 0
  const { on } = port
  port.on = (event, listener) => {
    bound += 1
    const stop = on(event, listener)
    return () => {
      bound -= 1
      stop()
    }
  }
  const stops = [feed.listen(reading, () => {}), feed.listen(reading, () => {})]
  expect(bound).toBe(1)
  stops[0]!()
  stops[0]!()
  expect(bound).toBe(1)
  stops[1]!()
  expect(bound).toBe(0)
  feed.listen(reading, () => {})
  expect(bound).toBe(1)
})

it('a reliable event is finished when every listener is', async () => {
  const { port, feed } = start()
  const first = deferred<void>()
  const second = deferred<void>()
  feed.listen(alarm, () => first.promise)
  feed.listen(alarm, () => second.promise)
  let isFinished = false
  const emitted = port.emit('alarm', { high: true }).then(() => {
    isFinished = true
  })
  first.resolve()
  await first.promise
  await Promise.resolve()
  expect(isFinished).toBe(false)
  second.resolve()
  await emitted
})

it('ALL is every event; no name, and a name that is not there, are refused', () => {
  expect(eventsNamed(contract, ['silent', 'ALL']).map((event) => event.name)).toEqual(['reading', 'alarm', 'silent'])
  expect(() => eventsNamed(contract, [])).toThrow('ARGUMENT_INVALID: events: at least one name, or ALL')
  expect(() => eventsNamed(contract, ['reeding'])).toThrow('no event reeding; it has: reading, alarm, silent')
})
