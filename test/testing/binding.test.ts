import { SerialPortStream } from '@serialport/stream'
import { describe, expect, test } from 'vitest'
import { type BoardBinding, createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno, type UnoBoard, type UnoOptions } from '../../src/testing/avr/board.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { compileFirmware } from './compile-firmware.js'

const PATH = '/dev/emulated0'

interface Bench {
  readonly clock: VirtualClock
  readonly board: UnoBoard
  readonly binding: BoardBinding
}

async function bench(firmware = 'polled-echo', options: Partial<UnoOptions> = {}): Promise<Bench> {
  const clock = createVirtualClock()
  const board = createUno({ image: await compileFirmware(firmware), clock, ...options })
  return { clock, board, binding: createBoardBinding({ [PATH]: board }) }
}

interface Opened {
  readonly port: SerialPortStream
  /** Everything that the stream told, in order. */
  readonly events: string[]
  readonly data: number[]
  has(count: number): Promise<void>
}

async function openPort(
  { clock, binding }: Bench,
  options: { baudRate?: number; path?: string } = {},
): Promise<Opened> {
  const port = new SerialPortStream({ binding, path: PATH, baudRate: 115_200, autoOpen: false, ...options })
  const events: string[] = []
  const data: number[] = []
  let check = () => {}
  port.on('data', (chunk: Buffer) => {
    data.push(...chunk)
    check()
  })
  port.on('close', (error?: { disconnected?: boolean }) => events.push(`close ${error?.disconnected === true}`))
  port.on('error', (error: Error) => events.push(`error ${error.message}`))
  const opened = new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(error) : resolve()))
  })
  await clock.until(opened)
  return {
    port,
    events,
    data,
    has: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (data.length >= count) resolve()
        }
        check()
      }),
  }
}

const drained = (port: SerialPortStream) =>
  new Promise<void>((resolve, reject) => port.drain((error) => (error ? reject(error) : resolve())))

const closed = (port: SerialPortStream) =>
  new Promise<void>((resolve, reject) => port.close((error) => (error ? reject(error) : resolve())))

test('the real SerialPortStream talks to the firmware', async () => {
  const it = await bench()
  const { port, data, has } = await openPort(it)
  await it.clock.advance(5)
  port.write(Buffer.from('hello'))
  await it.clock.until(has(5))
  expect(Buffer.from(data).toString()).toBe('hello')
})

test('1,000 round trips of 32 bytes take the time that the line takes', async () => {
  const it = await bench('interrupt-echo')
  const { port, data, has } = await openPort(it)
  await it.clock.advance(5)
  const startMs = it.clock.nowMs()
  const block = Buffer.alloc(32, 0x5a)
  for (let trip = 1; trip <= 1000; trip++) {
    port.write(block)
    await it.clock.until(has(trip * 32))
  }
  expect(data).toHaveLength(32_000)
  const tripMs = (it.clock.nowMs() - startMs) / 1000
  // 32 bytes out, and the last of them back.
  expect(tripMs).toBeGreaterThan((33 * 10_000) / 117_647)
  expect(tripMs).toBeLessThan((33.3 * 10_000) / 115_200 + 0.02)
})

describe('opening', () => {
  test('resets an Uno, and then finds it as after a reset', async () => {
    const it = await bench('watchdog')
    await it.clock.advance(5)
    const { has, data } = await openPort(it)
    await it.clock.until(has(1))
    expect(data).toEqual([2])
    expect(it.board.statistics().resets.external).toBe(1)
  })

  test('leaves a board without that wiring alone; a DTR pulse resets it', async () => {
    const it = await bench('watchdog', { resetOnOpen: false })
    await it.clock.advance(5)
    const { port, has, data } = await openPort(it)
    await it.clock.advance(5)
    expect(data).toEqual([])
    for (const dtr of [false, true]) {
      await it.clock.until(new Promise<void>((resolve) => port.set({ dtr, rts: true }, () => resolve())))
    }
    await it.clock.until(has(1))
    expect(data).toEqual([2])
  })

  test('a second time is refused as the operating system does, until the first has closed', async () => {
    const it = await bench()
    const first = await openPort(it)
    await expect(openPort(it)).rejects.toThrow('Error Resource temporarily unavailable Cannot lock port')
    await it.clock.until(closed(first.port))
    expect(first.events).toEqual(['close false'])
    await openPort(it)
  })

  test('an unknown path is refused as the operating system does', async () => {
    const it = await bench()
    await expect(openPort(it, { path: '/dev/ttyNone' })).rejects.toThrow(
      'Error: No such file or directory, cannot open /dev/ttyNone',
    )
  })

  test('drops what came before it', async () => {
    const it = await bench('watchdog', { resetOnOpen: false })
    await it.clock.advance(50)
    const { data } = await openPort(it)
    await it.clock.advance(50)
    expect(data).toEqual([])
  })
})

