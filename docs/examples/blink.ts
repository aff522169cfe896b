/** Blinks the LED of a board ten times. Run it with the path of the board's serial port. */

import { open } from 'portwire'
import { blink } from './blink.contract.js'

const port = await open(blink, { serial: process.argv[2] ?? '/dev/ttyACM0' })
for (let i = 0; i < 10; i++) {
  console.log(await port.call('setLed', { on: i % 2 === 0 }))
  await new Promise((later) => setTimeout(later, 250))
}
await port.close()
