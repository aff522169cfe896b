/** The contract of the checker: every kind of message that the protocol has, with values by which a mistake shows. */

import { defineContract } from '../../src/contract/index.js'

export const checker = defineContract({
  name: 'checker',
  version: '1',
  actions: {
    add: {
      doc: 'Must never run twice for one id.',
      args: { id: 'u32', pad: { type: 'bytes', maxBytes: 32 } },
      result: { id: 'u32', pad: { type: 'bytes', maxBytes: 32 } },
    },
    put: {
      doc: 'May run again for the same id, but not after a later call has run that is not itself run again.',
      args: { id: 'u32', pad: { type: 'bytes', maxBytes: 32 } },
      result: { id: 'u32', pad: { type: 'bytes', maxBytes: 32 } },
      idempotent: true,
    },
    note: { doc: 'Answers nothing; must never run twice for one id.', args: { id: 'u32' } },
    count: {
      doc: 'A job that streams its steps.',
      args: { id: 'u32', steps: 'u8', stepMs: 'u16' },
      stream: { id: 'u32', step: 'u8' },
      result: 'u32',
    },
  },
  events: {
    alarm: { fields: { n: 'u32' }, acknowledged: true },
    sample: { fields: { n: 'u32' } },
    record: {
      doc: 'As long as `block`, reliable.',
      fields: { n: 'u32', pad: { type: 'bytes', maxBytes: 15 } },
      acknowledged: true,
    },
    block: { doc: 'As long as `record`, plain.', fields: { n: 'u32', pad: { type: 'bytes', maxBytes: 15 } } },
  },
  requests: {
    ask: { args: { n: 'u32' }, result: 'u32' },
  },
})

export type Checker = (typeof checker)['definition']
