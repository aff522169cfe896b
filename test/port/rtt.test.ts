import { describe, expect, it } from 'vitest'
import { createRoundTripEstimator } from '../../src/port/host/rtt.js'

describe('the repeat timer', () => {
  it('is 250 ms before the first sample, then smoothed time and four variances (RFC 6298)', () => {
    const rtt = createRoundTripEstimator(1_000)
    expect(rtt.timeoutMs).toBe(250)
    rtt.sample(20)
    expect(rtt.smoothedMs).toBe(20)
    expect(rtt.timeoutMs).toBe(20 + 4 * 10)
    rtt.sample(28)
    expect(rtt.smoothedMs).toBe(21)
    expect(rtt.timeoutMs).toBe(21 + 4 * 9.5)
  })

  it('lies between 10 ms and one heartbeat', () => {
    const rtt = createRoundTripEstimator(1_000)
    rtt.sample(0.1)
    expect(rtt.timeoutMs).toBe(10)
    for (let i = 0; i < 50; i++) rtt.sample(5_000)
    expect(rtt.timeoutMs).toBe(1_000)
  })

  it('forgets an estimate that an answer has shown to be far too long', () => {
    const rtt = createRoundTripEstimator(1_000)
    rtt.sample(268) // the first TICK had to be repeated
    rtt.atMost(5)
    expect(rtt.smoothedMs).toBe(5)
    expect(rtt.timeoutMs).toBe(15)
  })

  it('takes a quick answer for a first sample where no TICK has given one', () => {
    const rtt = createRoundTripEstimator(1_000)
    rtt.atMost(200)
    expect(rtt.timeoutMs).toBe(250)
    rtt.atMost(5)
    expect(rtt.timeoutMs).toBe(15)
  })

  it('takes the first TICK for what it is after a quick answer was all there was', () => {
    const rtt = createRoundTripEstimator(1_000)
    rtt.atMost(20)
    expect(rtt.timeoutMs).toBe(60)
    rtt.sample(4)
    expect(rtt.smoothedMs).toBe(4)
    expect(rtt.timeoutMs).toBe(12)
  })

  it('learns nothing from an answer that took longer', () => {
    const rtt = createRoundTripEstimator(1_000)
    rtt.sample(20)
    rtt.atMost(11)
    rtt.atMost(4_000)
    expect(rtt.smoothedMs).toBe(20)
  })
})
