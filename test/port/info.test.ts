import 'serialport'
import { describe, expect, it } from 'vitest'
import { all, openRaw } from '../../src/index.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import { isAlive, PEERS, portOver, runningOver } from './peers.js'

describe('info of a program', () => {
  it('L14: tells its pid, the bytes of each stream, what is queued, and the streams that have ended', async () => {
    const port = await openRaw(
      { spawn: 'sh', args: ['-c', 'echo $$; read x; printf 12345 >&2; exit 3'] },
      { packet: { line: 80 }, restart: { type: 'temporary' } },
    )
    const { value: line } = await port.packets().next()
    const pid = Number(Buffer.from(line!.bytes).toString())
    expect(port.info()).toMatchObject({
      state: 'running',
      session: 1,
      hasOwner: false,
      watchers: 0,
      stream: { pid, bytesReceived: `${pid}\n`.length, stderrBytes: 0, bytesQueued: 0, eof: [], isPaused: false },
    })
    await port.write(new TextEncoder().encode('go\n'))
    await port.exited
    const { stream, lastExit } = port.info()
    expect(lastExit).toEqual({ kind: 'status', status: 3 })
    expect(stream).toMatchObject({ pid, stderrBytes: 5, bytesWritten: 3, bytesRefused: 0 })
    expect([...stream!.eof!].sort()).toEqual(['stderr', 'stdout'])
  })

  it('L14: of the protocol tells the session, the restarts and the exit before, with the pid of today', async () => {
    const { port, pid } = await runningOver(await PEERS['a program']!(), { restart: { firstMs: 1 } })
    expect(port.info()).toMatchObject({ session: 1, restarts: 0, stream: { pid } })
    await port.kill()
    await port.ready()
    const info = port.info()
    expect(info).toMatchObject({ session: 2, restarts: 1, lastExit: { kind: 'signal', signal: 'SIGTERM' } })
    expect(info.stream!.pid).not.toBe(pid)
    expect(isAlive(info.stream!.pid!)).toBe(true)
  })
})

describe('info of a board', () => {
  it('L14: tells path and speed, frames, CRC errors, resends, session, restarts, and what waits', async () => {
    const clock = createVirtualClock()
    let damage = 0
    const board = createMockGreenhouse({
      clock,
      disturb(bytes, direction) {
        if (direction === 'to-device' || damage === 0) return bytes
        damage -= 1
        return bytes.map((byte, at) => (at === 4 ? byte ^ 0x40 : byte))
      },
    })
    const { path, binding, onArrival } = board
    const { port } = portOver(
      { target: { serial: path, binding, onArrival }, pid: () => 0 },
      { clock, baudRate: 57_600 },
    )
    await clock.until(port.ready())
    const before = port.info().counters
    damage = 1
    await clock.until(port.call('setLamp', { on: true }))
    const info = port.info()
    expect(info).toMatchObject({
      state: 'running',
      link: path,
      session: 1,
      restarts: 0,
      waitingCalls: 0,
      stream: { path, baudRate: 57_600, dtr: true, rts: true, bytesQueued: 0 },
    })
    const { framesDropped, repeatsSent, messagesReceived } = info.counters
    expect(framesDropped).toEqual({ cobs: 0, length: 0, crc: 1, oversize: 0, short: 0 })
    expect(repeatsSent).toBe(before.repeatsSent + 1)
    expect(messagesReceived).toBeGreaterThan(before.messagesReceived)
    expect(info.stream!.bytesReceived).toBe(info.counters.bytesReceived)
    expect(info.stream!.bytesWritten).toBe(info.counters.bytesSent)
    board.unplug()
    await clock.advance(10)
    board.plug()
    await clock.until(port.ready())
    expect(port.info()).toMatchObject({ session: 2, restarts: 1, lastExit: { kind: 'unplugged' } })
    await clock.until(port.close())
  })

  it('L14: tells how long ago anything was heard, and a TICK answered', async () => {
    const { clock, device, port } = await runningPort({ heartbeatMs: 10_000 })
    const ticked = clock.nowMs() - port.info().lastTickAgoMs!
    await clock.advance(300)
    device.say(Action.LOG, 0, [6, 'still here'])
    await clock.advance(40)
    expect(port.info().lastHeardAgoMs).toBe(40)
    expect(port.info().lastTickAgoMs).toBe(clock.nowMs() - ticked)
    expect(port.info().lastTickAgoMs).toBeGreaterThanOrEqual(340)
    await clock.until(port.close())
  })
})

describe.each(Object.entries(PEERS))('all the ports of a process, %s among them', (name, makePeer) => {
  it('L15: are listed with pid or path and state, until they are closed', async () => {
    expect(all()).toEqual([])
    const { port } = await runningOver(await makePeer())
    const raw = await openRaw({ spawn: 'cat' }, { packet: 2, name: 'second' })
    const { pid, path } = port.info().stream!
    const found = name === 'a program' ? { pid } : { path }
    expect(Object.values(found)).not.toContain(undefined)
    expect(all()).toEqual([
      { name: 'greenhouse', link: port.info().link, state: 'running', ...found },
      { name: 'second', link: 'cat', state: 'running', pid: raw.info().stream!.pid },
    ])
    await port.close()
    expect(all().map((open) => open.name)).toEqual(['second'])
    await raw.close()
    expect(all()).toEqual([])
  })
})
