/** What the board with a button tells; the sketch is firmware/lib/portwire/examples/Button. */

import { defineContract } from 'portwire'

export const button = defineContract({
  name: 'button',
  version: '1.0',
  actions: {
    isPressed: { doc: 'Answers whether the button is held down now.', result: 'bool', idempotent: true },
  },
  events: {
    pressed: { doc: 'The button went down and stayed down for the debounce time.' },
    released: {
      doc: 'The button came up again.',
      fields: { heldMs: { type: 'u32', unit: 'ms' } },
    },
  },
})
