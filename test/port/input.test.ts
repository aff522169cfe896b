import 'serialport'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ActionOptions, createPort, open, openRaw, type PortNotice } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { failure, peer } from './action-peer.js'
import { PEERS, runningOver } from './peers.js'

/** Shuts its input, then answers 7 once to whatever was asked, when it is told so from outside. */
const DEAF = `exec 0<&-; trap 'printf "\\000\\001\\007"' USR1; echo deaf >&2; while :; do sleep 0.02; done`

describe('a program that has shut its input', () => {
  async function start(action: ActionOptions = {}) {
    const heard: PortNotice[] = []
    const port = createPort(peer, { protocol: 'action', action, spawn: 'sh', args: ['-c', DEAF] })
    onTestFinished(async () => void (await port.close()))
    port.watch((notice) => heard.push(notice))
    await expect.poll(() => heard).toContainEqual({ kind: 'console', text: 'deaf' })
    const lost = () => expect.poll(() => heard.filter((notice) => notice.kind === 'input_lost'))
    return { port, lost, pid: port.info().stream!.pid! }
  }

  it('S7: is told by a notice that names the stream, and its output is still heard', async () => {
    const { port, lost, pid } = await start()
    const written = port.call('echo', 1 as never)
    await lost().toEqual([{ kind: 'input_lost', stream: 'stdin', detail: 'EPIPE' }])
    expect(port.info()).toMatchObject({ state: 'running', stream: { eof: ['stdin'] } })
    process.kill(pid, 'SIGUSR1')
    expect(await written).toBe(7)
  })

  it('S7: fails every later call and cast at once, saying that it was not sent', async () => {
    const { port, lost } = await start()
    const written = port.call('echo', 1 as never).catch((error) => error)
    await lost().toHaveLength(1)
    const error = await failure(port.call('echo', 2 as never, { timeoutMs: 60_000 }))
    expect(error).toMatchObject({
      code: 'PORT_EXITED',
      outcome: 'no',
      message: 'PORT_EXITED: echo: peer reads no more (EPIPE); it was never sent',
    })
    expect(() => port.cast('echo', 3 as never)).toThrow('it was never sent')
    await port.close()
    expect(await written).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
  })

  it('S7: fails what still waited to be sent, at once, and not what was sent', async () => {
    const { port, lost, pid } = await start({ window: 1 })
    const written = port.call('echo', 1 as never)
    const waiting = failure(port.call('echo', 2 as never, { timeoutMs: 60_000 }))
    await lost().toHaveLength(1)
    expect(await waiting).toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
    process.kill(pid, 'SIGUSR1')
    expect(await written).toBe(7)
  })

  it('S7: fails the writes of a raw port in the same way, those that wait too, while packets still come', async () => {
    const script = 'echo up; read go; exec 0<&-; echo deaf; read never <&2; echo on'
    const port = await openRaw({ spawn: 'sh', args: ['-c', script], stderr: 'ignore' }, { packet: { line: 80 } })
    onTestFinished(async () => void (await port.close()))
    const lines = port.packets()
    const line = async () => Buffer.from((await lines.next()).value!.bytes).toString()
    const lost = new Promise((resolve) => {
      port.watch((notice) => {
        if (notice.kind === 'input_lost') resolve(notice)
      })
    })
    expect(await line()).toBe('up')
    await port.write(Buffer.from(`\n${'b'.repeat(1_000_000)}`))
    const waiting = failure(port.write(new Uint8Array(10)))
    expect(await lost).toEqual({ kind: 'input_lost', stream: 'stdin', detail: 'EPIPE' })
    expect(await waiting).toMatchObject({ code: 'PORT_EXITED' })
    expect(await failure(port.write(new Uint8Array(1)))).toMatchObject({ code: 'PORT_EXITED' })
    expect(await line()).toBe('deaf')
    expect(await line()).toBe('on')
  })
})

describe('a program whose input was closed by closeInput', () => {
  it('S7, L13: takes no more calls, at once; those it has are answered', async () => {
    const { port } = await runningOver(await PEERS['a program']!(), { restart: { type: 'temporary' } })
    const before = port.call('echo', { data: Uint8Array.of(9) })
    port.closeInput()
    expect(await failure(port.call('identify'))).toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
    expect(await before).toEqual(Uint8Array.of(9))
    expect(await port.exited).toEqual({ kind: 'status', status: 0 })
  })
})

describe('a program that answers when its input has ended', () => {
  it('L13: gets the calls made before closeInput, those that wait too, and then the end', async () => {
    const script = 'cat >/dev/null; printf "\\000\\001\\007\\000\\001\\010"'
    const options = { protocol: 'action', spawn: 'sh', args: ['-c', script], restart: { type: 'temporary' } } as const
    const port = await open(peer, options)
    onTestFinished(async () => void (await port.close()))
    const calls = [port.call('echo', 1 as never), port.call('echo', 2 as never)]
    expect(port.info().unansweredCalls).toBe(0) // the session is open to calls a turn later
    port.closeInput()
    expect(await Promise.all(calls)).toEqual([7, 8])
    expect(await port.exited).toEqual({ kind: 'status', status: 0 })
  })
})

describe('a board that the line no longer reaches', () => {
  it('S7: after the last repeat the call says that it may have run, and the next one goes through', async () => {
    const clock = createVirtualClock()
    let isCut = false
    const board = createMockGreenhouse({
      clock,
      disturb: (bytes, direction) => (isCut && direction === 'to-device' ? new Uint8Array() : bytes),
    })
    const port = await clock.until(
      open(greenhouse, { serial: board.path, binding: board.binding, clock, heartbeatMs: 5_000 }),
    )
    isCut = true
    const before = port.info().counters.repeatsSent
    const error = await failure(clock.until(port.call('setLamp', { on: true }, { timeoutMs: 2_000 })))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    expect(error.message).toContain('no reply from greenhouse in 2000 ms; it may have run')
    expect(port.info().counters.repeatsSent - before).toBeGreaterThanOrEqual(4)
    isCut = false
    expect(await clock.until(error.finalOutcome)).toBe('no')
    expect(await clock.until(port.call('setLamp', { on: true }))).toBe(true)
    await clock.until(port.close())
  })
})
