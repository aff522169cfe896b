/** The serial ports of this machine and what they are: asked of udev, and where there is none (containers) read from sysfs. */

import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

export interface SerialDevice {
  /** `/dev/ttyACM0`: it may have another number after the next boot. */
  readonly path: string
  /** Four hex digits in lower case. */
  readonly vendorId?: string
  readonly productId?: string
  readonly serialNumber?: string
  readonly manufacturer?: string
  /** Which of the functions of one USB device it is, from 0. */
  readonly interfaceNumber?: number
  /** The USB socket, as the kernel names it (`1-1.4:1.0`): stays as long as the cable stays where it is. */
  readonly usbPath?: string
  /** Links of udev that stay when the number changes; identical sticks differ in byPath only. */
  readonly byId?: string
  readonly byPath?: string
}

export interface SerialDeviceSources {
  /** Rejects where udev is missing; default: SerialPort.list(). */
  readonly list?: () => Promise<readonly ListedDevice[]>
  /** Default /sys/class/tty. */
  readonly sysfs?: string
  /** Default /dev/serial. */
  readonly links?: string
}

export interface ListedDevice {
  readonly path: string
  readonly vendorId?: string | undefined
  readonly productId?: string | undefined
  readonly serialNumber?: string | undefined
  readonly manufacturer?: string | undefined
}

/** @returns sorted by path, ttyUSB2 before ttyUSB10 */
export async function listSerialDevices(sources: SerialDeviceSources = {}): Promise<SerialDevice[]> {
  const { list = listOfSerialport, sysfs = '/sys/class/tty', links = '/dev/serial' } = sources
  const listed = await list().catch(() => listFromSysfs(sysfs))
  const byId = await linksIn(join(links, 'by-id'))
  const byPath = await linksIn(join(links, 'by-path'))
  const devices: SerialDevice[] = []
  for (const { path, vendorId, productId, serialNumber, manufacturer } of listed) {
    if (await isPhantom(path, sysfs)) continue
    devices.push({
      path,
      ...(vendorId && { vendorId: vendorId.toLowerCase() }),
      ...(productId && { productId: productId.toLowerCase() }),
      ...(serialNumber && { serialNumber }),
      ...(manufacturer && { manufacturer }),
      ...(await usbPlace(path, sysfs)),
      ...(byId.has(path) && { byId: byId.get(path)! }),
      ...(byPath.has(path) && { byPath: byPath.get(path)! }),
    })
  }
  return devices.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
}

async function listOfSerialport(): Promise<readonly ListedDevice[]> {
  const { SerialPort } = await import('serialport')
  return await SerialPort.list()
}

/** A tty with a device behind it; virtual consoles and ptys have none. */
async function listFromSysfs(root: string): Promise<ListedDevice[]> {
  const names = await readdir(root).catch(() => [])
  const devices: ListedDevice[] = []
  for (const name of names) {
    const device = await deviceFolder(name, root)
    if (device !== undefined) devices.push({ path: `/dev/${name}`, ...(await usbIdentity(device)) })
  }
  return devices
}

function deviceFolder(name: string, root: string): Promise<string | undefined> {
  return realpath(join(root, name, 'device')).catch(() => undefined)
}

/** How many folders a USB interface can be above its tty, and the USB device above that. */
const USB_LEVELS = 5

/** idVendor and the rest are files of the USB device, some levels above the interface that the tty belongs to. */
async function usbIdentity(device: string): Promise<Omit<ListedDevice, 'path'>> {
  let folder = device
  for (let level = 0; level < USB_LEVELS; level++) {
    const vendorId = await readText(folder, 'idVendor')
    if (vendorId !== undefined) {
      return {
        vendorId,
        productId: await readText(folder, 'idProduct'),
        serialNumber: await readText(folder, 'serial'),
        manufacturer: await readText(folder, 'manufacturer'),
      }
    }
    folder = dirname(folder)
  }
  return {}
}

/** The interface's folder has its number in hex, and is named for the sockets on the way to it. */
async function usbPlace(path: string, sysfs: string): Promise<Pick<SerialDevice, 'interfaceNumber' | 'usbPath'>> {
  let folder = await deviceFolder(basename(path), sysfs)
  for (let level = 0; folder !== undefined && level < USB_LEVELS; level++) {
    const number = await readText(folder, 'bInterfaceNumber')
    if (number !== undefined) return { interfaceNumber: Number.parseInt(number, 16), usbPath: basename(folder) }
    folder = dirname(folder)
  }
  return {}
}

function readText(folder: string, name: string): Promise<string | undefined> {
  return readFile(join(folder, name), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
}

/** The kernel makes /dev/ttyS0 to ttyS31 whether or not there is a UART; type 0 is PORT_UNKNOWN (linux/serial_core.h). */
async function isPhantom(path: string, sysfs: string): Promise<boolean> {
  const name = basename(path)
  return /^ttyS\d+$/.test(name) && (await readText(join(sysfs, name), 'type')) === '0'
}

/** From the path of a tty to the link that names it. */
async function linksIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>()
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(join(folder, name)).catch(() => undefined)
    if (target !== undefined) links.set(resolve(folder, target), join(folder, name))
  }
  return links
}
