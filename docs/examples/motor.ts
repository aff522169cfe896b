/** Turns the motor of a board to a position, tells the way, and stops it on Ctrl-C: `node motor.js /dev/ttyACM0 400`. */

import { open, PortwireError } from 'portwire'
import { motor } from './motor.contract.js'

const [path = '/dev/ttyACM0', position = '400'] = process.argv.slice(2)
const port = await open(motor, { serial: path })
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

// A motor needs longer than a call's usual 5 s.
const limits = { timeoutMs: 10 * 60_000, signal: stop.signal }
const move = port.stream('moveTo', { position: Number(position), stepsPerSecond: 500 }, limits)
try {
  for await (const { position } of move) console.log(`at ${position}`)
  console.log(`arrived at ${await move.result}`)
} catch (error) {
  if (!(error instanceof PortwireError && error.code === 'CALL_ABORTED')) throw error
  console.log(`stopped at ${await port.call('position')}`)
} finally {
  await port.close()
}
