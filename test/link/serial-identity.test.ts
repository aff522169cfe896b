import { describe, expect, it } from 'vitest'
import { findDevice, type SerialDevice, serialConnector } from '../../src/link/index.js'

const UNO: SerialDevice = {
  path: '/dev/ttyACM0',
  vendorId: '2341',
  productId: '0043',
  serialNumber: '7573',
  manufacturer: 'Arduino',
  interfaceNumber: 0,
  usbPath: '1-1.2:1.0',
}
/** Two sticks of one make, without serial numbers. */
const CH340 = { vendorId: '1a86', productId: '7523', interfaceNumber: 0 }
const LEFT: SerialDevice = { ...CH340, path: '/dev/ttyUSB0', usbPath: '1-1.3:1.0' }
const RIGHT: SerialDevice = { ...CH340, path: '/dev/ttyUSB1', usbPath: '1-1.4:1.0' }
/** One device with two functions. */
const FIRST: SerialDevice = { ...UNO, path: '/dev/ttyACM5', serialNumber: 'E661', usbPath: '2-1:1.0' }
const SECOND: SerialDevice = { ...FIRST, path: '/dev/ttyACM6', interfaceNumber: 2, usbPath: '2-1:1.2' }
const ALL = [UNO, LEFT, RIGHT, FIRST, SECOND, { path: '/dev/ttyS0' }]

describe('L1: a board is found', () => {
  it.each([
    ['by vendor, product and serial number', { vendorId: '2341', productId: '0043', serialNumber: '7573' }, UNO],
    ['by serial number alone', { serialNumber: '7573' }, UNO],
    ['whatever the case and form of its ids', { vendorId: '0x1A86', usbPath: '1-1.3' }, LEFT],
    ['by its socket where nothing else tells it from its twin', { ...CH340, usbPath: '1-1.4:1.0' }, RIGHT],
    ['by its interface', { serialNumber: 'E661', interfaceNumber: 2 }, SECOND],
  ])('%s', (_, identity, device) => {
    expect(findDevice(identity, ALL)).toBe(device)
    expect(findDevice(identity, [...ALL].reverse())).toBe(device)
  })
})

describe('L1: a board is not opened', () => {
  it('when two fit: both are named, and what tells them apart', () => {
    expect(() => findDevice({ vendorId: '1a86' }, ALL)).toThrow(
      'PORT_AMBIGUOUS: USB 1a86:? may be /dev/ttyUSB0 (USB 1a86:7523, interface 0, at USB 1-1.3:1.0) or ' +
        '/dev/ttyUSB1 (USB 1a86:7523, interface 0, at USB 1-1.4:1.0); name also usbPath',
    )
    expect(() => findDevice({ serialNumber: 'E661' }, ALL)).toThrow(/name also interfaceNumber or usbPath/)
  })

  it('when none fits: those that are there are named', () => {
    expect(() => findDevice({ serialNumber: 'nope' }, [UNO, { path: '/dev/ttyS0' }])).toThrow(
      'PORT_NOT_FOUND: no serial port is serial number nope; there are: /dev/ttyACM0 (USB 2341:0043, by Arduino, ' +
        'serial number 7573, interface 0, at USB 1-1.2:1.0); /dev/ttyS0',
    )
    expect(() => findDevice({ serialNumber: 'nope' }, [])).toThrow(/there is no serial port/)
  })

  it.each([
    [{}, /name a path, or some of vendorId/],
    [{ vendor: '2341' }, /serial: vendor is not one of vendorId/],
    [{ vendorId: 'Arduino' }, /serial.vendorId: Arduino is not a number of up to four hex digits/],
    [{ productId: '10043' }, /serial.productId: 10043/],
    [{ vendorId: 0x2341 }, /ARGUMENT_INVALID: serial.vendorId: 9025 is not a text; write it in hex: '2341'$/],
    [{ productId: 0x43 }, /ARGUMENT_INVALID: serial.productId: 67 is not a text; write it in hex: '0043'$/],
    [{ serialNumber: 7573 }, /ARGUMENT_INVALID: serial.serialNumber: 7573 is not a text$/],
    [{ manufacturer: null }, /ARGUMENT_INVALID: serial.manufacturer: null is not a text$/],
    [{ serialNumber: '7573', usbPath: {} }, /ARGUMENT_INVALID: serial.usbPath: .* is not a text$/],
    [{ interfaceNumber: '0' }, /ARGUMENT_INVALID: serial.interfaceNumber: 0 is not a whole number from 0$/],
    [{ interfaceNumber: -1 }, /ARGUMENT_INVALID: serial.interfaceNumber: -1 is not/],
    [null, /ARGUMENT_INVALID: serial: null is neither a path nor some of vendorId, /],
    [undefined, /ARGUMENT_INVALID: serial: undefined is neither a path nor/],
    [5, /ARGUMENT_INVALID: serial: 5 is neither a path nor/],
  ])('when the identity is %j', (identity, message) => {
    expect(() => serialConnector({ path: identity as never })).toThrow(message)
  })
})
