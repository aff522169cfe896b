import { expect, test } from 'vitest'
import { createIntake } from '../../../src/gateway/bridge/intake.js'

test('each device has its own places, and what was given back is free again', () => {
  const intake = createIntake(2)
  expect([intake.enter('a'), intake.enter('a'), intake.enter('a')]).toEqual([true, true, false])
  expect(intake.enter('b')).toBe(true)
  intake.leave('a')
  expect([intake.enter('a'), intake.enter('a')]).toEqual([true, false])
})
