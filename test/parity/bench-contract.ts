/** The contract of the bench: the device that both kinds of peer are in these tests, a spawned program and a board. */

import { defineContract } from '../../src/contract/index.js'

export const bench = defineContract({
  name: 'bench',
  version: '1',
  actions: {
    echo: { args: { n: 'u32' }, result: 'u32' },
    mirror: { args: 'any', result: 'any', doc: 'Answers what it was given.' },
    reset: { doc: 'Answers nothing; the tally starts anew.' },
    count: { args: { n: 'u32' }, doc: 'Adds to the tally, which says whether all came once and in order.' },
    tally: { result: { count: 'u32', isInOrder: 'bool' } },
    hold: { args: { n: 'u32' }, result: 'u32', doc: 'Is answered with n when release is called, the newest first.' },
    held: { result: 'u16' },
    release: { result: 'u16' },
    wait: { args: { ms: 'u32' }, result: 'u32', doc: 'Answers after so long, in the time of the device.' },
    fail: { args: { errorNumber: 'u8' } },
    emit: {
      args: { plain: 'u32', other: 'u32', kept: 'u32' },
      result: { plain: 'u32', other: 'u32', kept: 'u32' },
      doc: 'Emits so many events numbered from 0; answers how many of them were taken for sending.',
    },
    say: { args: { severity: 'str', text: 'str' } },
    print: { args: { text: 'str' } },
    leave: { args: { status: 'u8', last: 'u8' }, doc: 'Ends, after the events that are its last words.' },
    fetch: { args: { key: 'str' }, result: 'str', doc: 'Asks the host, and answers what that answered.' },
    act: {
      args: { outcome: 'str' },
      stream: { update: 'u8' },
      result: { outcome: 'str', update: 'u8' },
      doc: 'Sends the updates 1 and 2, then ends with the outcome: succeed, fail or done, or an error.',
    },
    steps: { args: { count: 'u32' }, stream: 'u32', result: 'u32', doc: 'A job that ends when release is called.' },
  },
  events: {
    counted: { fields: { n: 'u32' } },
    other: { fields: { n: 'u32' } },
    kept: { fields: { n: 'u32' }, acknowledged: true },
  },
  requests: { lookup: { args: { key: 'str' }, result: 'str' } },
})

export type Bench = (typeof bench)['definition']
