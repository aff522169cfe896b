/** Lists what a board offers, without its contract at hand. Run it with the path of the board's serial port. */

import { openDescribed } from 'portwire'

const port = await openDescribed({ serial: process.argv[2] ?? '/dev/ttyACM0' })
for (const action of port.contract.actions.values()) console.log(action.index, action.name)
await port.close()
