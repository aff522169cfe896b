import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import {
  type SerialBinding,
  type SerialBindingOpenOptions,
  type SerialBindingPort,
  type SerialOptions,
  serialConnector,
} from '../../src/link/index.js'
import { serialOpenError } from '../../src/link/serial-errors.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A real tty whose far end is a program: what goes in comes back. */
async function echoTty(): Promise<{ path: string; pull(): void }> {
  if (!existsSync('/usr/bin/socat')) throw new Error('socat is missing: install the Debian package socat')
  const path = join(mkdtempSync(join(tmpdir(), 'portwire-')), 'tty')
  const child = spawn('socat', ['-t0', `pty,raw,echo=0,link=${path}`, 'EXEC:cat'], { stdio: 'ignore' })
  children.push(child)
  await expect.poll(() => existsSync(path)).toBe(true)
  return { path, pull: () => void child.kill('SIGKILL') }
}

async function connect(options: SerialOptions) {
  const exit = deferred<Exit>()
  let text = ''
  const link = await serialConnector(options).connect({
    data: (bytes) => {
      text += Buffer.from(bytes).toString()
    },
    ended: exit.resolve,
  })
  return { link, exit: exit.promise, text: () => text }
}

describe('L1: a board named by what it is', () => {
  const identity = { serialNumber: '7573' }
  const listed = (path: string) => [{ path: '/dev/ttyS0' }, { path, serialNumber: '7573' }]

  it('is opened where it is now, also under another name than the last time', async () => {
    const first = await echoTty()
    const second = await echoTty()
    let path = first.path
    const connector = serialConnector({ path: identity, list: async () => listed(path) })
    expect(connector.name).toBe('serial number 7573')
    for (const next of [first.path, second.path]) {
      path = next
      const link = await connector.connect({ data() {}, ended() {} })
      expect(link.info?.()).toMatchObject({ path: next })
      await link.close()
    }
  })

  it('is not there, then two fit: both are told, nothing is opened', async () => {
    let devices = [{ path: '/dev/ttyS0' }] as ReturnType<typeof listed>
    const connector = serialConnector({ path: identity, list: async () => devices })
    const handlers = { data() {}, ended() {} }
    await expect(connector.connect(handlers)).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
    devices = [...listed('/dev/ttyUSB0'), ...listed('/dev/ttyUSB1')]
    await expect(connector.connect(handlers)).rejects.toMatchObject({ code: 'PORT_AMBIGUOUS' })
  })
})

describe('a real tty', () => {
  it('carries bytes both ways and is free again after close', async () => {
    const { path } = await echoTty()
    for (let i = 0; i < 3; i++) {
      const { link, text, exit } = await connect({ path })
      link.write(new TextEncoder().encode('hello'))
      await expect.poll(text).toBe('hello')
      await link.close()
      expect(await exit).toEqual({ kind: 'closed' })
    }
  })

  it('L11: that goes away ends the link as unplugged, also while it is idle, within a second, ten times', async () => {
    // Whether a read is under way just then, which hides the hang-up, is chance.
    for (let i = 0; i < 10; i++) {
      const { path, pull } = await echoTty()
      const { link, exit } = await connect({ path })
      pull()
      const pulledMs = performance.now()
      expect(await exit).toMatchObject({ kind: 'unplugged' })
      expect(performance.now() - pulledMs).toBeLessThan(1_000)
      expect(link.write(new Uint8Array(3))).toBe(true)
      expect(link.info!()).toMatchObject({ bytesRefused: 3 })
      await link.close()
    }
  })

  it('L3: in use is waited for until it is released', async () => {
    const { path } = await echoTty()
    const { link } = await connect({ path })
    let isOpen = false
    const second = connect({ path, lockWaitMs: 5_000 }).then((opened) => {
      isOpen = true
      return opened
    })
    await expect(connect({ path, lockWaitMs: 50 })).rejects.toMatchObject({ code: 'PORT_BUSY' })
    expect(isOpen).toBe(false)
    await link.close()
    const { link: taken, text } = await second
    taken.write(new TextEncoder().encode('mine'))
    await expect.poll(text).toBe('mine')
    await taken.close()
  })

  it('L12: without control lines is used all the same', async () => {
    const { path } = await echoTty()
    const { link } = await connect({ path, dtr: 'pulse', rts: 'release' })
    await link.control!({ dtr: false })
    expect(link.info!()).toMatchObject({ path, baudRate: 115_200, dtr: false })
    await link.close()
  })

  it('L2, L3: in use is refused, naming who holds it', async () => {
    const { path } = await echoTty()
    const { link } = await connect({ path })
    await expect(connect({ path })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining(`is in use by process ${process.pid} (`),
    })
    await link.close()
  })

  it('tells when it is there again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portwire-'))
    const path = join(folder, 'tty')
    const arrived = deferred<void>()
    const stop = serialConnector({ path }).onArrival!(() => arrived.resolve())
    const child = spawn('socat', ['-t0', `pty,raw,echo=0,link=${path}`, 'EXEC:cat'], { stdio: 'ignore' })
    children.push(child)
    await arrived.promise
    stop()
    await (await connect({ path })).link.close()
  })
})

