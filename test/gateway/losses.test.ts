import { expect, test } from 'vitest'
import { createLosses } from '../../src/gateway/losses.js'

function start() {
  const said: string[] = []
  const timers = new Set<() => void>()
  const clock = {
    nowMs: () => 0,
    after(_delayMs: number, run: () => void) {
      timers.add(run)
      return () => void timers.delete(run)
    },
  }
  const losses = createLosses({ clock, afterMs: 10_000, say: (reason, count) => said.push(`${count} ${reason}`) })
  const pass = () => {
    for (const run of [...timers]) {
      timers.delete(run)
      run()
    }
  }
  return { losses, said, pass, timers }
}

test('losses are said once, counted by their reason', () => {
  const { losses, said, timers } = start()
  for (const reason of ['full', 'refused', 'full'] as const) losses.add(reason)
  losses.say()
  losses.say()
  expect(said).toEqual(['2 full', '1 refused'])
  expect(timers.size).toBe(0)
})

test('losses that go on are said after a while, though the queue is never empty', () => {
  const { losses, said, pass } = start()
  losses.add('full')
  losses.add('full')
  pass()
  losses.add('full')
  pass()
  expect(said).toEqual(['2 full', '1 full'])
})

test('nothing is said after the end', () => {
  const { losses, said, pass } = start()
  losses.add('full')
  losses.close()
  pass()
  losses.say()
  expect(said).toEqual([])
})
