/** Who owns a tty that goes by several names, or is found by what it is. */

import { expect, test } from 'vitest'
import { createTtyClaims } from '../../../src/gateway/device/tty-claims.js'

const REAL: Readonly<Record<string, string>> = { '/dev/by-id/uno': '/dev/ttyACM0' }
const realPath = (path: string) => REAL[path] ?? path
const named = (name: string, serial: string) => ({ name, target: { serial } })
const found = (name: string) => ({ name, target: { serial: { vendorId: '2341' } } })

test('a second name of a tty is that of its owner until the owner releases it', () => {
  const claims = createTtyClaims(realPath)
  const [first, second] = [named('first', '/dev/ttyACM0'), named('second', '/dev/by-id/uno')]
  expect(claims.claim(first)).toBeUndefined()
  expect(claims.claim(second)).toBe('first')
  expect(claims.claim(first)).toBeUndefined()
  claims.release(first)
  expect(claims.claim(second)).toBeUndefined()
  expect(claims.claim(first)).toBe('second')
})

test('a device that is found by what it is claims the tty that it has open, and none before', () => {
  const claims = createTtyClaims(realPath)
  expect(claims.claim(found('uno'))).toBeUndefined()
  expect(claims.claim(named('early', '/dev/ttyUSB0'))).toBeUndefined()
  expect(claims.claim(found('uno'), '/dev/ttyACM0')).toBeUndefined()
  expect(claims.claim(named('late', '/dev/by-id/uno'))).toBe('uno')
  expect(claims.claim(found('other'), '/dev/ttyUSB0')).toBe('early')
})

test('programs and devices on the network claim nothing', () => {
  const claims = createTtyClaims(realPath)
  expect(claims.claim({ name: 'a', target: { spawn: '/dev/ttyACM0' } })).toBeUndefined()
  expect(claims.claim({ name: 'b', target: { tcp: '/dev/ttyACM0' } })).toBeUndefined()
  expect(claims.claim(named('c', '/dev/ttyACM0'))).toBeUndefined()
})
