import { describe, expect, it } from 'vitest'
import { createSharedIntensity } from '../../src/supervision/intensity.js'

describe('the intensity of a group', () => {
  const healthy = new Set<number>()
  const shared = () => {
    healthy.clear()
    return createSharedIntensity({ intensity: 2, periodMs: 1_000, isHealthy: (index) => healthy.has(index) })
  }

  it('is shared: the restarts of all children count together', () => {
    const { record } = shared()
    expect([record(0, 0), record(1, 10), record(2, 20)]).toEqual(['restart', 'restart', 'give-up'])
  })

  it('forgets restarts that are older than the period', () => {
    const { record } = shared()
    expect([record(0, 0), record(1, 10), record(2, 1_011)]).toEqual(['restart', 'restart', 'restart'])
  })

  it('once exceeded, stays so however slow the tries are, until who failed is healthy', () => {
    const { record } = shared()
    expect([record(0, 0), record(0, 1), record(0, 2)].at(-1)).toBe('give-up')
    expect(record(0, 60_000)).toBe('give-up')
    expect(record(1, 120_000)).toBe('give-up')
    healthy.add(0)
    expect(record(1, 180_000)).toBe('give-up') // 1 itself has failed meanwhile
    healthy.add(1)
    expect([record(1, 240_000), record(1, 240_001), record(1, 240_002)]).toEqual(['restart', 'restart', 'give-up'])
  })
})
