/** The serial ports of this machine: asked of udev, and where there is none (containers) read from sysfs. */

import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

export interface SerialPortRow {
  readonly path: string
  readonly vendor_id?: string
  readonly product_id?: string
  readonly serial_number?: string
  readonly manufacturer?: string
  /** Names that stay when the number changes; identical sticks differ in by_path only. */
  readonly by_id?: string
  readonly by_path?: string
  readonly held_by?: { readonly pid: number; readonly command: string }
}

export interface PortSources {
  /** Rejects where udev is missing; default: SerialPort.list(). */
  readonly list?: () => Promise<readonly ListedPort[]>
  /** Default /sys/class/tty. */
  readonly sysfs?: string
  /** Default /dev/serial. */
  readonly links?: string
}

export interface ListedPort {
  readonly path: string
  readonly vendorId?: string | undefined
  readonly productId?: string | undefined
  readonly serialNumber?: string | undefined
  readonly manufacturer?: string | undefined
}

export async function listPorts(sources: PortSources = {}): Promise<SerialPortRow[]> {
  const { list = listOfSerialport, sysfs = '/sys/class/tty', links = '/dev/serial' } = sources
  const listed = await list().catch(() => listFromSysfs(sysfs))
  const byId = await linksIn(join(links, 'by-id'))
  const byPath = await linksIn(join(links, 'by-path'))
  const rows: SerialPortRow[] = []
  for (const port of listed) {
    if (await isPhantom(port.path, sysfs)) continue
    const holder = await holderAt(port.path)
    rows.push({
      path: port.path,
      ...(port.vendorId && { vendor_id: port.vendorId }),
      ...(port.productId && { product_id: port.productId }),
      ...(port.serialNumber && { serial_number: port.serialNumber }),
      ...(port.manufacturer && { manufacturer: port.manufacturer }),
      ...(byId.has(port.path) && { by_id: byId.get(port.path)! }),
      ...(byPath.has(port.path) && { by_path: byPath.get(port.path)! }),
      ...(holder && { held_by: holder }),
    })
  }
  return rows.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
}

async function listOfSerialport(): Promise<readonly ListedPort[]> {
  const { SerialPort } = await import('serialport')
  return await SerialPort.list()
}

async function holderAt(path: string) {
  const { holderOf } = await import('../link/index.js')
  return await holderOf(path)
}

/** A tty with a device behind it; virtual consoles and ptys have none. */
async function listFromSysfs(root: string): Promise<ListedPort[]> {
  const names = await readdir(root).catch(() => [])
  const ports: ListedPort[] = []
  for (const name of names) {
    const device = await realpath(join(root, name, 'device')).catch(() => undefined)
    if (device === undefined) continue
    ports.push({ path: `/dev/${name}`, ...(await usbIdentity(device)) })
  }
  return ports
}

/** idVendor and the rest are files of the USB device, some levels above the interface that the tty belongs to. */
async function usbIdentity(device: string): Promise<Omit<ListedPort, 'path'>> {
  const read = (folder: string, name: string) =>
    readFile(join(folder, name), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    )
  let folder = device
  for (let level = 0; level < 5; level++) {
    const vendorId = await read(folder, 'idVendor')
    if (vendorId !== undefined) {
      return {
        vendorId,
        productId: await read(folder, 'idProduct'),
        serialNumber: await read(folder, 'serial'),
        manufacturer: await read(folder, 'manufacturer'),
      }
    }
    folder = dirname(folder)
  }
  return {}
}

/** The kernel makes /dev/ttyS0 to ttyS31 whether or not there is a UART; type 0 is PORT_UNKNOWN (linux/serial_core.h). */
async function isPhantom(path: string, sysfs: string): Promise<boolean> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (!/^ttyS\d+$/.test(name)) return false
  return (await readFile(join(sysfs, name, 'type'), 'utf8').catch(() => '')).trim() === '0'
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