describe('writing', () => {
  test('drain ends when the last byte is on the wire', async () => {
    const it = await bench()
    const { port } = await openPort(it)
    await it.clock.advance(5)
    const startMs = it.clock.nowMs()
    port.write(Buffer.alloc(1152))
    await it.clock.until(drained(port))
    expect(it.clock.nowMs() - startMs).toBeCloseTo(100, 3)
  })

  test('the kernel takes 4,096 bytes at once, and the rest as they leave', async () => {
    const it = await bench()
    const { port } = await openPort(it)
    const wrote = (bytes: number) =>
      new Promise<void>((resolve, reject) =>
        port.write(Buffer.alloc(bytes), (error) => (error ? reject(error) : resolve())),
      )
    const startMs = it.clock.nowMs()
    await it.clock.until(wrote(4096))
    expect(it.clock.nowMs()).toBe(startMs)
    await it.clock.until(wrote(1152))
    expect(it.clock.nowMs() - startMs).toBeCloseTo(100, 0)
  })

  test('flush drops what has not left yet', async () => {
    const it = await bench()
    const { port, data } = await openPort(it)
    await it.clock.advance(5)
    port.write(Buffer.alloc(1000))
    await it.clock.advance(10)
    await it.clock.until(new Promise((resolve) => port.flush(resolve)))
    await it.clock.advance(200)
    expect(data.length).toBeGreaterThan(100)
    expect(data.length).toBeLessThan(120)
  })

  test('update changes the rate of the line', async () => {
    const it = await bench()
    const { port, data } = await openPort(it, { baudRate: 9600 })
    await it.clock.advance(5)
    port.write(Buffer.from('abc'))
    await it.clock.advance(20)
    expect(Buffer.from(data).toString()).not.toBe('abc')
    await it.clock.until(new Promise((resolve) => port.update({ baudRate: 115_200 }, resolve)))
    data.length = 0
    port.write(Buffer.from('abc'))
    await it.clock.advance(20)
    expect(Buffer.from(data).toString()).toBe('abc')
  })
})

describe('reading', () => {
  test('a paused stream loses nothing up to 4 KiB, and counts what it loses beyond', async () => {
    const it = await bench('interrupt-echo')
    const { port, data, has } = await openPort(it)
    await it.clock.advance(5)
    port.pause()
    port.write(Buffer.from(Uint8Array.from({ length: 4000 }, (_, index) => index & 0xff)))
    await it.clock.advance(500)
    expect(data).toEqual([])
    port.resume()
    await it.clock.until(has(4000))
    expect(data.every((byte, index) => byte === (index & 0xff))).toBe(true)
  })
})

describe('the cable', () => {
  test('when it is pulled the stream says `close` once, with `disconnected`', async () => {
    const it = await bench()
    const { port, events } = await openPort(it)
    await it.clock.advance(5)
    it.board.unplug()
    await it.clock.advance(5)
    expect(events).toEqual(['close true'])
    expect(port.isOpen).toBe(false)
    expect(it.board.powered).toBe(false)
  })

  test('while it is out the device is missing, and back in the board boots with power_on', async () => {
    const it = await bench('eeprom-counter', { resetOnOpen: false })
    await openPort(it)
    it.board.unplug()
    await it.clock.advance(5)
    expect(await it.binding.list()).toEqual([])
    await expect(openPort(it)).rejects.toThrow(`Error: No such file or directory, cannot open ${PATH}`)
    it.board.plug()
    const { data, has } = await openPort(it)
    await it.clock.until(has(2))
    expect(data[1]).toBe(1)
  })

  test('a board with its own supply runs on without it', async () => {
    const it = await bench('eeprom-counter', { poweredByUsb: false, resetOnOpen: false })
    await openPort(it)
    await it.clock.advance(20)
    it.board.unplug()
    await it.clock.advance(20)
    it.board.plug()
    await openPort(it)
    expect(it.board.statistics().resets.power_on).toBe(1)
  })

  test('bytes on the way when it is pulled do not reach the next session', async () => {
    const it = await bench()
    const { port } = await openPort(it)
    await it.clock.advance(5)
    port.write(Buffer.alloc(500, 0x41))
    await it.clock.advance(5)
    it.board.unplug()
    await it.clock.advance(5)
    it.board.plug()
    const { data } = await openPort(it)
    await it.clock.advance(100)
    expect(data).toEqual([])
  })
})

describe('the list', () => {
  test('shows plugged boards as an Uno, each with its serial number', async () => {
    const it = await bench('polled-echo', { serialNumber: '7573530383135' })
    expect(await it.binding.list()).toEqual([
      {
        path: PATH,
        manufacturer: 'Arduino (www.arduino.cc)',
        serialNumber: '7573530383135',
        vendorId: '2341',
        productId: '0043',
        pnpId: 'usb-Arduino__www.arduino.cc__0043_7573530383135-if00',
        locationId: undefined,
      },
    ])
  })

  test('shows a board under its new path after a move', async () => {
    const it = await bench()
    it.board.unplug()
    it.binding.move(PATH, '/dev/emulated1')
    it.board.plug()
    expect((await it.binding.list()).map(({ path }) => path)).toEqual(['/dev/emulated1'])
    await expect(openPort(it)).rejects.toThrow('No such file or directory')
    await openPort(it, { path: '/dev/emulated1' })
  })
})
