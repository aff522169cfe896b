import { describe, expect, it } from 'vitest'
import { createEventSender } from '../../src/port/device/events.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createValueCodec } from '../../src/wire/index.js'

const ALARM = 10
const HEARTBEAT_MS = 1_000

function sender() {
  const clock = createVirtualClock()
  const codec = createValueCodec()
  const sent: { readonly token: number; readonly atMs: number }[] = []
  const events = createEventSender({
    clock,
    random: seeded(1),
    window: 4,
    maxKeptEvents: 8,
    lossless: false,
    send: (_action, token) => void sent.push({ token, atMs: clock.nowMs() }),
    encodeCount: (count) => codec.encode(count),
  })
  events.reset(HEARTBEAT_MS)
  events.open()
  const emit = () => events.emit(ALARM, undefined)
  return { clock, events, emit, sent, tokens: () => sent.splice(0).map(({ token }) => token) }
}

describe('the reliable events of a device', () => {
  it('are repeated by the timer one at a time; those behind the oldest follow when it is acknowledged', async () => {
    const { clock, events, emit, tokens } = sender()
    for (let times = 0; times < 3; times++) emit()
    expect(tokens()).toEqual([1, 2, 3])
    await clock.advance(51)
    expect(tokens()).toEqual([1])
    emit()
    expect(tokens()).toEqual([4]) // a first transmission does not wait
    await clock.advance(101)
    expect(tokens()).toEqual([1])
    events.acknowledged(1, undefined)
    expect(tokens()).toEqual([2, 3, 4])
    await clock.advance(49)
    expect(tokens()).toEqual([])
    events.stop()
  })

  it('are repeated at uneven times once the pause is a quarter of the heartbeat, by up to a quarter of what is above 50 ms', async () => {
    const { clock, events, emit, sent } = sender()
    emit()
    await clock.advance(5_000)
    const pauses = sent.slice(1).map(({ atMs }, index) => Math.round(atMs - sent[index]!.atMs))
    expect(pauses.slice(0, 3)).toEqual([50, 100, 200])
    const later = pauses.slice(3)
    expect(later.length).toBeGreaterThan(15)
    for (const pauseMs of later) expect(pauseMs >= 200 && pauseMs <= 250).toBe(true)
    expect(new Set(later).size).toBeGreaterThan(8)
    events.stop()
  })
})
