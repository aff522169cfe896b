import { expect, test } from 'vitest'
import { didYouMean, nearest } from '../../../src/contract/file/nearest.js'

test.each([
  ['bauds', ['baud', 'contract'], 'baud'],
  ['lst', ['list', 'call'], 'list'],
  ['clal', ['list', 'call'], 'call'],
  ['Serial', ['serial', 'spawn'], 'serial'],
  ['frobnicate', ['list', 'call', 'monitor'], undefined],
  ['x', [], undefined],
])('%s is spelled nearest to %s: %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected)
})

test('didYouMean says nothing when nothing is near', () => {
  expect(didYouMean('baudd', ['baud'])).toBe(' (did you mean baud?)')
  expect(didYouMean('frobnicate', ['baud'])).toBe('')
})

test('a word that is no name of ours costs nothing', () => {
  const names = Array.from({ length: 50 }, (_, i) => `action${i}`)
  const startMs = performance.now()
  expect(nearest('x'.repeat(250_000), names)).toBeUndefined()
  expect(performance.now() - startMs).toBeLessThan(50)
})