/** A binding that records what is asked of it and does what a test wants. */
function fakeBinding(behaviour: Partial<SerialBindingPort> = {}) {
  const sets: object[] = []
  const opened: SerialBindingOpenOptions[] = []
  let isOpen = false
  let closed = () => {}
  const port: SerialBindingPort = {
    openOptions: {} as Required<SerialBindingOpenOptions>,
    get isOpen() {
      return isOpen
    },
    async close() {
      isOpen = false
      closed()
    },
    read: () =>
      new Promise((_, reject) => {
        closed = () => reject(Object.assign(new Error('closed'), { canceled: true }))
      }),
    async write() {},
    async update() {},
    async set(options) {
      sets.push(options)
    },
    get: async () => ({ cts: true, dsr: true, dcd: true }),
    getBaudRate: async () => ({ baudRate: 115_200 }),
    async flush() {},
    async drain() {},
  }
  Object.defineProperties(port, Object.getOwnPropertyDescriptors(behaviour))
  const binding: SerialBinding = {
    list: async () => [],
    async open(options) {
      isOpen = true
      opened.push(options)
      return port
    },
  }
  return { binding, sets, port, opened }
}

describe('L1: the options of a serial port', () => {
  it('reach its driver: speed, data bits, parity, stop bits and flow control', async () => {
    const { binding, opened } = fakeBinding()
    const { link } = await connect({
      path: '/dev/uart',
      binding,
      baudRate: 123_456,
      dataBits: 7,
      parity: 'even',
      stopBits: 2,
      rtscts: true,
    })
    expect(opened).toMatchObject([
      { path: '/dev/uart', baudRate: 123_456, dataBits: 7, parity: 'even', stopBits: 2, rtscts: true },
    ])
    await link.close()
  })

  it.each([9_600, 115_200, 1_000_000])('set a real tty to %i baud', async (baudRate) => {
    const { path } = await echoTty()
    const { link } = await connect({ path, baudRate })
    expect(execFileSync('stty', ['-F', path, 'speed'], { encoding: 'utf8' })).toBe(`${baudRate}\n`)
    await link.close()
  })
})

describe('the baud rate of a serial port', () => {
  it('changes on an open tty, which goes on carrying bytes', async () => {
    const { path } = await echoTty()
    const { link, text } = await connect({ path })
    link.write(new TextEncoder().encode('slow '))
    await expect.poll(text).toBe('slow ') // what is not read by then is flushed by the driver
    await link.setBaudRate!(1_000_000)
    expect(execFileSync('stty', ['-F', path, 'speed'], { encoding: 'utf8' })).toBe('1000000\n')
    expect(link.info!()).toMatchObject({ baudRate: 1_000_000 })
    link.write(new TextEncoder().encode('fast'))
    await expect.poll(text).toBe('slow fast')
    await link.close()
  })

  it('changes after all that was written in the same turn has been written and drained', async () => {
    const done: string[] = []
    const { binding } = fakeBinding({
      async write(buffer) {
        await Promise.resolve()
        if (buffer.length > 0) done.push(`wrote ${buffer.length}`)
      },
      async drain() {
        done.push('drained')
      },
      async update({ baudRate }) {
        done.push(`at ${baudRate}`)
      },
    })
    const { link } = await connect({ path: '/dev/uart', binding })
    link.write(new Uint8Array(3))
    link.write(new Uint8Array(4))
    await link.setBaudRate!(250_000)
    expect(done).toEqual(['wrote 7', 'drained', 'at 250000'])
    await link.close()
  })

  it('that the driver refuses is PORT_FAILED, and set back to what it was', async () => {
    const rates: number[] = []
    const { binding } = fakeBinding({
      async update({ baudRate }) {
        rates.push(baudRate)
        if (baudRate === 921_600) throw new Error('Error: Invalid argument, cannot set')
      },
    })
    const { link } = await connect({ path: '/dev/uart', binding })
    await expect(link.setBaudRate!(921_600)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('/dev/uart at 921600 baud: Error: Invalid argument'),
    })
    expect(rates).toEqual([921_600, 115_200])
    expect(link.info!()).toMatchObject({ baudRate: 115_200 })
    await link.close()
  })

  it('is not touched when what was written does not leave the port', async () => {
    const rates: number[] = []
    const clock = createVirtualClock()
    const { binding } = fakeBinding({
      drain: () => new Promise(() => {}),
      async update({ baudRate }) {
        rates.push(baudRate)
      },
    })
    const { link } = await connect({ path: '/dev/uart', binding, clock })
    const refused = link.setBaudRate!(250_000).catch((error) => error)
    expect(await clock.until(refused)).toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('not leave'),
    })
    expect(rates).toEqual([])
    await clock.until(link.close())
  })

  it('cannot be set on a port that is closed', async () => {
    const { binding } = fakeBinding()
    const { link } = await connect({ path: '/dev/uart', binding })
    await link.close()
    await expect(link.setBaudRate!(250_000)).rejects.toMatchObject({ code: 'PORT_FAILED' })
  })
})

