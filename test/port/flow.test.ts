import 'serialport'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type LinePart, listenTcp, listenWebSocket, openRaw, type RawPort, type Target } from '../../src/index.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { ptyWith } from '../cli/pty.js'
import { isAlive, portOver } from './peers.js'

/** What one read of a stream holds at most; it still comes after the peer was held back. */
const ONE_READ_BYTES = 65_536
const text = (part: LinePart) => Buffer.from(part.bytes).toString()

/** Reads all that comes and looks at the queue before each packet; `turn` lets more come meanwhile. */
async function readAll<P>(port: RawPort<P>, count: number): Promise<{ packets: P[]; mostBytes: number }> {
  const packets: P[] = []
  let mostBytes = 0
  for await (const packet of port.packets()) {
    mostBytes = Math.max(mostBytes, port.info().waitingBytes)
    packets.push(packet)
    if (packets.length === count) break
    if (packets.length % 500 === 0) await new Promise((turn) => setImmediate(turn))
  }
  return { packets, mostBytes }
}

const isHeld = (port: RawPort<unknown>) =>
  expect.poll(() => port.info().stream?.isPaused, { timeout: 10_000 }).toBe(true)

describe('a program that floods a slow reader', () => {
  const LINES = 100_000
  const WAITING_BYTES = 20_000

  it('S5: is held back at the bound, its memory is its own affair, and not a line is lost', async () => {
    const port = await openRaw(
      { spawn: 'seq', args: ['1', `${LINES}`] },
      { packet: { line: 80 }, restart: { type: 'temporary' }, maxWaitingBytes: WAITING_BYTES, maxWaitingPackets: 1e6 },
    )
    await isHeld(port)
    const { pid, bytesReceived } = port.info().stream!
    expect(isAlive(pid!)).toBe(true)
    expect(bytesReceived).toBeLessThan(WAITING_BYTES + ONE_READ_BYTES)
    const { packets, mostBytes } = await readAll(port, Number.POSITIVE_INFINITY)
    expect(packets.length).toBe(LINES)
    expect(packets.every((part, i) => text(part) === `${i + 1}`)).toBe(true)
    // Node reads once more when the program exits.
    expect(mostBytes).toBeLessThanOrEqual(WAITING_BYTES + 2 * ONE_READ_BYTES)
    expect(port.info().counters.packetsDropped).toBe(0)
    expect(await port.exited).toEqual({ kind: 'status', status: 0 })
  })

  it('S5: and has ended meanwhile is heard to the last line of its child before its exit, however late', async () => {
    const clock = createVirtualClock()
    const opening = openRaw(
      { spawn: 'sh', args: ['-c', `seq 1 ${LINES} & read go; exit 4`] },
      { packet: { line: 80 }, restart: { type: 'temporary' }, maxWaitingPackets: 1_000, clock },
    )
    const port = await clock.until(opening)
    await isHeld(port)
    await port.write(Buffer.from('\n'))
    await expect.poll(() => isAlive(port.info().stream!.pid!)).toBe(false)
    await clock.advance(60_000)
    expect(port.info().state).toBe('running')
    expect(port.info().waitingBytes).toBeLessThan(3 * ONE_READ_BYTES)
    const { packets } = await readAll(port, LINES) // the clock stands still: no pause can be over meanwhile
    expect(packets.length).toBe(LINES)
    expect(text(packets.at(-1)!)).toBe(`${LINES}`)
    expect(await clock.until(port.exited)).toEqual({ kind: 'status', status: 4 })
    expect(port.info().counters.packetsDropped).toBe(0)
  })

  it('S5: and is closed while it is held back leaves at once; what finds no place is counted', async () => {
    const port = await openRaw({ spawn: 'seq', args: ['1', '300000'] }, { packet: { line: 80 }, maxWaitingPackets: 10 })
    await isHeld(port)
    const { pid } = port.info().stream!
    expect(await port.close()).toEqual({ kind: 'closed' })
    expect(isAlive(pid!)).toBe(false)
    const read = await readAll(port, Number.POSITIVE_INFINITY)
    const { packetsReceived, packetsDropped } = port.info().counters
    expect(packetsDropped).toBeGreaterThan(0)
    expect(read.packets.length + packetsDropped).toBe(packetsReceived)
  })

  it.each(['tcp', 'websocket'] as const)('S5: behind %s is held back in the same way', async (kind) => {
    const bytes = 8 * 1024 * 1024
    const listen = kind === 'tcp' ? listenTcp : listenWebSocket
    const server = await listen({}, (link) => {
      const chunk = new Uint8Array(32_768).fill(7)
      const flood = async (left: number): Promise<void> => {
        if (left === 0) return void link.close()
        if (!link.write(chunk)) await link.drained()
        return flood(left - chunk.length)
      }
      void flood(bytes)
      return { data() {}, ended() {} }
    })
    onTestFinished(() => server.close())
    const target = { [kind]: server.address } as unknown as Target
    const options = { restart: { type: 'temporary' }, maxWaitingBytes: WAITING_BYTES } as const
    const port = await openRaw(target, { packet: { fixed: 1_024 }, ...options })
    await isHeld(port)
    const { packets, mostBytes } = await readAll(port, Number.POSITIVE_INFINITY)
    expect(packets.length).toBe(bytes / 1_024)
    expect(packets.every((packet) => packet.every((byte) => byte === 7))).toBe(true)
    expect(mostBytes).toBeLessThanOrEqual(WAITING_BYTES + 2 * ONE_READ_BYTES)
    expect(port.info().counters.packetsDropped).toBe(0)
  })
})

