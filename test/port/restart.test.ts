// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { runningPort, startPort } from './harness.js'
import { PEERS, runningOver } from './peers.js'

describe('restart() of a board port', () => {
  it('ends the session with the exit `shutdown` and opens a fresh link at once', async () => {
    const { clock, device, notices, port } = await runningPort()
    const written = port.call('identify').catch((error) => error)
    await clock.settle()
    notices.length = 0
    const fromMs = clock.nowMs()
    const again = port.restart()
    expect(notices).toEqual([{ kind: 'state', state: 'backoff', exit: { kind: 'shutdown' }, restartInMs: 0 }])
    await clock.until(again)
    expect(clock.nowMs() - fromMs).toBeLessThan(100)
    expect(await written).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: { kind: 'shutdown' } })
    expect([device.opens, device.closes]).toEqual([2, 1])
    expect(port.info()).toMatchObject({ state: 'running', session: 2, lastExit: { kind: 'shutdown' } })
  })

  it('does not count as a crash, and takes no notice of the restart type', async () => {
    for (const type of ['permanent', 'transient', 'temporary'] as const) {
      const { clock, port } = await runningPort({ restart: { type, intensity: 0 } })
      for (let times = 0; times < 10; times++) await clock.until(port.restart())
      expect(port.info()).toMatchObject({ state: 'running', session: 11 })
      await clock.until(port.close())
    }
  })

  it('ends the pause of a port that waits', async () => {
    const { clock, device, port } = await runningPort({ restart: { firstMs: 30_000 } })
    device.end({ kind: 'unplugged', detail: 'gone' })
    expect(port.info().state).toBe('backoff')
    await clock.until(port.restart(), 100)
    expect(port.info().session).toBe(2)
  })

  it.each(['opening', 'handshake'] as const)('in state %s begins anew and leaves no link behind', async (state) => {
    const { clock, device, port } = startPort()
    if (state !== 'opening') await clock.settle()
    expect(port.info().state).toBe(state)
    const again = port.restart()
    device.autoHello()
    await clock.until(again)
    expect(device.opens).toBe(2)
    expect(device.closes).toBe(1)
    await clock.until(port.close())
    expect(device.closes).toBe(2)
  })

  it('gives a call that was not written to the new session', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock, bootMs: 1_500, resetOnOpen: true })
    const port = createPort(greenhouse, { serial: board.path, binding: board.binding, clock })
    await clock.advance(100)
    const held = port.call('setVent', { open: 0.5 })
    void port.restart()
    await expect(clock.until(held)).resolves.toBe(0.5)
    await clock.until(port.close())
  })

  it('rejects on a port that is closed before it runs', async () => {
    const { port } = startPort()
    void port.close()
    await expect(port.restart()).rejects.toMatchObject({ code: 'PORT_EXITED' })
  })
})

describe.each(Object.keys(PEERS))('restart() with %s at the other end', (kind) => {
  it('ends the life of the peer that it had, and calls go on with the next', async () => {
    const peer = await PEERS[kind]!()
    const { port, pid } = await runningOver(peer)
    await port.restart()
    await expect(port.call('setVent', { open: 0.25 })).resolves.toBe(0.25)
    expect(port.info()).toMatchObject({ session: 2, lastExit: { kind: 'shutdown' } })
    if (kind === 'a program') expect(port.info().stream?.pid).not.toBe(pid)
  })
})
