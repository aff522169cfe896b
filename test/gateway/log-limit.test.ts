import { expect, test } from 'vitest'
import { limitLog } from '../../src/gateway/log-limit.js'

test('so many lines a second pass; the others are counted and said', () => {
  const lines: string[] = []
  let nowMs = 0
  const clock = { nowMs: () => nowMs, after: () => () => {} }
  const log = limitLog((_level, _namespace, message) => lines.push(message), 3, clock)
  for (let i = 0; i < 10; i++) log('warn', 'x', String(i))
  expect(lines).toEqual(['0', '1', '2'])
  nowMs = 1_000
  log('warn', 'x', 'later')
  expect(lines.slice(3)).toEqual(['7 log lines were left out: more than 3 a second', 'later'])
})