describe('a board that floods a slow reader', () => {
  const LINES = 50_000
  const flood = `read go; seq 1 ${LINES}; sleep 60`
  const go = new TextEncoder().encode('\n')

  it('S5: with RTS/CTS is held back, and not a line is lost', async () => {
    const path = await ptyWith(flood)
    const port = await openRaw({ serial: path, rtscts: true }, { packet: { line: 80 }, maxWaitingBytes: 20_000 })
    onTestFinished(async () => void (await port.close()))
    await port.write(go)
    await isHeld(port)
    const { packets, mostBytes } = await readAll(port, LINES)
    expect(packets.every((part, i) => text(part) === `${i + 1}`)).toBe(true)
    expect(mostBytes).toBeLessThanOrEqual(20_000 + ONE_READ_BYTES)
    expect(port.info().counters.packetsDropped).toBe(0)
  })

  it('S5: without flow control fills the queue and no more; each line beyond is counted', async () => {
    const path = await ptyWith(flood)
    const port = await openRaw({ serial: path }, { packet: { line: 80 }, maxWaitingPackets: 100 })
    onTestFinished(async () => void (await port.close()))
    let told = 0
    port.watch((notice) => {
      if (notice.kind === 'packets_dropped') told += notice.count
    })
    await port.write(go)
    await expect.poll(() => port.info().counters.packetsReceived, { timeout: 10_000 }).toBe(LINES)
    expect(port.info()).toMatchObject({ waitingPackets: 100, counters: { packetsDropped: LINES - 100 } })
    expect(told).toBe(LINES - 100)
    const { packets } = await readAll(port, 100)
    expect(packets.map(text)).toEqual(Array.from({ length: 100 }, (_, i) => `${i + 1}`))
  })

  it('S5: with events in a mailbox that nobody reads is bounded: plain ones are counted, reliable ones stay with it', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock, window: 4 })
    const { path, binding, onArrival } = board
    const { port } = portOver({ target: { serial: path, binding, onArrival }, pid: () => 0 }, { clock })
    await clock.until(port.ready())
    const mailbox = port.mailbox({ events: ['lamp', 'alarm'] })
    await clock.advance(50)
    for (let i = 0; i < 3_000; i++) {
      board.device!.emit('lamp', { on: true })
      if (i % 100 === 0) await clock.advance(10)
    }
    for (let i = 0; i < 10; i++) board.device!.emit('alarm', { celsius: i, high: true })
    await clock.advance(1_000)
    const { eventsReceived } = port.info().counters
    let plain = 0
    const alarms: number[] = []
    expect(mailbox.dropped).toBeGreaterThan(1_000)
    for (;;) {
      const message = mailbox.poll()
      if (message?.event === 'lamp') plain += 1
      else if (message?.event === 'alarm') alarms.push(message.value.celsius)
      else if (alarms.length === 10) break
      await clock.settle()
    }
    expect(plain).toBe(1_024)
    expect(plain + mailbox.dropped).toBe(3_000)
    expect(eventsReceived).toBeGreaterThanOrEqual(3_000)
    expect(alarms).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await clock.until(port.close())
  })
})
