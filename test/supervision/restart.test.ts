import { describe, expect, it } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import type { Exit } from '../../src/exit.js'
import { createPort } from '../../src/open.js'
import { backoffMs, createRestartStrategy, type RestartOptions, recordRestart } from '../../src/supervision/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
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
  const strategy = (options: RestartOptions = {}) => {
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

  it('stays failed where it is not to be tried again', () => {
    const { restart } = strategy({ intensity: 0, retryFailedMs: Number.POSITIVE_INFINITY })
    const failed = { kind: 'failed', inMs: Number.POSITIVE_INFINITY }
    expect([restart.next(unplugged, 0), restart.next(unplugged, 0)]).toEqual([failed, failed])
  })

  it('a port that is not to be tried again is failed, however long it is waited, until it is restarted', async () => {
    const clock = createVirtualClock()
    let opens = 0
    const connect = async () => {
      opens += 1
      throw new PortwireError('PORT_FAILED', 'jammed')
    }
    const restart = { intensity: 0, retryFailedMs: Number.POSITIVE_INFINITY }
    const port = createPort(greenhouse, { link: { name: 'jammed', lossless: true, connect }, clock, restart })
    await clock.advance(10_000_000)
    expect({ opens, state: port.info().state }).toEqual({ opens: 1, state: 'failed' })
    void port.restart()
    await clock.advance(1)
    expect({ opens, state: port.info().state }).toEqual({ opens: 2, state: 'failed' })
    await clock.until(port.close())
  })

  it('without jitter pauses for as long as the backoff has come to, whatever is drawn', () => {
    const clock = createVirtualClock()
    const pauses = (jitter: 'full' | 'none', exit: Exit) => {
      const restart = createRestartStrategy({ jitter, firstMs: 100, maxMs: 300, intensity: 9 }, clock, () => 0.5)
      return [1, 2, 3, 4].map(() => restart.next(exit, 0)).map((decision) => 'inMs' in decision && decision.inMs)
    }
    expect(pauses('none', unplugged)).toEqual([100, 200, 300, 300])
    expect(pauses('none', absent)).toEqual([100, 200, 300, 300])
    expect(pauses('full', unplugged)).toEqual([50, 100, 150, 150])
  })

  it.each([
    [{ jitter: 'some' }, 'restart.jitter: some is not one of full, none'],
    [{ type: 'never' }, 'restart.type: never is not one of permanent, transient, temporary'],
    [{ type: null }, 'restart.type: null is not one of permanent, transient, temporary'],
    [{ firstMs: Number.NaN }, 'restart.firstMs: NaN is not a number from 0'],
    [{ maxMs: -1 }, 'restart.maxMs: -1 is not a number from 0'],
    [{ intensity: Number.NaN }, 'restart.intensity: NaN is not a number from 0'],
    [{ intensity: '5' }, 'restart.intensity: 5 is not a number from 0'],
    [{ periodMs: Number.POSITIVE_INFINITY }, 'restart.periodMs: Infinity is not a number from 0'],
    [{ retryFailedMs: null }, 'restart.retryFailedMs: null is not a number from 0'],
    [{ healthyMs: -0.5 }, 'restart.healthyMs: -0.5 is not a number from 0'],
    [{ firstMs: 500, maxMs: 499 }, 'restart.maxMs: 499 is less than firstMs, 500'],
    ['transient', 'restart: transient is not an object of options'],
  ])('refuses %o, naming the option', (options, message) => {
    const clock = createVirtualClock()
    expect(() => createRestartStrategy(options as never, clock, () => 1)).toThrow(`ARGUMENT_INVALID: ${message}`)
    const make = () => createPort(greenhouse, { spawn: '/nothing-starts', clock, restart: options as never })
    expect(make).toThrow(`ARGUMENT_INVALID: ${message}`)
  })

  it('takes 0, equal pauses, and the default for what is undefined; a longest pause alone cuts the first one', () => {
    const first = (options: RestartOptions) => strategy(options).restart.next(unplugged, 0)
    expect(first({ firstMs: 0, maxMs: 0 })).toEqual({ kind: 'restart', inMs: 0 })
    expect(first({ firstMs: 7, maxMs: 7 })).toEqual({ kind: 'restart', inMs: 7 })
    expect(first({ maxMs: 100 })).toEqual({ kind: 'restart', inMs: 100 })
    expect(first({ intensity: 0 })).toEqual({ kind: 'failed', inMs: 60_000 })
    const undefineds = { type: undefined, firstMs: undefined, intensity: undefined } as unknown as RestartOptions
    expect(first(undefineds)).toEqual({ kind: 'restart', inMs: 250 })
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
