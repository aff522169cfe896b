/** What the blinking board offers; the sketch is firmware/lib/portwire/examples/Blink. */

import { defineContract } from 'portwire'

export const blink = defineContract({
  name: 'blink',
  version: '1.0',
  actions: {
    setLed: { doc: 'Switches the LED of the board; answers what it is now.', args: { on: 'bool' }, result: 'bool' },
  },
})
