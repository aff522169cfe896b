import { describe, expect, it } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import type { Exit } from '../../src/exit.js'
import { backoffMs, createRestartStrategy, recordRestart } from '../../src/supervision/index.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

const unplugged: Exit = { kind: 'unplugged', detail: 'hang-up' }
const absent: Exit = { kind: 'failed', error: new PortwireError('PORT_NOT_FOUND', 'gone') }

describe('backoff', () => {
  it('doubles its longest pause from 250 ms to 30 s and stays there', () => {
    const longest = Array.from({ length: 10 }, (_, attempt) => backoffMs(attempt, 250, 30_000, () => 1))
    expect(longest).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('draws evenly from 0 to that, so that a hundred gateways do not start together', () => {
    expect(backoffMs(3, 250, 30_000, () => 0)).toBe(0)
    expect(backoffMs(3, 250, 30_000, () => 0.25)).toBe(500)
  })
})

describe('restart intensity', () => {
  it('allows as many restarts as intensity in a period, gives up at one more', () => {
    let restartsAtMs: readonly number[] = []
    const verdicts = [0, 1, 2, 3, 4, 5].map((atMs) => {
      const recorded = recordRestart(restartsAtMs, atMs, { intensity: 5, periodMs: 30_000 })
      restartsAtMs = recorded.restartsAtMs
      return recorded.verdict
    })
    expect(verdicts).toEqual(['restart', 'restart', 'restart', 'restart', 'restart', 'give-up'])
  })

  it('counts the edge of the period as inside, as OTP does', () => {
    const limit = { intensity: 1, periodMs: 1_000 }
    expect(recordRestart([0], 1_000, limit).verdict).toBe('give-up')
    expect(recordRestart([0], 1_001, limit).verdict).toBe('restart')
  })
})

describe('a restart strategy', () => {
  const strategy = (options = {}) => {
    const clock = createVirtualClock()
    return { clock, restart: createRestartStrategy(options, clock, () => 1) }
  }

  it('restarts a permanent port after any exit, a transient one only after an abnormal one, a temporary one never', () => {
    const normal: Exit = { kind: 'status', status: 0 }
    const next = (type: 'permanent' | 'transient' | 'temporary', exit: Exit) =>
      strategy({ type }).restart.next(exit, 0).kind
    expect([next('permanent', normal), next('permanent', unplugged)]).toEqual(['restart', 'restart'])
    expect([next('transient', normal), next('transient', unplugged)]).toEqual(['stop', 'restart'])
    expect([next('temporary', normal), next('temporary', unplugged)]).toEqual(['stop', 'stop'])
  })

  it('says failed after more than 5 restarts in 30 s, then tries once a minute until one has run for a minute', async () => {
    const { clock, restart } = strategy()
    const kinds: string[] = []
    for (let i = 0; i < 10; i++) {
      const decision = restart.next(unplugged, 0)
      kinds.push(decision.kind === 'stop' ? 'stop' : `${decision.kind} ${decision.inMs}`)
      if (decision.kind !== 'stop') await clock.advance(decision.inMs)
    }
    expect(kinds.slice(0, 5)).toEqual(['restart 250', 'restart 500', 'restart 1000', 'restart 2000', 'restart 4000'])
    expect(kinds.slice(5)).toEqual(Array.from({ length: 5 }, () => 'failed 60000'))
    expect(restart.next(unplugged, 60_000)).toEqual({ kind: 'restart', inMs: 250 })
  })

  it('waits for a device that is away for as long as it takes, without calling it failed', () => {
    const { restart } = strategy()
    const decisions = Array.from({ length: 20 }, () => restart.next(absent, 0))
    expect(decisions.every((d) => d.kind === 'restart')).toBe(true)
    expect(decisions.at(-1)).toEqual({ kind: 'restart', inMs: 30_000 })
  })

  it('begins the backoff anew after a minute of health', () => {
    const { restart } = strategy()
    restart.next(unplugged, 0)
    restart.next(unplugged, 59_999)
    expect(restart.next(unplugged, 59_999)).toEqual({ kind: 'restart', inMs: 1_000 })
    expect(restart.next(unplugged, 60_000)).toEqual({ kind: 'restart', inMs: 250 })
  })
})
