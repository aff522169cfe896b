/** The feature BaudRates behind a real tty: the host sets its rate with termios, and the board hears nothing at another one. */

import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineContract, open, type Port } from '../../src/index.js'
import { type NativeBoard, startNative } from '../../src/testing/native.js'
import { BUILD_TIMEOUT_MS, root } from './build.js'

/** Of programs/baud_rates.cpp, which has no contract's hash. */
const contract = defineContract({ name: 'rates', version: '1', actions: { baudRate: { result: 'u32' } } })
type Rates = Port<(typeof contract)['definition']>

const folder = path.join(root, `build/test-programs/baud-rates-${process.pid}`)
const program = path.join(folder, 'baud_rates')
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  const library = path.join(root, 'firmware/lib/portwire/src')
  await promisify(execFile)('g++', [
    ...['-std=c++11', '-O1', '-Wall', '-Wextra', '-Wconversion', '-Werror', `-I${library}`],
    path.join(root, 'test/firmware/programs/baud_rates.cpp'),
    ...['board_native.cpp', 'line_native.cpp'].map((name) => path.join(library, 'portwire', name)),
    ...['-o', program],
  ])
}, BUILD_TIMEOUT_MS)

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function board(): Promise<NativeBoard> {
  const started = await startNative(program)
  closing.push(async () => {
    started.kill()
    await started.exited
  })
  return started
}

async function openAt(serial: string, upgradeBaudRate?: number): Promise<Rates> {
  const port = await open(contract, {
    serial,
    heartbeatMs: 200,
    contractMismatch: 'warn',
    ...(upgradeBaudRate === undefined ? {} : { upgradeBaudRate }),
  })
  closing.push(() => port.close())
  return port
}

describe('a board in C++ behind a tty', () => {
  it.each([1_000_000, 123_456])(
    'goes to %i baud, which termios has a name for or not, and calls work there',
    async (rate) => {
      const { path: tty } = await board()
      const port = await openAt(tty, rate)
      expect(await port.call('baudRate')).toBe(rate)
      expect(port.info()).toMatchObject({ baudRate: rate, session: 1, stream: { baudRate: rate } })
    },
  )

  it('is found by a host that opens again at the rate of opening, while it is still at the high one', async () => {
    const { path: tty } = await board()
    const port = await openAt(tty, 1_000_000)
    await port.close()
    const again = await openAt(tty)
    expect(await again.call('baudRate')).toBe(115_200)
  })

  it('hears nothing of a host whose tty has another rate, which then meets it again at that of opening', async () => {
    const { path: tty } = await board()
    const port = await openAt(tty, 1_000_000)
    const silent = new Promise((resolve) => {
      port.watch((notice) => notice.kind === 'baud_rate' && notice.failed && resolve(notice))
    })
    await promisify(execFile)('stty', ['-F', tty, '230400']) // behind the host's back
    expect(await silent).toMatchObject({ baudRate: 1_000_000, failed: 'silent' })
    await port.ready()
    expect(await port.call('baudRate')).toBe(115_200)
    expect(port.info().exits).toMatchObject({ silent: 1 })
  })
})
