// The same schedules with real programs: what they hold of this machine must be given back as well.
import { describe, expect, it } from 'vitest'
import { checkSchedules } from './schedules/check.js'
import { programWorlds } from './schedules/program-world.js'

describe('L25: any order of starting, calling, killing and closing a program', () => {
  it('L25: hangs nowhere, settles every promise and leaves no process, descriptor or timer, in 100 random schedules', {
    timeout: 1_200_000,
  }, async () => {
    const pausesMs = [0, 0, 0, 0, 1, 2, 5, 20, 60]
    const { answered, calls } = await checkSchedules(programWorlds(), { runs: 100, maxSteps: 20, pausesMs })
    // Schedules in which nothing works would prove nothing.
    expect(answered).toBeGreaterThan(calls / 20)
  })
})
