import { expect, test } from 'vitest'
import { parseBytes, parseDurationMs } from '../../src/gateway/units.js'

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['24h', 86_400_000],
  [0, 0],
  ['30', undefined],
  ['30 s', undefined],
  ['-1s', undefined],
  ['soon', undefined],
  // Longer than a timer of Node can wait: it would fire at once.
  ['25d', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test.each([
  ['256MB', 256_000_000],
  ['256 MB', 256_000_000],
  ['1.5GiB', 1_610_612_736],
  ['64kB', 64_000],
  [5_000_000, 5_000_000],
  ['256', undefined],
  ['256mb', undefined],
  ['-1MB', undefined],
  ['much', undefined],
])('the size %s is %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes)
})
