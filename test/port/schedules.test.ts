// A promise that is never settled is a motor that nobody stops: whatever the order of what happens to a port, everything ends.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { boardWorlds } from './schedules/board-world.js'
import { checkSchedules } from './schedules/check.js'

describe('L25: any order of opening, calling, unplugging, resetting, killing and closing a board', () => {
  it('L25: hangs nowhere, settles every promise and leaves nothing behind, in 1,000 random schedules', {
    timeout: 600_000,
  }, async () => {
    const pausesMs = [0, 0, 0, 1, 5, 20, 100, 700, 3_000]
    const { answered, calls } = await checkSchedules(boardWorlds(), { runs: 1_000, maxSteps: 40, pausesMs })
    // Schedules in which nothing works would prove nothing.
    expect(answered).toBeGreaterThan(calls / 10)
  })
})
