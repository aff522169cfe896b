// The same schedules over the operating system's serial ports, whose drivers keep descriptors and watchers of their own.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { checkSchedules } from './schedules/check.js'
import { ttyWorlds } from './schedules/tty-world.js'

describe('L25: any order of opening, calling, unplugging, killing and closing a board behind a tty', () => {
  it('L25: hangs nowhere, settles every promise and leaves no descriptor, watcher or timer, in 30 random schedules', {
    timeout: 1_200_000,
  }, async () => {
    const pausesMs = [0, 0, 1, 5, 20, 50, 200]
    const { answered, calls } = await checkSchedules(ttyWorlds(), { runs: 30, maxSteps: 20, pausesMs })
    // Schedules in which nothing works would prove nothing.
    expect(answered).toBeGreaterThan(calls / 20)
  })
})