describe('the lines of a UART', () => {
  const all = { cts: false, brk: false }

  it.each([
    [{}, []],
    [{ dtr: 'assert', rts: 'release' }, [{ ...all, dtr: true, rts: false }]],
    [{ dtr: 'release' }, [{ ...all, dtr: false, rts: true }]],
    [
      { dtr: 'pulse' },
      [
        { ...all, dtr: false, rts: true },
        { ...all, dtr: true, rts: true },
      ],
    ],
    [
      { dtr: 'pulse', rts: 'release' },
      [
        { ...all, dtr: false, rts: false },
        { ...all, dtr: true, rts: false },
      ],
    ],
  ] as const)('at open follow the policy %j, every flag named', async (policy, expected) => {
    const { binding, sets } = fakeBinding()
    const { link } = await connect({ path: '/dev/fake', binding, ...policy })
    expect(sets).toEqual(expected)
    await link.close()
  })

  it('L12: by control change alone, the others stay as they are', async () => {
    const { binding, sets } = fakeBinding()
    const { link } = await connect({ path: '/dev/fake', binding })
    await link.control!({ dtr: false, rts: false })
    await link.control!({ dtr: true })
    await link.control!({ brk: true })
    expect(sets).toEqual([
      { ...all, dtr: false, rts: false },
      { ...all, dtr: true, rts: false },
      { ...all, dtr: true, rts: false, brk: true },
    ])
    await link.close()
    await link.control!({ dtr: false })
    expect(sets).toHaveLength(3)
  })

  it('are set before the port settles; the link is there when that is over, and not before', async () => {
    await import('serialport') // its first load takes real time
    const clock = createVirtualClock()
    const { binding, sets } = fakeBinding()
    const { link } = await clock.until(connect({ path: '/dev/fake', binding, dtr: 'release', settleMs: 2_000, clock }))
    expect(clock.nowMs()).toBe(2_000)
    expect(sets).toHaveLength(1)
    await clock.until(link.close())
  })

  it('that the driver cannot set are a typed error, and the port is free again', async () => {
    const { binding, port } = fakeBinding({
      set: () => Promise.reject(new Error('Error: Invalid argument, cannot set')),
    })
    await expect(connect({ path: '/dev/fake', binding, dtr: 'assert' })).rejects.toMatchObject({ code: 'PORT_FAILED' })
    expect(port.isOpen).toBe(false)
  })
})

describe('L4: close is bounded', () => {
  it('when a read gets nothing for ever, as bindings-cpp does after a hang-up', async () => {
    let reads = 0
    const { binding, port } = fakeBinding({
      async read() {
        while (port.isOpen) {
          reads += 1
          await new Promise(setImmediate)
        }
        throw Object.assign(new Error('Port is not open'), { canceled: true })
      },
    })
    const { link, exit } = await connect({ path: '/dev/fake', binding })
    await expect.poll(() => reads).toBeGreaterThan(10)
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
    const after = reads
    await new Promise(setImmediate)
    expect(reads).toBeLessThanOrEqual(after + 1)
  })

  it('when neither drain nor close of the driver ever come back', async () => {
    const never = () => new Promise<never>(() => {})
    const { binding } = fakeBinding({ drain: never, close: never, write: never })
    const { link, exit } = await connect({ path: '/dev/fake', binding })
    link.write(new Uint8Array(3))
    const startedMs = performance.now()
    await Promise.all([link.close(), link.close()])
    expect(performance.now() - startedMs).toBeLessThan(1_900)
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it('and a write that fails ends the link at once, though the driver never closes', async () => {
    const { binding } = fakeBinding({
      close: () => new Promise<never>(() => {}),
      write: () => Promise.reject(new Error('EIO')),
    })
    const { link, exit } = await connect({ path: '/dev/fake', binding })
    link.write(new Uint8Array(3))
    expect(await exit).toEqual({ kind: 'unplugged', detail: 'EIO' })
    await link.close()
  })
})

describe('a serial port that cannot be opened is a typed error', () => {
  it('L2: when it does not exist', async () => {
    await expect(connect({ path: '/dev/ttyNONE9' })).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })

  it('L2: when it is not a tty', async () => {
    await expect(connect({ path: '/dev/null' })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: /dev/null is not a serial port',
    })
  })

  it('L2: when permission is missing, naming the group and the command', async () => {
    const error = await serialOpenError('/dev/null', new Error('Error: Permission denied, cannot open /dev/null'), true)
    expect(error).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'PERMISSION_DENIED: no permission to open /dev/null (it belongs to the group root)',
      hint: expect.stringMatching(/^Run: sudo usermod -aG root \S+, then log in again\.$/),
    })
  })
})
