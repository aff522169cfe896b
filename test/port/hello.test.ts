import { describe, expect, it } from 'vitest'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { Action, encodeDeviceHello, encodeFrame } from '../../src/wire/index.js'
import { runningPort, startPort } from './harness.js'
import { EPOCH, helloOf } from './scripted-device.js'

describe('hello', () => {
  it('is sent at once, every 250 ms, and after 2 s every second', async () => {
    const { clock, device, port } = startPort({ readyTimeoutMs: 6_000 })
    await clock.advance(5_001)
    const times = device.heard.filter((m) => m.action === Action.HELLO).map((m) => m.atMs)
    expect(times).toEqual([0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000, 3_000, 4_000, 5_000])
    expect(new Set(device.heard.map((m) => m.token))).toEqual(new Set([1]))
    await clock.until(port.close())
  })

  it('is confirmed by a TICK with token 2 before anything else goes out', async () => {
    const { clock, device, port } = startPort()
    const reply = port.call('readClimate')
    await clock.settle()
    device.take()
    device.sayHello()
    expect(device.take().map(({ action, token }) => [action, token])).toEqual([[Action.TICK, 2]])
    device.say(Action.REPLY, 2, [7, 0, EPOCH])
    await clock.advance(1)
    expect(device.take().map(({ action, token }) => [action, token])).toEqual([[3, 3]])
    device.say(Action.REPLY, 3, [20.5, 40])
    await expect(clock.until(reply)).resolves.toEqual({ celsius: 20.5, humidity: 40 })
  })

  it('believes no reply that names another session: it may be left over from an earlier one', async () => {
    const { clock, device, port } = startPort()
    await clock.settle()
    device.take()
    device.say(Action.REPLY, 1, encodeDeviceHello({ ...helloOf(greenhouse), session: 99 }))
    expect(device.take()).toEqual([])
    expect(port.info().state).toBe('handshake')
  })

  it('goes out again when the device announces a boot, once for a burst of announcements', async () => {
    const { clock, device } = startPort()
    await clock.settle()
    device.take()
    for (let i = 0; i < 3; i++) device.say(Action.HELLO, 0, encodeDeviceHello(helloOf(greenhouse)))
    expect(device.take().map((m) => m.action)).toEqual([Action.HELLO])
  })

  it('ends with HELLO_TIMEOUT that shows the first bytes, when something else talks there', async () => {
    const { clock, device, port, notices } = startPort({ restart: { type: 'temporary' } })
    await clock.settle()
    device.sayBytes(new TextEncoder().encode('ATE0\r\n'))
    const ready = expect(clock.until(port.ready(), 20_000)).rejects.toMatchObject({
      code: 'HELLO_TIMEOUT',
      message: 'HELLO_TIMEOUT: no hello in 10000 ms; the first bytes that came: 41 54 45 30 0d 0a "ATE0.."',
    })
    await ready
    expect(notices).toContainEqual({ kind: 'console', text: 'ATE0' })
  })

  it('ends with CONTRACT_MISMATCH when the device was built from another contract, naming both', async () => {
    const { clock, device, port } = startPort({ restart: { type: 'temporary' } })
    device.autoHello({ contractHash: 1, contractName: 'orchard', contractVersion: '7' })
    await expect(clock.until(port.ready())).rejects.toMatchObject({
      code: 'CONTRACT_MISMATCH',
      message: expect.stringContaining('the device was built from orchard 7 (00000001), the host has greenhouse 1'),
    })
  })

  it.each(['ignore', '', null, true])('the option contractMismatch = %j is refused, named', (contractMismatch) => {
    const start = () => startPort({ contractMismatch: contractMismatch as never })
    expect(start).toThrow(`ARGUMENT_INVALID: contractMismatch: ${contractMismatch} is not error, compatible or warn`)
  })

  it('only warns of another contract when that is asked for', async () => {
    const { notices, port } = await runningPort({ contractMismatch: 'warn' }, { contractHash: 1 })
    expect(port.info().state).toBe('running')
    expect(notices.some((n) => n.kind === 'refused' && n.problem.includes('00000001'))).toBe(true)
  })

  it('ends with a protocol error when the line echoes what the host writes', async () => {
    const { clock, device, port, notices } = startPort({ restart: { type: 'temporary' } })
    await clock.settle()
    const { action, token, value } = device.heard[0]!
    device.say(action, token, value)
    const exit = await clock.until(port.exited)
    expect(exit).toMatchObject({ kind: 'protocol', detail: expect.stringContaining('echo') })
    expect(notices.at(-1)).toMatchObject({ kind: 'state', state: 'closed' })
  })

  it('survives noise before it', async () => {
    const { clock, device, port } = startPort()
    await clock.settle()
    device.sayBytes(Uint8Array.of(0xff, 0x13, 0x81))
    device.sayBytes(encodeFrame(Uint8Array.of(Action.LOG, 0, 0xc0)).subarray(0, 4))
    device.autoHello()
    await clock.until(port.ready())
    expect(port.info().state).toBe('running')
  })
})

describe('a restart of the device', () => {
  it('is known by its announcement: what was written fails at once with the cause, the next hello begins', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('identify')
    await clock.settle()
    device.mute()
    device.take()
    device.say(Action.HELLO, 0, encodeDeviceHello({ ...helloOf(greenhouse), epoch: 9, resetCause: 4 }))
    await expect(call).rejects.toMatchObject({
      code: 'PORT_EXITED',
      outcome: 'unknown',
      exit: { kind: 'reset', cause: 'watchdog' },
      message: 'PORT_EXITED: identify: greenhouse restarted (reset cause: watchdog); it may have run',
    })
    expect(device.take().map((m) => m.action)).toEqual([Action.HELLO])
    expect(device.opens).toBe(1)
  })

  it('is known by a TICK that names another epoch', async () => {
    const { clock, device, port } = await runningPort()
    device.mute()
    await clock.advance(1_000)
    const tick = device.take().find((m) => m.action === Action.TICK)!
    device.say(Action.REPLY, tick.token, [3, 0, 77])
    await clock.settle()
    expect(port.info()).toMatchObject({ state: 'handshake', lastExit: { kind: 'reset' } })
  })

  it('keeps calls that were not written, and sends them to the next boot', async () => {
    const { clock, device, port } = await runningPort()
    const written = port.call('identify')
    const held = port.call('setLamp', { on: false })
    await clock.settle()
    expect(device.take().filter((m) => m.action < 0xf0)).toHaveLength(1)
    device.autoHello({ epoch: 9 })
    device.say(Action.HELLO, 0, encodeDeviceHello({ ...helloOf(greenhouse), epoch: 9 }))
    await expect(written).rejects.toMatchObject({ code: 'PORT_EXITED' })
    await clock.advance(10)
    const again = device.take().filter((m) => m.action === 2)
    expect(again.map((m) => m.value)).toEqual([[false]])
    device.say(Action.REPLY, again[0]!.token, false)
    await expect(held).resolves.toBe(false)
  })
})
