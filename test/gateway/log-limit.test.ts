import { expect, test } from 'vitest'
import { limitLog } from '../../src/gateway/log-limit.js'
import { createVirtualClock } from '../../src/testing/index.js'

function limited(linesPerSecond: number) {
  const clock = createVirtualClock()
  const lines: string[] = []
  const perSecond = new Map<number, number>()
  const sink = (_level: string, namespace: string, message: string) => {
    lines.push(`${namespace} ${message}`)
    const second = Math.floor(clock.nowMs() / 1_000)
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
  }
  return { clock, lines, perSecond, log: limitLog(sink, linesPerSecond, clock) }
}

test('so many lines a second pass; the others are counted, and said when the second is over, though nothing follows', async () => {
  const { clock, lines, log } = limited(3)
  for (let i = 0; i < 10; i++) log('warn', 'x', String(i))
  expect(lines).toEqual(['x 0', 'x 1', 'x 2'])
  await clock.advance(1_000)
  expect(lines.slice(3)).toEqual(['x 7 log lines were left out: more than 3 a second'])
  log('warn', 'x', 'later')
  expect(lines.slice(4)).toEqual(['x later'])
})

test('R27: a device that floods the log leaves the lines about others alone', () => {
  const { lines, log } = limited(3)
  for (let i = 0; i < 1_000; i++) log('warn', 'portwire:bad', String(i))
  log('warn', 'portwire:good', 'hello')
  expect(lines.at(-1)).toBe('portwire:good hello')
})

test('a flood that goes on for a minute: no second has more lines than the limit, and the counts add up', async () => {
  const { clock, lines, perSecond, log } = limited(50)
  let passed = 0
  let counted = 0
  for (let i = 0; i < 30_000; i += 10) {
    for (let line = 0; line < 10; line++) log('warn', 'x', 'line')
    await clock.advance(20)
  }
  await clock.advance(1_000)
  for (const line of lines) {
    const [, count] = /^x (\d+) log lines were left out/.exec(line) ?? []
    if (count === undefined) passed += 1
    else counted += Number(count)
  }
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(50)
  expect(passed + counted).toBe(30_000)
})
