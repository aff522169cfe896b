/** Which serial port is meant, when it is not named by its path: the same device is found again under another name. */

import { PortwireError } from '../errors.js'
import type { SerialDevice } from './serial-devices.js'

/** All that is named must agree. Identical devices without serial numbers differ in their socket only. */
export interface SerialIdentity {
  /** USB, hex: `2341`, `0x2341`. */
  readonly vendorId?: string
  readonly productId?: string
  readonly serialNumber?: string
  readonly manufacturer?: string
  /** Which function of one USB device, from 0. */
  readonly interfaceNumber?: number
  /** The USB socket as `portwire list` prints it: `1-1.4:1.0`; `1-1.4` stands for any function there. */
  readonly usbPath?: string
}

const KEYS = ['vendorId', 'productId', 'serialNumber', 'manufacturer', 'interfaceNumber', 'usbPath'] as const

/** @throws ARGUMENT_INVALID  a key that is not known, a value of the wrong type, an id that is not hex, or nothing named */
export function checkIdentity(identity: SerialIdentity): void {
  if (typeof identity !== 'object' || identity === null) {
    throw new PortwireError('ARGUMENT_INVALID', `serial: ${identity} is neither a path nor some of ${KEYS.join(', ')}`)
  }
  const unknown = Object.keys(identity).filter((key) => !(KEYS as readonly string[]).includes(key))
  if (unknown.length > 0) {
    throw new PortwireError('ARGUMENT_INVALID', `serial: ${unknown[0]} is not one of ${KEYS.join(', ')}`)
  }
  if (KEYS.every((key) => identity[key] === undefined)) {
    throw new PortwireError('ARGUMENT_INVALID', `serial: name a path, or some of ${KEYS.join(', ')}`)
  }
  for (const key of KEYS) checkType(key, identity[key])
  for (const key of ['vendorId', 'productId'] as const) {
    const value = identity[key]
    if (value !== undefined && !/^(0x)?[0-9a-f]{1,4}$/i.test(value)) {
      throw new PortwireError('ARGUMENT_INVALID', `serial.${key}: ${value} is not a number of up to four hex digits`)
    }
  }
}

function checkType(key: (typeof KEYS)[number], value: unknown): void {
  if (value === undefined) return
  if (key === 'interfaceNumber') {
    if (Number.isInteger(value) && (value as number) >= 0) return
    throw new PortwireError('ARGUMENT_INVALID', `serial.${key}: ${String(value)} is not a whole number from 0`)
  }
  if (typeof value === 'string') return
  const isId = key === 'vendorId' || key === 'productId'
  const example = isId && typeof value === 'number' ? `; write it in hex: '${hexId(value.toString(16))}'` : ''
  throw new PortwireError('ARGUMENT_INVALID', `serial.${key}: ${String(value)} is not a text${example}`)
}

/** What a person calls it: `USB 2341:0043, serial number 7573`. */
export function describeIdentity(identity: SerialIdentity): string {
  const { vendorId, productId, serialNumber, manufacturer, interfaceNumber, usbPath } = identity
  const parts = [
    ...(vendorId || productId ? [`USB ${hexId(vendorId) ?? '?'}:${hexId(productId) ?? '?'}`] : []),
    ...(manufacturer ? [`by ${manufacturer}`] : []),
    ...(serialNumber ? [`serial number ${serialNumber}`] : []),
    ...(interfaceNumber === undefined ? [] : [`interface ${interfaceNumber}`]),
    ...(usbPath ? [`at USB ${usbPath}`] : []),
  ]
  return parts.join(', ')
}

/** Finds the one port that is meant; pure.
 * @throws PORT_NOT_FOUND  none fits; the message lists those that are there
 * @throws PORT_AMBIGUOUS  several fit; the message lists them and says what tells them apart */
export function findDevice(identity: SerialIdentity, devices: readonly SerialDevice[]): SerialDevice {
  const found = devices.filter((device) => KEYS.every((key) => fits(key, identity, device)))
  const [device] = found
  if (device && found.length === 1) return device
  const meant = describeIdentity(identity)
  if (found.length > 1) {
    const differing = KEYS.filter((key) => new Set(found.map((one) => one[key])).size === found.length)
    const cure = differing.length > 0 ? `; name also ${differing.join(' or ')}` : ''
    throw new PortwireError('PORT_AMBIGUOUS', `${meant} may be ${found.map(describeDevice).join(' or ')}${cure}`)
  }
  const there = devices.length > 0 ? `there are: ${devices.map(describeDevice).join('; ')}` : 'there is no serial port'
  throw new PortwireError('PORT_NOT_FOUND', `no serial port is ${meant}; ${there}`)
}

function fits(key: (typeof KEYS)[number], identity: SerialIdentity, device: SerialDevice): boolean {
  const wanted = identity[key]
  if (wanted === undefined) return true
  if (key === 'vendorId' || key === 'productId') return hexId(identity[key]) === device[key]
  if (key === 'usbPath') return device.usbPath === wanted || device.usbPath?.startsWith(`${wanted}:`) === true
  return device[key] === wanted
}

function hexId(id: string | undefined): string | undefined {
  return id?.toLowerCase().replace(/^0x/, '').padStart(4, '0')
}

function describeDevice(device: SerialDevice): string {
  const what = describeIdentity(device)
  return what === '' ? device.path : `${device.path} (${what})`
}
