/** Tells a thermostat what to keep, 21 degrees by day and 17 by night, until it is stopped. Run it with the path of the port. */

import { createPort } from 'portwire'
import { thermostat } from './thermostat.contract.js'

const [path = '/dev/ttyACM0', fixed] = process.argv.slice(2)

/** A fixed temperature may be given behind the path. */
function setpoint(hour: number): number {
  if (fixed !== undefined) return Number(fixed)
  return hour >= 6 && hour < 22 ? 21 : 17
}

const port = createPort(thermostat, { serial: path })
port.handle('setpoint', () => setpoint(new Date().getHours()))
port.on('heater', ({ on, celsius }) => console.log(`heater ${on ? 'on' : 'off'} at ${celsius.toFixed(1)} °C`))
const { celsius, heating } = await port.call('read')
console.log(`${celsius.toFixed(1)} °C, heater ${heating ? 'on' : 'off'}`)
process.once('SIGTERM', () => void port.close())
process.once('SIGINT', () => void port.close())
