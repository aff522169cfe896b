// A device as a program: emits plain events in bursts, and reliable ones as fast as there is room for them.

import { serve } from '../../../dist/index.js'
import { meter } from './contract.mjs'

let readings = 0
let alarms = 0
let wanted = 0
const server = await serve(meter, {
  burst({ count }) {
    for (let sent = 0; sent < count; sent++) server.emit('reading', { n: readings++ })
    return readings
  },
  alarms({ count }) {
    wanted += count
    emitAlarms()
    return 0
  },
})

function emitAlarms() {
  while (alarms < wanted && server.emit('alarm', { n: alarms }) > 0) alarms += 1
  if (alarms < wanted) setTimeout(emitAlarms, 1)
}
