/** Tells how long the button of a board is held, press by press, until it is stopped. Run it with the path of the serial port. */

import { createPort } from 'portwire'
import { button } from './button.contract.js'

const port = createPort(button, { serial: process.argv[2] ?? '/dev/ttyACM0' })
port.on('pressed', () => console.log('pressed'))
port.on('released', ({ heldMs }) => console.log(`released after ${heldMs} ms`))
// Bindings reach the board before a later call does: from this line on no press is missed.
console.log(`it is ${(await port.call('isPressed')) ? 'down' : 'up'}`)
process.once('SIGTERM', () => void port.close())
process.once('SIGINT', () => void port.close())
