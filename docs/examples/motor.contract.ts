/** What the board with a stepper motor can do; the sketch is firmware/lib/portwire/examples/Motor. */

import { defineContract } from 'portwire'

export const motor = defineContract({
  name: 'motor',
  version: '1.0',
  actions: {
    moveTo: {
      doc: 'Turns to a position, as a job: tells every 100th step on its way, and answers where it has stopped.',
      args: { position: { type: 'i32', unit: 'steps' }, stepsPerSecond: { type: 'u16', min: 1, max: 1000 } },
      stream: { position: { type: 'i32', unit: 'steps' } },
      result: { type: 'i32', unit: 'steps' },
    },
    position: { doc: 'Answers where it is.', result: { type: 'i32', unit: 'steps' }, idempotent: true },
  },
})
