import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { SerialPort } from 'serialport'
import { afterEach, expect, test } from 'vitest'
import { createUno } from '../../src/testing/avr/board.js'
import { type PtyBoard, startPtyBoard } from '../../src/testing/avr/pty.js'
import { compileFirmware } from './compile-firmware.js'

const running: PtyBoard[] = []
afterEach(async () => {
  for (const pty of running.splice(0)) await pty.stop()
})

async function start(firmware: string): Promise<PtyBoard> {
  const pty = await startPtyBoard({ board: createUno({ image: await compileFirmware(firmware) }) })
  running.push(pty)
  return pty
}

async function openPort(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false })
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())))
  return port
}

/** Resolves with the first `count` bytes. */
function read(port: SerialPort, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let data = Buffer.alloc(0)
    const take = (chunk: Buffer) => {
      data = Buffer.concat([data, chunk])
      if (data.length < count) return
      port.off('data', take)
      resolve(data)
    }
    port.on('data', take)
  })
}

/** A hang-up in the middle of a read makes bindings-cpp read nothing for ever, without a `close`. */
async function readsAreOver(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (process.getActiveResourcesInfo().includes('FSReqCallback'))
}

test('the operating system’s serial driver talks to the firmware, again after the host has closed', async () => {
  const { path } = await start('interrupt-echo')
  for (const text of ['hello', 'hello again']) {
    const port = await openPort(path)
    const answer = read(port, text.length)
    port.write(text)
    expect((await answer).toString()).toBe(text)
    port.close()
    await once(port, 'close')
  }
})

test('2,000 bytes at once come back whole', async () => {
  const { path } = await start('interrupt-echo')
  const port = await openPort(path)
  const sent = Buffer.from(Uint8Array.from({ length: 2000 }, (_, index) => (index * 31) & 0xff))
  const answer = read(port, sent.length)
  port.write(sent)
  expect((await answer).equals(sent)).toBe(true)
  port.close()
})

test('a pulled cable is a `close` with `disconnected`, and the tty is gone until it is back', async () => {
  const pty = await start('polled-echo')
  const port = await openPort(pty.path)
  port.on('data', () => {})
  const echoed = read(port, 2)
  port.write('ab')
  await echoed
  await readsAreOver()
  const closed = once(port, 'close')
  await pty.unplug()
  const [error] = await closed
  expect(error).toMatchObject({ disconnected: true })
  expect(existsSync(pty.path)).toBe(false)
  await expect(openPort(pty.path)).rejects.toThrow('No such file or directory')
  await pty.plug()
  const again = await openPort(pty.path)
  const answer = read(again, 2)
  again.write('cd')
  expect((await answer).toString()).toBe('cd')
  again.close()
})

test('a missing socat is named with its Debian package', async () => {
  const { PATH } = process.env
  process.env['PATH'] = '/nowhere'
  try {
    const board = createUno({ image: ':00000001FF' })
    await expect(startPtyBoard({ board })).rejects.toThrow('apt-get install socat')
  } finally {
    process.env['PATH'] = PATH
  }
})
