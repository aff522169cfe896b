/** What firmware/size/blocked_loop.cpp serves: every kind of message that can compete for its ring, and what the ring lost. */

import { defineContract } from '../../src/contract/index.js'

export const blockedLoop = defineContract({
  name: 'blocked_loop',
  version: '1',
  actions: {
    echo: { args: { data: { type: 'bytes', maxBytes: 48 } }, result: { type: 'bytes', maxBytes: 48 } },
    note: { args: { data: { type: 'bytes', maxBytes: 48 } } },
    block: { doc: 'loop() does not return for so long, again and again.', args: { ms: 'u16' } },
    takeLosses: {
      doc: 'How many had no place, then for each position (u32, little-endian) and number of bytes.',
      result: { type: 'bytes', maxBytes: 56 },
    },
  },
  events: { alarm: { fields: { n: 'u32' }, acknowledged: true } },
  requests: { ask: { args: { n: 'u32' }, result: 'u32' } },
})
