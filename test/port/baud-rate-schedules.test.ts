/** Random losses, resets and kills while the baud rate changes: when they stop, host and device are together within the bound. */

import { describe, expect, it } from 'vitest'
import { BAUD_RATE, SILENT_HEARTBEATS } from '../../src/port/limits.js'
import { seeded } from '../../src/testing/seeded.js'
import { BOARDS, createRig } from './baud-rate-rig.js'

const SCHEDULES = 150
const HEARTBEATS_MS = [200, 333, 1_000]
/** Of one call at a line that is well. */
const CALL_MS = 200

/** Silence until one side notices, what the host then says at the raised rate, and a pause between hellos. */
const boundMs = (heartbeatMs: number) =>
  Math.max(SILENT_HEARTBEATS * heartbeatMs, BAUD_RATE.trialMs) + BAUD_RATE.lowerMs + 1_000

describe.each(BOARDS)('random schedules of losses on a board %s', (_kind, create) => {
  it(`find host and device together at most so long after the last loss, ${SCHEDULES} of them`, async () => {
    let raised = 0
    let failed = 0
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const rates = await run(seed)
      if (rates.some((notice) => !notice.failed)) raised += 1
      if (rates.some((notice) => notice.failed)) failed += 1
    }
    // Schedules in which no rate is ever raised, or none fails, would prove nothing.
    expect(raised).toBeGreaterThan(SCHEDULES / 2)
    expect(failed).toBeGreaterThan(SCHEDULES / 4)
  })

  async function run(seed: number) {
    const random = seeded(seed)
    const heartbeatMs = HEARTBEATS_MS[seed % HEARTBEATS_MS.length]!
    const lossyMs = random() * 4_000
    const toDevice = random() ** 2
    const toHost = random() ** 2
    const rig = createRig(create, seed)
    let isLossy = random() < 0.7 // else from the first hello on
    rig.middle = (run, direction) =>
      isLossy && random() < (direction === 'to_device' ? toDevice : toHost) ? [] : [run]
    const said: string[] = []
    const open = () => rig.open({ heartbeatMs, restart: { firstMs: 100, maxMs: 100, intensity: 1_000 } })
    open()
    if (!isLossy) await rig.clock.until(rig.port.ready())
    isLossy = true
    for (let leftMs = lossyMs; leftMs > 0; ) {
      const stepMs = Math.min(leftMs, random() * 800)
      await rig.clock.advance(stepMs)
      leftMs -= stepMs
      const event = random()
      if (event < 0.1) {
        said.push(`reset at ${rig.clock.nowMs()}`)
        rig.chip.reset('external')
      } else if (event < 0.2) {
        said.push(`kill at ${rig.clock.nowMs()}`)
        rig.line.hangUp()
        void rig.port.close()
        open()
      }
    }
    isLossy = false
    const fromMs = rig.clock.nowMs()
    const what = () =>
      `seed ${seed}, heartbeat ${heartbeatMs}, losses ${toDevice.toFixed(2)} and ${toHost.toFixed(2)} until ${fromMs}: ${said.join(', ')}; ${JSON.stringify(rig.notices.slice(-8))}`
    await rig.clock.advance(boundMs(heartbeatMs))
    expect(rig.port.info().state, what()).toBe('running')
    const answer = rig.port.call('add', { id: seed, pad: new Uint8Array(15) }, { timeoutMs: CALL_MS })
    await expect(rig.clock.until(answer), what()).resolves.toMatchObject({ id: seed })
    void rig.port.close()
    await rig.clock.advance(1_000)
    return rig.notices.filter((notice) => notice.kind === 'baud_rate')
  }
})
