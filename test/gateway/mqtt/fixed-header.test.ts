import { expect, test } from 'vitest'
import { createFixedHeader } from '../../../src/gateway/mqtt/fixed-header.js'

// MQTT 3.1.1, table 2.4: the smallest and the largest length of one, two, three and four bytes.
test.each([
  [0, [0x00]],
  [127, [0x7f]],
  [128, [0x80, 0x01]],
  [16_383, [0xff, 0x7f]],
  [16_384, [0x80, 0x80, 0x01]],
  [2_097_151, [0xff, 0xff, 0x7f]],
  [2_097_152, [0x80, 0x80, 0x80, 0x01]],
  [268_435_455, [0xff, 0xff, 0xff, 0x7f]],
])('a length of %i is read from its bytes, and another header may follow', (length, bytes) => {
  const header = createFixedHeader()
  for (let round = 0; round < 2; round++) {
    expect(header.push(0x3b)).toBe('more')
    expect(header).toMatchObject({ first: 0x3b, type: 3 })
    expect(bytes.map((byte) => header.push(byte))).toEqual([...bytes.slice(1).map(() => 'more'), 'whole'])
    expect(header.length).toBe(length)
  }
})

test('a length that goes on after four bytes is no MQTT', () => {
  const header = createFixedHeader()
  expect([0x30, 0x80, 0x80, 0x80, 0x80].map((byte) => header.push(byte))).toEqual([
    'more',
    'more',
    'more',
    'more',
    'broken',
  ])
})
