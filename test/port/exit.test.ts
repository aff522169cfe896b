import 'serialport'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { createPort, type Exit, open, openRaw } from '../../src/index.js'
import type { LineLevels, SerialBinding } from '../../src/link/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { runningPort } from './harness.js'
import { isAlive, PEERS, runningOver } from './peers.js'
import { createScriptedDevice } from './scripted-device.js'

const TEMPORARY = { restart: { type: 'temporary' } } as const

describe('close of a program', () => {
  it('L4: resolves when the program is gone, also one that neither its input nor SIGTERM can end', async () => {
    const script = 'trap "" TERM; echo up; exec 0<&-; while :; do sleep 1; done'
    const port = await openRaw({ spawn: 'sh', args: ['-c', script] }, { packet: { line: 80 } })
    await port.packets().next()
    const { pid } = port.info().stream!
    expect(isAlive(pid!)).toBe(true)
    expect(await port.close()).toEqual({ kind: 'closed' })
    expect(isAlive(pid!)).toBe(false)
  })

  it('leaves no timer behind that would keep this process alive', async () => {
    const clock = createVirtualClock()
    let timers = 0
    const counting = {
      nowMs: clock.nowMs,
      after(delayMs: number, run: () => void) {
        timers += 1
        let isOver = false
        const over = () => {
          if (!isOver) timers -= 1
          isOver = true
        }
        const cancel = clock.after(delayMs, () => {
          over()
          run()
        })
        return () => {
          over()
          cancel()
        }
      },
    }
    const device = createScriptedDevice({ contract: greenhouse, clock: counting, lossless: true })
    device.autoHello()
    const port = await clock.until(open(greenhouse, { link: device.connector, clock: counting }))
    await clock.advance(1)
    await clock.until(port.close())
    expect(timers).toBe(0)
  })
})

describe('close of a board', () => {
  /** The binding of a mock board whose drain takes until it is told. */
  function slowDrain(binding: SerialBinding) {
    const drained = deferred<void>()
    const log: string[] = []
    const slow: SerialBinding = {
      ...binding,
      async open(options) {
        const inner = await binding.open(options)
        const { close } = inner
        return Object.assign(inner, {
          async drain() {
            await drained.promise
            log.push('drained')
          },
          async close() {
            await close()
            log.push('released')
          },
        })
      },
    }
    return { binding: slow, drained, log }
  }

  it('L4: resolves when the tty has drained and is released', async () => {
    const clock = createVirtualClock()
    const board = createMockGreenhouse({ clock })
    const { binding, drained, log } = slowDrain(board.binding)
    const port = await clock.until(open(greenhouse, { serial: board.path, binding, clock }))
    const closing = port.close().then(() => log.push('closed'))
    await clock.advance(100)
    expect(log).toEqual([])
    drained.resolve()
    await clock.until(closing)
    expect(log).toEqual(['drained', 'released', 'closed'])
    const next = await clock.until(open(greenhouse, { serial: board.path, binding: board.binding, clock }))
    await clock.until(next.close())
  })
})

describe.each(Object.entries(PEERS))('the end of %s', (name, makePeer) => {
  const isProgram = name === 'a program'

  it('L5: close is idempotent: at the same time, afterwards, and after an exit', async () => {
    const { port } = await runningOver(await makePeer())
    const exits = await Promise.all([port.close(), port.close()])
    exits.push(await port.close())
    expect(exits).toEqual([{ kind: 'closed' }, { kind: 'closed' }, { kind: 'closed' }])

    const { port: exited } = await runningOver(await makePeer(), TEMPORARY)
    const exit = await exited.kill()
    expect(await exited.exited).toEqual(exit)
    expect(await exited.close()).toEqual(exit)
    expect(await exited.close()).toEqual(exit)
  })

  it('L10: three who wait for the exit, and one who comes later, hear the same; kill does not wait for them', async () => {
    const { port } = await runningOver(await makePeer(), TEMPORARY)
    const waiters = [port.exited, port.exited, port.exited]
    const killed = await port.kill()
    const expected: Exit = isProgram ? { kind: 'signal', signal: 'SIGTERM' } : { kind: 'reset', cause: 'software' }
    expect(killed).toEqual(expected)
    expect(await Promise.all(waiters)).toEqual([expected, expected, expected])
    expect(await port.exited).toEqual(expected)
    expect(port.info()).toMatchObject({ state: 'closed', lastExit: expected })
  })

  it('L12: kill ends this life with its reason, and the next one says hello and answers', async () => {
    const { port, pid } = await runningOver(await makePeer(), { restart: { firstMs: 1 } })
    const before = port.info()
    const exit = await port.kill()
    expect(exit.kind).toBe(isProgram ? 'signal' : 'reset')
    await port.ready()
    expect(port.info()).toMatchObject({ state: 'running', session: before.session + 1, restarts: 1 })
    expect(port.info().device!.epoch).not.toBe(before.device!.epoch)
    expect(await port.call('setLamp', { on: true })).toBe(true)
    if (isProgram) expect(isAlive(pid)).toBe(false)
  })
})

it('L12: kill of a program that ignores SIGTERM ends it with SIGKILL', async () => {
  const script = 'trap "" TERM; echo up; while :; do sleep 1; done'
  const port = await openRaw(
    { spawn: 'sh', args: ['-c', script] },
    { packet: { line: 80 }, restart: { type: 'temporary' } },
  )
  await port.packets().next()
  expect(await port.kill()).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  expect(await port.exited).toEqual({ kind: 'signal', signal: 'SIGKILL' })
})

describe('kill of a board that was built without RESET', () => {
  it('L12: is a pulse on DTR and RTS, and then the handshake', async () => {
    const clock = createVirtualClock()
    const device = createScriptedDevice({ contract: greenhouse, clock })
    const levels: LineLevels[] = []
    const connector = {
      ...device.connector,
      connect: async (handlers: Parameters<typeof device.connector.connect>[0]) => ({
        ...(await device.connector.connect(handlers)),
        async control(changed: LineLevels) {
          levels.push(changed)
        },
      }),
    }
    device.autoHello({ features: 0 })
    const port = createPort(greenhouse, { link: connector, clock })
    await clock.until(port.ready())
    device.autoHello({ features: 0, epoch: 77 })
    expect(await clock.until(port.kill())).toEqual({ kind: 'reset', cause: 'unknown' })
    expect(levels).toEqual([
      { dtr: false, rts: false },
      { dtr: true, rts: true },
    ])
    await clock.until(port.ready())
    expect(port.info()).toMatchObject({ session: 2, device: { epoch: 77 } })
    await clock.until(port.close())
  })

  it('is refused while nothing runs', async () => {
    const { clock, port } = await runningPort()
    await clock.until(port.close())
    await expect(port.kill()).rejects.toMatchObject({ code: 'PORT_EXITED' })
  })
})
