/** The serial ports of this machine as `portwire list` prints them: with who holds them, keys in snake case. */

import type { SerialDeviceSources } from '../link/index.js'

export interface SerialPortRow {
  readonly path: string
  readonly vendor_id?: string
  readonly product_id?: string
  readonly serial_number?: string
  readonly manufacturer?: string
  readonly interface_number?: number
  /** The USB socket. */
  readonly usb_path?: string
  /** Names that stay when the number changes; identical sticks differ in by_path only. */
  readonly by_id?: string
  readonly by_path?: string
  readonly held_by?: { readonly pid: number; readonly command: string }
}

export type PortSources = SerialDeviceSources

export async function listPorts(sources: PortSources = {}): Promise<SerialPortRow[]> {
  const { holderOf, listSerialDevices } = await import('../link/index.js')
  const rows: SerialPortRow[] = []
  for (const device of await listSerialDevices(sources)) {
    const holder = await holderOf(device.path)
    rows.push({
      path: device.path,
      ...(device.vendorId && { vendor_id: device.vendorId }),
      ...(device.productId && { product_id: device.productId }),
      ...(device.serialNumber && { serial_number: device.serialNumber }),
      ...(device.manufacturer && { manufacturer: device.manufacturer }),
      ...(device.interfaceNumber !== undefined && { interface_number: device.interfaceNumber }),
      ...(device.usbPath && { usb_path: device.usbPath }),
      ...(device.byId && { by_id: device.byId }),
      ...(device.byPath && { by_path: device.byPath }),
      ...(holder && { held_by: holder }),
    })
  }
  return rows
}
