import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CRC16_RESIDUE } from '../../src/wire/crc16.js'
import { crc16 } from '../../src/wire/index.js'
import { check } from './random.js'
import { concat } from './vectors.js'

test('the check value of CRC-16/X-25 is 0x906E', () => {
  expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x906e)
})

test('nothing has the CRC 0', () => {
  expect(crc16(new Uint8Array(0))).toBe(0)
})

test('the CRC of two parts is the CRC of the second, seeded with that of the first', () => {
  check(
    fc.property(fc.uint8Array(), fc.uint8Array(), (head, tail) => {
      expect(crc16(tail, crc16(head))).toBe(crc16(concat(head, tail)))
    }),
  )
})

test('bytes followed by their own CRC, low byte first, always leave the residue 0xF0B8', () => {
  check(
    fc.property(fc.uint8Array(), (bytes) => {
      const crc = crc16(bytes)
      expect(crc16(concat(bytes, Uint8Array.of(crc & 0xff, crc >>> 8))) ^ 0xffff).toBe(CRC16_RESIDUE)
    }),
  )
})

test('a zero byte appended to bytes and their CRC is seen', () => {
  check(
    fc.property(fc.uint8Array(), (bytes) => {
      const crc = crc16(bytes)
      const appended = concat(bytes, Uint8Array.of(crc & 0xff, crc >>> 8, 0))
      expect(crc16(appended) ^ 0xffff).not.toBe(CRC16_RESIDUE)
    }),
  )
})
