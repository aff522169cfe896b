import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { listSerialDevices } from '../../src/link/index.js'

/** A sysfs with one USB device at socket `place`, whose interfaces are ttys. */
function sysfsWith(
  place: string,
  files: Readonly<Record<string, string>>,
  ttys: Readonly<Record<string, string>>,
): string {
  const root = mkdtempSync(join(tmpdir(), 'portwire-sysfs-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const usb = join(root, 'devices/usb1', place)
  mkdirSync(usb, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(usb, name), `${text}\n`)
  for (const [tty, interfaceNumber] of Object.entries(ttys)) {
    const folder = join(usb, `${place}:1.${Number.parseInt(interfaceNumber, 16)}`)
    mkdirSync(join(folder, 'tty', tty), { recursive: true })
    writeFileSync(join(folder, 'bInterfaceNumber'), `${interfaceNumber}\n`)
    mkdirSync(join(root, 'class/tty', tty), { recursive: true })
    symlinkSync(folder, join(root, 'class/tty', tty, 'device'))
  }
  return join(root, 'class/tty')
}

const withoutUdev = () => Promise.reject(new Error('spawn udevadm ENOENT'))

it('a list without udev tells vendor, product, serial number, interface and socket of each port', async () => {
  const sysfs = sysfsWith(
    '1-1.4',
    { idVendor: '2E8A', idProduct: '000a', serial: 'E661', manufacturer: 'Raspberry Pi' },
    { ttyACM1: '00', ttyACM10: '0a' },
  )
  const common = { vendorId: '2e8a', productId: '000a', serialNumber: 'E661', manufacturer: 'Raspberry Pi' }
  expect(await listSerialDevices({ list: withoutUdev, sysfs, links: '/nonexistent' })).toEqual([
    { path: '/dev/ttyACM1', ...common, interfaceNumber: 0, usbPath: '1-1.4:1.0' },
    { path: '/dev/ttyACM10', ...common, interfaceNumber: 10, usbPath: '1-1.4:1.10' },
  ])
})

it('a list with udev gets interface and socket from sysfs too', async () => {
  const sysfs = sysfsWith('1-2', { idVendor: '1a86' }, { ttyUSB0: '00' })
  const list = async () => [{ path: '/dev/ttyUSB0', vendorId: '1A86', productId: '7523' }]
  expect(await listSerialDevices({ list, sysfs, links: '/nonexistent' })).toEqual([
    { path: '/dev/ttyUSB0', vendorId: '1a86', productId: '7523', interfaceNumber: 0, usbPath: '1-2:1.0' },
  ])
})
