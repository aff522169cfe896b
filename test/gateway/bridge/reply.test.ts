import { expect, test } from 'vitest'
import { PortwireError } from '../../../src/errors.js'
import { replyPayload, resultOfError } from '../../../src/gateway/bridge/reply.js'
import { CallError, RemoteError } from '../../../src/port/index.js'

const call = (code: 'CALL_TIMEOUT' | 'PORT_EXITED', outcome: 'no' | 'yes' | 'unknown') =>
  new CallError(code, 'said', { action: 'setVent', outcome })

test.each([
  ['a timeout', call('CALL_TIMEOUT', 'unknown'), false, 'timeout', 'unknown'],
  ['a timeout before anything was written', call('CALL_TIMEOUT', 'no'), false, 'timeout', 'no'],
  ['a command that grew too old while it waited', call('CALL_TIMEOUT', 'no'), true, 'expired', 'no'],
  ['a session that ended before it ran', call('PORT_EXITED', 'no'), false, 'lost_session', 'no'],
  ['a session that ended in the middle', call('PORT_EXITED', 'unknown'), false, 'unknown', 'unknown'],
  ['a refusal by the device', new RemoteError('setVent', 3, undefined), false, 'nak', 'no'],
  ['an error of the application', new RemoteError('setVent', 16, 'stuck'), false, 'nak', 'yes'],
  ['a deadline that the device saw pass', new RemoteError('setVent', 7, undefined), false, 'expired', 'unknown'],
  ['arguments that do not fit', new PortwireError('ARGUMENT_INVALID', 'x'), false, 'nak', 'no'],
  ['a reply of the wrong type', new PortwireError('REPLY_INVALID', 'x'), false, 'nak', 'yes'],
])('%s has its word', (_name, error, expires, result, outcome) => {
  expect(resultOfError(error, expires)).toMatchObject({ result, outcome, error: error.message })
})

test('a reply gives the transaction back as it came, whatever JSON it is', () => {
  const ok = { result: 'ok', data: 0.4 } as const
  expect(replyPayload(ok, { value: 23 })).toBe('{"data":0.4,"status":"ok","transaction":23}')
  expect(replyPayload(ok, { value: null })).toBe('{"data":0.4,"status":"ok","transaction":null}')
  expect(replyPayload(ok, undefined)).toBe('{"data":0.4,"status":"ok"}')
})
