import { describe, expect, it } from 'vitest'
import { BUSY_TICK_HEARTBEATS } from '../../src/port/limits.js'
import { Action } from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import { EPOCH } from './scripted-device.js'

const HEARTBEAT_MS = 1_000
const IDENTIFY = 0

describe('a line that calls keep busy', () => {
  it('is asked by TICK all the same, one at a time: its round trip is measured and lost plain events are counted', async () => {
    const { clock, device, port, notices } = await runningPort({ heartbeatMs: HEARTBEAT_MS }, { window: 1 })
    device.mute()
    device.take()
    const startMs = clock.nowMs()
    const ticksAtMs: number[] = []
    let isBusy = true
    const busy = (async () => {
      while (isBusy) await port.call('identify')
    })()
    while (clock.nowMs() - startMs < 3 * BUSY_TICK_HEARTBEATS * HEARTBEAT_MS) {
      await clock.advance(2) // sooner than a repeat
      for (const { action, token, atMs } of device.take()) {
        if (action === Action.TICK) ticksAtMs.push(atMs - startMs)
        device.say(Action.REPLY, token, action === Action.TICK ? [9, ticksAtMs.length, EPOCH] : undefined)
      }
    }
    expect(ticksAtMs.length).toBeGreaterThanOrEqual(2)
    for (const [i, atMs] of ticksAtMs.entries()) {
      const waitedMs = atMs - (ticksAtMs[i - 1] ?? 0)
      expect(waitedMs).toBeGreaterThanOrEqual((BUSY_TICK_HEARTBEATS - 1) * HEARTBEAT_MS)
      expect(waitedMs).toBeLessThanOrEqual((BUSY_TICK_HEARTBEATS + 1) * HEARTBEAT_MS)
    }
    expect(port.info().counters.plainEventsLost).toBe(ticksAtMs.length)
    expect(notices.filter((n) => n.kind === 'events_lost')).toHaveLength(ticksAtMs.length)
    expect(port.info().lastTickAgoMs).toBeLessThan((BUSY_TICK_HEARTBEATS + 1) * HEARTBEAT_MS)
    isBusy = false
    await clock.advance(1)
    for (const { token } of device.take()) device.say(Action.REPLY, token)
    await busy
  })

  it('is not asked while one long call holds the window, and only once when it is over', async () => {
    const { clock, device, port } = await runningPort({ heartbeatMs: HEARTBEAT_MS }, { window: 1 })
    device.mute()
    device.take()
    const call = port.call('identify', undefined, { timeoutMs: 60_000 })
    await clock.advance(8 * BUSY_TICK_HEARTBEATS * HEARTBEAT_MS)
    const heard = device.take()
    expect(heard.every(({ action }) => action === IDENTIFY)).toBe(true)
    device.say(Action.REPLY, heard[0]!.token)
    await clock.until(call)
    expect(device.take().map(({ action }) => action)).toEqual([Action.TICK])
  })
})
