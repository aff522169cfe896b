import { describe, expect, test } from 'vitest'
import { emulate } from './emulated.js'

const counting = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + 1) & 0xff)

/** 115,200 baud with U2X and UBRR 16: 17 * 8 ticks a bit, ten bits a byte. */
const BYTE_TICKS_115200 = 17 * 8 * 10
const TICKS_PER_MS = 16_000

describe('the receiver', () => {
  test('of 40 bytes that come in 10 ms without a read, 3 survive, 37 are lost, and DOR is set once', async () => {
    const { board, clock, send, receive } = await emulate('stall')
    await clock.advance(0.5)
    send(counting(40))
    expect(await receive(5)).toEqual([3, 1, ...counting(3)])
    expect(board.statistics()).toMatchObject({ receivedBytes: 3, lostBytes: 37, overruns: 1 })
  })

  test('after an overrun the next bytes come through again', async () => {
    const { send, clock, receive } = await emulate('stall')
    await clock.advance(0.5)
    send(counting(40))
    await receive(5)
    send([0x55, 0xaa])
    expect((await receive(7)).slice(5)).toEqual([0x55, 0xaa])
  })

  test('bytes arrive at the pace of the host, not of the board', async () => {
    const { board, send, clock } = await emulate('interrupt-echo', { line: { baudRate: 113_000 } })
    await clock.advance(1)
    send(counting(100))
    const byteMs = 10_000 / 113_000
    await clock.advance(99.9 * byteMs)
    expect(board.statistics().receivedBytes).toBe(99)
    await clock.advance(0.2 * byteMs)
    expect(board.statistics().receivedBytes).toBe(100)
  })

  test.each([9_600, 57_600, 125_000, 230_400])(
    'a host at %i baud reads and writes garbage at 115200',
    async (baudRate) => {
      const { board, send, clock, bytes } = await emulate('interrupt-echo', { line: { baudRate } })
      await clock.advance(1)
      send(counting(100))
      await clock.advance(200)
      expect(bytes()).not.toEqual([...counting(100)])
      const { framingErrors, receivedBytes } = board.statistics()
      expect(framingErrors + Math.abs(receivedBytes - 100)).toBeGreaterThan(0)
    },
  )

  test.each([113_500, 115_200, 117_647, 121_000])('a host at %i baud is within the tolerance', async (baudRate) => {
    const { send, clock, receive } = await emulate('interrupt-echo', { line: { baudRate } })
    await clock.advance(1)
    send(counting(1000))
    expect(await receive(1000)).toEqual([...counting(1000)])
  })

  test('a parity bit that the chip does not expect is taken for its stop bit', async () => {
    const { board, send, clock } = await emulate('polled-echo', { line: { baudRate: 115_200, parity: 'even' } })
    await clock.advance(1)
    send([0x00, 0x01, 0x03])
    await clock.advance(5)
    expect(board.statistics().framingErrors).toBe(2)
  })

  test('an inverted stop bit is a framing error, a lost byte is none', async () => {
    const { board, send, clock, receive } = await emulate('polled-echo')
    await clock.advance(1)
    board.bridge.setFault('to_device', (byte) => (byte === 2 ? [] : [{ byte, invert: byte === 3 ? 1 << 9 : 0 }]))
    send([1, 2, 3])
    expect(await receive(2)).toEqual([1, 3])
    send([4])
    expect(await receive(3)).toEqual([1, 3, 4])
    expect(board.statistics()).toMatchObject({ receivedBytes: 3, framingErrors: 1 })
  })

  test('a low stop bit hides the start bit that follows at once', async () => {
    const { board, send, clock, bytes } = await emulate('polled-echo')
    await clock.advance(1)
    board.bridge.setFault('to_device', (byte) => [{ byte, invert: byte === 3 ? 1 << 9 : 0 }])
    send([1, 3, 4])
    await clock.advance(2)
    expect(bytes().slice(0, 2)).toEqual([1, 3])
    expect(bytes()).not.toContain(4)
  })
})

describe('the transmitter', () => {
  test('a byte takes ten bits at the rate of UBRR, and the next follows without a gap', async () => {
    const { send, clock, received, receive } = await emulate('interrupt-echo')
    await clock.advance(1)
    send(counting(40))
    await receive(40)
    const gaps = received
      .slice(1, 30)
      .map(({ atMs }, index) => Math.round((atMs - received[index]!.atMs) * TICKS_PER_MS))
    // The host sends slower (115,200) than the board (117,647): from the second byte on, the host's pace shows.
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(BYTE_TICKS_115200)
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeCloseTo(160_000_000 / 115_200, -1)
  })

  test('bytes that wait in the holding register leave exactly at line rate', async () => {
    const { clock, send, received, receive } = await emulate('stall')
    await clock.advance(0.5)
    send(counting(40))
    await receive(5)
    const ticks = received.map(({ atMs }) => Math.round(atMs * TICKS_PER_MS))
    const gaps = ticks.slice(1).map((tick, index) => tick - ticks[index]!)
    for (const gap of gaps) expect(Math.abs(gap - BYTE_TICKS_115200)).toBeLessThanOrEqual(4)
  })

  test('an ISR that finds its ring empty and clears UDRIE is called again for the next byte', async () => {
    const { send, clock, receive } = await emulate('interrupt-echo')
    await clock.advance(1)
    for (let count = 1; count <= 50; count++) {
      send([count])
      expect(await receive(count, 10)).toHaveLength(count)
      await clock.advance(1)
    }
  })

  test('a reset in the middle of a byte cuts it on the line', async () => {
    const { board, send, clock, bytes } = await emulate('polled-echo')
    await clock.advance(1)
    send([0x00])
    await clock.advance(10_000 / 115_200 + 0.03)
    board.reset('external')
    await clock.advance(1)
    expect(bytes()).toHaveLength(1)
    expect(bytes()).not.toEqual([0x00])
  })
})

describe('echo in both directions at once', () => {
  test.each(['polled-echo', 'interrupt-echo'])('%s returns 20,000 of 20,000 bytes at 115200', async (firmware) => {
    const { board, send, clock, receive } = await emulate(firmware)
    await clock.advance(1)
    send(counting(20_000))
    expect(await receive(20_000)).toEqual([...counting(20_000)])
    expect(board.statistics()).toMatchObject({ lostBytes: 0, framingErrors: 0 })
  })

  test('200 of 200 bursts of 32 bytes come back whole at 1,000,000 baud', async () => {
    const { send, clock, receive, bytes } = await emulate('interrupt-echo', {
      defines: { BAUD: '1000000UL' },
      line: { baudRate: 1_000_000 },
    })
    await clock.advance(1)
    let whole = 0
    for (let burst = 1; burst <= 200; burst++) {
      send(counting(32))
      await receive(burst * 32, 10)
      if (Buffer.compare(Buffer.from(bytes().slice(-32)), Buffer.from(counting(32))) === 0) whole++
    }
    expect(whole).toBe(200)
  })
})
