import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { Action } from '../../src/wire/index.js'
import { failure, forget } from './action-peer.js'
import { runningPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'

describe.each(Object.entries(PEERS))('close of %s with work under way', (_name, makePeer) => {
  it('C13: waits for calls and jobs, takes no new ones, and closes when the last has ended', async () => {
    const { port } = await runningOver(await makePeer())
    const items: number[] = []
    const first = deferred<void>()
    const job = port.stream('calibrate', { probe: 0 })
    const reading = (async () => {
      for await (const { step } of job) {
        items.push(step)
        first.resolve()
      }
    })()
    await first.promise
    const call = port.call('echo', { data: Uint8Array.of(5) })
    const closing = port.close({ waitMs: 60_000 })
    expect(await failure(port.call('identify'))).toMatchObject({
      code: 'PORT_EXITED',
      outcome: 'no',
      message: 'PORT_EXITED: identify: greenhouse closed; it was never sent',
    })
    expect(port.info().state).toBe('running')
    expect(await call).toEqual(Uint8Array.of(5))
    expect(await job.result).toBeTypeOf('number')
    await reading
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await closing).toEqual({ kind: 'closed' })
  })

  it('C13: fails what has not ended when its time is over; without a time at once', async () => {
    for (const options of [{ waitMs: 50 }, undefined]) {
      const { port } = await runningOver(await makePeer())
      const accepted = deferred<void>()
      const job = port.stream('calibrate', { probe: 0 })
      void (async () => {
        for await (const _ of job) accepted.resolve()
      })().catch(() => {})
      await accepted.promise
      const ended = failure(job.result)
      expect(await port.close(options)).toEqual({ kind: 'closed' })
      expect(await ended).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: { kind: 'closed' } })
    }
  })
})

describe('close of a board, in virtual time', () => {
  it('C13: by a second close, without a wait, ends the wait of the first', async () => {
    const { clock, port } = await runningPort()
    const call = failure(port.call('identify'))
    const first = port.close({ waitMs: 4_000 })
    await clock.advance(1_000)
    expect(port.info().state).toBe('running')
    const atMs = clock.nowMs()
    const second = port.close()
    expect(await clock.until(Promise.all([first, second]))).toEqual([{ kind: 'closed' }, { kind: 'closed' }])
    expect(clock.nowMs() - atMs).toBeLessThan(10)
    expect(await call).toMatchObject({ code: 'PORT_EXITED' })
  })

  it('C13: waits so long and no longer, and not at all when nothing is under way', async () => {
    const { clock, device, port } = await runningPort()
    forget(port.call('identify', {}, { timeoutMs: 60_000 }))
    const fromMs = clock.nowMs()
    const heartbeat = setIntervalOf(clock, () => {
      for (const heard of device.take())
        if (heard.action === Action.TICK) device.say(Action.REPLY, heard.token, [1, 0, 0])
    })
    await clock.until(port.close({ waitMs: 2_000 }))
    heartbeat()
    expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual(2_000)
    expect(clock.nowMs() - fromMs).toBeLessThan(2_100)

    const idle = await runningPort()
    const idleFromMs = idle.clock.nowMs()
    await idle.clock.until(idle.port.close({ waitMs: 30_000 }))
    expect(idle.clock.nowMs() - idleFromMs).toBeLessThan(10)
  })

  it('refuses a wait that is no time, and lives on', async () => {
    const { clock, port } = await runningPort()
    for (const waitMs of [Number.NaN, -1]) {
      expect(await failure(port.close({ waitMs }))).toMatchObject({ code: 'ARGUMENT_INVALID' })
    }
    expect(port.info().state).toBe('running')
    forget(port.call('identify'))
    expect(port.info().waitingCalls).toBe(1)
    await clock.until(port.close())
  })
})

/** Runs again and again until it is told to stop. */
function setIntervalOf(clock: { after(ms: number, run: () => void): () => void }, run: () => void): () => void {
  let cancel = () => {}
  const again = () => {
    run()
    cancel = clock.after(100, again)
  }
  again()
  return () => cancel()
}
