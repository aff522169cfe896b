import { expect, test } from 'vitest'
import { createPaced } from '../../src/gateway/paced.js'
import { createVirtualClock } from '../../src/testing/index.js'

function start() {
  const clock = createVirtualClock()
  const ranAtMs: number[] = []
  const paced = createPaced(clock, 100, () => ranAtMs.push(clock.nowMs() - startMs))
  const startMs = clock.nowMs()
  return { clock, ranAtMs, paced }
}

test('the first runs at once, those of the pause once at its end', async () => {
  const { clock, ranAtMs, paced } = start()
  for (let asked = 0; asked < 5; asked++) {
    paced.ask()
    await clock.advance(10)
  }
  expect(ranAtMs).toEqual([0])
  await clock.advance(1_000)
  expect(ranAtMs).toEqual([0, 100])
})

test('after a pause in which nothing was asked for the next runs at once', async () => {
  const { clock, ranAtMs, paced } = start()
  paced.ask()
  await clock.advance(250)
  paced.ask()
  expect(ranAtMs).toEqual([0, 250])
})

test('flush runs what waits, and nothing when nothing waits', async () => {
  const { clock, ranAtMs, paced } = start()
  paced.flush()
  paced.ask()
  paced.ask()
  paced.flush()
  paced.flush()
  await clock.advance(1_000)
  expect(ranAtMs).toEqual([0, 0])
})
