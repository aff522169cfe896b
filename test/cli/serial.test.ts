/** Commands on a path: what goes wrong with a serial port, each in one line. */

import { chmodSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SerialPort } from 'serialport'
import { expect, onTestFinished, test } from 'vitest'
import { startNative } from '../../src/testing/native.js'
import { until } from '../gateway/until.js'
import { spawnCli } from './built.js'
import { ptyWith } from './pty.js'
import { runCli, startCli } from './run-cli.js'

/** `npm run build:firmware` makes it. */
const NATIVE = fileURLToPath(new URL('../../build/firmware/native/greenhouse', import.meta.url))

test('call and monitor on a tty: the firmware, built for this machine, at its other side', async () => {
  const board = await startNative(NATIVE)
  onTestFinished(() => board.kill())
  const { path } = board
  expect(await runCli('call', path, 'setVent', 'open=0.4')).toEqual({ code: 0, out: '0.4\n', err: '' })
  expect(await runCli('call', path, 'identify', '--json')).toEqual({ code: 0, out: 'null\n', err: '' })
  const monitor = startCli(['monitor', path, '--json'])
  await until(() => monitor.out().includes('"event":"reading"'), 5_000, 'a reading')
  monitor.stop()
  expect(await monitor.code).toBe(0)
  expect(monitor.err()).toBe('')
})

test('a board that never says hello: the first bytes that came are shown', async () => {
  const path = await ptyWith('"while sleep 0.05; do echo login:; done"')
  const { code, out, err } = await runCli('call', path, 'identify', '--ready-timeout', '600ms')
  expect(out).toBe('')
  expect(err.trimEnd().split('\n')).toHaveLength(1)
  expect(err).toMatch(/^portwire: HELLO_TIMEOUT: .*login:.*baud rate/)
  expect(code).toBe(1)
})

test('a port that is in use: its holder is named', async () => {
  const path = await ptyWith('"cat >/dev/null"')
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false })
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())))
  onTestFinished(() => new Promise<void>((resolve) => port.close(() => resolve())))
  const { code, err } = await runCli('monitor', readlinkSync(path))
  expect(err.trimEnd().split('\n')).toHaveLength(1)
  // socat has its pty open as well: either may be the one that is named.
  expect(err).toMatch(/PORT_BUSY: \/dev\/pts\/\d+ is in use by process \d+ \([^)]+\)\. Close the program that holds it/)
  expect(code).toBe(1)
})

test('a port that this user may not open: the group, and the line that cures', async () => {
  const path = await ptyWith('"cat >/dev/null"')
  chmodSync(readlinkSync(path), 0o600)
  // Root may open everything: it becomes nobody for this.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (process.getuid?.() !== 0) chmodSync(readlinkSync(path), 0)
  const cli = spawnCli(['call', readlinkSync(path), 'identify'], nobody)
  expect((await cli.exited()).code).toBe(1)
  expect(cli.err().trimEnd().split('\n')).toHaveLength(1)
  expect(cli.err()).toMatch(
    /^portwire: PERMISSION_DENIED: no permission to open .* \(it belongs to the group \w+\)\. Run: sudo usermod -aG /,
  )
})

test('a list without udev is read from sysfs', async () => {
  const { listPorts } = await import('../../src/cli/ports.js')
  const { mkdirSync, writeFileSync } = await import('node:fs')
  const root = mkdtempSync(join(tmpdir(), 'portwire-sysfs-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const usb = join(root, 'devices/usb1/1-1')
  mkdirSync(join(usb, '1-1:1.0/tty/ttyACM0'), { recursive: true })
  for (const [name, text] of Object.entries({
    idVendor: '2341',
    idProduct: '0043',
    serial: '7573',
    manufacturer: 'Arduino',
  })) {
    writeFileSync(join(usb, name), `${text}\n`)
  }
  const sysfs = join(root, 'class/tty')
  for (const name of ['ttyACM0', 'ttyS0', 'ttyS1', 'tty7']) mkdirSync(join(sysfs, name), { recursive: true })
  symlinkSync(join(usb, '1-1:1.0'), join(sysfs, 'ttyACM0/device'))
  for (const name of ['ttyS0', 'ttyS1']) {
    mkdirSync(join(root, 'devices/platform', name), { recursive: true })
    symlinkSync(join(root, 'devices/platform', name), join(sysfs, name, 'device'))
  }
  writeFileSync(join(sysfs, 'ttyS0/type'), '4\n')
  // The kernel makes these whether or not there is a UART.
  writeFileSync(join(sysfs, 'ttyS1/type'), '0\n')
  const links = join(root, 'dev-serial')
  mkdirSync(join(links, 'by-path'), { recursive: true })
  symlinkSync('/dev/ttyACM0', join(links, 'by-path/pci-0000:00:14.0-usb-0:1:1.0'))

  const withoutUdev = async () => {
    throw Object.assign(new Error('spawn udevadm ENOENT'), { code: 'ENOENT' })
  }
  expect(await listPorts({ list: withoutUdev, sysfs, links })).toEqual([
    {
      path: '/dev/ttyACM0',
      vendor_id: '2341',
      product_id: '0043',
      serial_number: '7573',
      manufacturer: 'Arduino',
      by_path: join(links, 'by-path/pci-0000:00:14.0-usb-0:1:1.0'),
    },
    { path: '/dev/ttyS0' },
  ])
})

test('a list of nothing prints nothing but a hint on stderr', async () => {
  const { listCommand } = await import('../../src/cli/list.js')
  const { PassThrough } = await import('node:stream')
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal }
  expect(await listCommand(io, { json: false }, { list: async () => [] })).toBe(0)
  expect(stdout.read()).toBeNull()
  expect(String(stderr.read())).toMatch(/^portwire: no serial port is there; /)
  await listCommand(io, { json: true }, { list: async () => [] })
  expect(String(stdout.read())).toBe('[]\n')
})

test('what a USB device says of itself does nothing to the terminal', async () => {
  const { listCommand } = await import('../../src/cli/list.js')
  const { PassThrough } = await import('node:stream')
  const stdout = new PassThrough()
  const io = { stdout, stderr: new PassThrough(), stdin: new PassThrough(), signal: new AbortController().signal }
  const port = { path: '/dev/ttyUSB77', manufacturer: '\u001b[2Jevil\n/dev/forged', serialNumber: '\u009b\u202e' }
  const sources = { list: async () => [port], sysfs: '/nonexistent', links: '/nonexistent' }
  await listCommand(io, { json: false }, sources)
  expect(String(stdout.read())).toMatch(
    /^\/dev\/ttyUSB77 {2}- {2}\\x1b\[2Jevil\\n\/dev\/forged {2}\\x9b\\u202e {2}free\n$/,
  )
  await listCommand(io, { json: true }, sources)
  const json = String(stdout.read())
  expect(json).not.toContain('\u009b')
  expect(JSON.parse(json)).toMatchObject([{ manufacturer: port.manufacturer, serial_number: port.serialNumber }])
})
