// The event server towards one reader: how many events a second, and what calls cost while a subscriber does not read.

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createEventFeed, defineContract, open, startEventServer } from '../../dist/index.js'
import { createMockBoard } from '../../dist/testing/index.js'

const EVENTS = 1_000_000
/** Events of one turn, as a device sends them that has a backlog. */
const BATCH = 64
const TARGET_PER_SECOND = 200_000
const CALLS = 2_000

const meter = defineContract({
  name: 'meter',
  version: '1',
  actions: {
    burst: { args: { count: 'u32', bytes: 'u32' }, result: 'u32' },
    echo: { args: { n: 'u32' }, result: 'u32' },
  },
  events: { reading: { fields: { celsius: 'f32', humidity: 'f32' } }, text: { fields: { text: 'str' } } },
})

export async function* run() {
  yield await rate()
  yield await callsBesideStalled()
}

/** Counts the packets in another process, as the reader shares nothing with the server but the socket. */
const READER = `
  const [host, port, count] = process.argv.slice(1)
  let packets = 0, need = 0, head = []
  require('node:net').connect(port, host).on('data', (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (need > 0) { const step = Math.min(need, bytes.length - at); need -= step; at += step; if (need === 0) packets++ }
      else { head.push(bytes[at++]); if (head.length === 2) { need = head[0] * 256 + head[1]; head = [] } }
    }
    if (packets >= Number(count)) process.exit(0)
  })`

async function rate() {
  let emit
  const source = {
    on(_event, listener) {
      emit = listener
      return () => {}
    },
    consume: () => () => {},
  }
  const came = deferred()
  const server = await startEventServer(createEventFeed(source, meter), {
    events: ['reading'],
    subscriber: (state) => state === 'connected' && came.resolve(),
  })
  const { host, port } = server.address
  const reader = spawn(process.execPath, ['-e', READER, host, String(port), String(EVENTS)], { stdio: 'ignore' })
  const read = new Promise((resolve) => reader.once('exit', resolve))
  await came.promise
  const startMs = performance.now()
  for (let sent = 0; sent < EVENTS; ) {
    // Only what is measured may be slow: no event is to be dropped for want of a reader.
    if (server.queued < 10_000)
      for (let n = 0; n < BATCH; n++, sent++) emit({ celsius: 21.5, humidity: sent }, { epoch: 1 })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await read
  const perSecond = Math.round(EVENTS / ((performance.now() - startMs) / 1_000))
  const { droppedFull } = server.counters
  await server.close()
  return {
    figure: `events to one subscriber, ${BATCH} a turn, from a simulated source`,
    events: EVENTS,
    dropped: droppedFull,
    events_per_second: perSecond,
    target_per_second: TARGET_PER_SECOND,
    met: perSecond >= TARGET_PER_SECOND && droppedFull === 0,
  }
}

/** p99 of an empty call, with a subscriber that reads and with one that has stopped reading and whose queue is full. */
async function callsBesideStalled() {
  const board = createMockBoard({
    contract: meter,
    maxContentBytes: 65_535,
    handlers: {
      burst({ count, bytes }) {
        const text = 'x'.repeat(bytes)
        for (let n = 0; n < count; n++) board.device.emit('text', { text })
        return count
      },
      echo: ({ n }) => n,
    },
  })
  const port = await open(meter, { serial: board.path, binding: board.binding })
  const came = deferred()
  const server = await startEventServer(createEventFeed(port, meter), {
    events: ['text'],
    subscriber: (state) => state === 'connected' && came.resolve(),
  })
  const socket = connect(server.address.port, server.address.host)
  socket.resume()
  await came.promise
  const p99 = async () => {
    const timesUs = []
    for (let n = 0; n < CALLS; n++) {
      if (n % 10 === 0) await port.call('burst', { count: 10, bytes: 200 })
      const startMs = performance.now()
      await port.call('echo', { n })
      timesUs.push((performance.now() - startMs) * 1_000)
    }
    return Math.round(timesUs.sort((a, b) => a - b)[Math.floor(0.99 * CALLS)])
  }
  await p99() // warm
  const readingUs = await p99()
  socket.pause()
  while (server.counters.droppedFull === 0) await port.call('burst', { count: 100, bytes: 200 })
  const stalledUs = await p99()
  const { droppedFull } = server.counters
  socket.destroy()
  await server.close()
  await port.close()
  return {
    figure: 'p99 of a call beside a subscriber that reads, and one that does not (queue full)',
    calls: CALLS,
    reading_p99_us: readingUs,
    stalled_p99_us: stalledUs,
    events_dropped: droppedFull,
  }
}

function deferred() {
  let resolve
  const promise = new Promise((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
