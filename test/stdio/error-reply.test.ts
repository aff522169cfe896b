import { expect, it } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import { CallError, RemoteError } from '../../src/port/index.js'
import { errorReply, withoutCode } from '../../src/stdio/error-reply.js'

it.each([
  [new RemoteError('action7', 16, 'the probe is gone'), { error: 'the probe is gone', code: 16 }],
  [new RemoteError('action7', 1, undefined), { error: 'unknown action', code: 1 }],
  [new CallError('CALL_TIMEOUT', 'late', { action: 'a', outcome: 'unknown' }), { error: 'timeout' }],
  [new CallError('PORT_EXITED', 'gone', { action: 'a', outcome: 'unknown' }), { error: 'disconnected' }],
  [new PortwireError('TOO_LARGE', 'has 600 bytes'), { error: 'too large: has 600 bytes', code: 4 }],
  [new PortwireError('QUEUE_FULL', 'x'), { error: 'busy: too many calls wait', code: 3 }],
  [new TypeError('x'), { error: 'TypeError: x' }],
] as const)('%s is answered as a map that msgpack of the client reads', (error, reply) => {
  expect(errorReply(error)).toEqual(reply)
})

it('a text without its code is what a client can show', () => {
  expect(withoutCode(new PortwireError('ARGUMENT_INVALID', 'events: at least one'))).toBe('events: at least one')
})
