// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort, type PortNotice, type RecoveryRung } from '../../src/index.js'
import { nextRung, rungsOf } from '../../src/port/host/ladder.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createDeframer, Feature } from '../../src/wire/index.js'

/** A running port over a board that can be struck deaf; what it hears and says is lost then until `cure` is seen: a message
 * with that action, a pulse on DTR, the opening of the port, or (undefined) until `hears` is called. */
async function deafBoard(cure: number | 'pulse' | 'open' | undefined, restart = {}) {
  const clock = createVirtualClock()
  let isDeaf = false
  let opens = 0
  let wasLow = false
  const deframer = createDeframer({ maxContentBytes: 512 })
  const board = createMockGreenhouse({
    clock,
    bootMs: 200,
    disturb(bytes, direction) {
      if (!isDeaf) return bytes
      if (direction === 'to-device') {
        for (const event of deframer.push(bytes)) {
          if (event.kind === 'content' && event.bytes[0] === cure) isDeaf = false
        }
      }
      return isDeaf ? new Uint8Array() : bytes
    },
  })
  const { list, open } = board.binding
  const binding: typeof board.binding = {
    list,
    async open(options) {
      const tty = await open(options)
      opens += 1
      if (cure === 'open') isDeaf = false
      const set: typeof tty.set = async (lines) => {
        if (wasLow && lines.dtr && cure === 'pulse') {
          isDeaf = false
          board.reset('external')
        }
        wasLow = lines.dtr === false
        await tty.set(lines)
      }
      return new Proxy(tty, {
        get(target, key) {
          if (key === 'set') return set
          const value = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  const port = createPort(greenhouse, { serial: board.path, binding, clock, random: () => 0.5, restart })
  await clock.until(port.ready())
  await clock.advance(1)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  return {
    clock,
    port,
    notices,
    epoch: () => port.info().device?.epoch,
    opens: () => opens,
    rungs: () => notices.flatMap((notice): RecoveryRung[] => (notice.kind === 'recovery' ? [notice.rung] : [])),
    strikeDeaf() {
      isDeaf = true
    },
    hears() {
      isDeaf = false
    },
  }
}

describe('a board that falls silent is recovered by the cheapest rung that helps', () => {
  it('retransmit: a line that is dead for 2 s costs no session and no call', async () => {
    const { clock, port, rungs, strikeDeaf, hears } = await deafBoard(undefined)
    strikeDeaf()
    await clock.advance(2_500)
    hears()
    await expect(clock.until(port.call('setVent', { open: 0.5 }))).resolves.toBe(0.5)
    await clock.advance(5_000)
    expect(rungs()).toEqual(['retransmit'])
    expect(port.info()).toMatchObject({ session: 1, state: 'running' })
    await clock.until(port.close())
  })

  it('hello: a new session with the same boot, on the same link', async () => {
    const { clock, port, notices, rungs, epoch, opens, strikeDeaf } = await deafBoard(Action.HELLO)
    const before = epoch()
    strikeDeaf()
    await clock.advance(5_500)
    expect(rungs()).toEqual(['retransmit', 'hello'])
    expect(notices).toContainEqual({ kind: 'state', state: 'handshake', exit: { kind: 'silent' } })
    expect(port.info()).toMatchObject({ session: 2, restarts: 1, state: 'running', lastExit: { kind: 'silent' } })
    expect(epoch()).toBe(before)
    expect(opens()).toBe(1)
    await clock.until(port.close())
  })

  it('reset: the board is told to restart by the epoch of its boot, on the same link', async () => {
    const { clock, port, rungs, epoch, opens, strikeDeaf } = await deafBoard(Action.RESET)
    const before = epoch()
    strikeDeaf()
    await clock.advance(7_000)
    expect(rungs()).toEqual(['retransmit', 'hello', 'reset'])
    expect(port.info()).toMatchObject({ state: 'running', device: { resetCause: 'software' } })
    expect(epoch()).not.toBe(before)
    expect(opens()).toBe(1)
    await clock.until(port.close())
  })

  it('pulse: DTR and RTS restart a board that hears nothing', async () => {
    const { clock, port, rungs, opens, strikeDeaf } = await deafBoard('pulse')
    strikeDeaf()
    await clock.advance(10_000)
    expect(rungs()).toEqual(['retransmit', 'hello', 'reset', 'pulse'])
    expect(port.info()).toMatchObject({ state: 'running', device: { resetCause: 'external' } })
    expect(opens()).toBe(1)
    await clock.until(port.close())
  })

  it('reopen: the port is opened anew after the pause of its restart options', async () => {
    const { clock, port, rungs, opens, notices, strikeDeaf } = await deafBoard('open')
    strikeDeaf()
    await clock.advance(13_000)
    expect(rungs()).toEqual(['retransmit', 'hello', 'reset', 'pulse', 'reopen'])
    expect(notices).toContainEqual({ kind: 'state', state: 'backoff', exit: { kind: 'silent' }, restartInMs: 125 })
    expect(port.info()).toMatchObject({ state: 'running', restarts: 1, lastExit: { kind: 'silent' } })
    expect(opens()).toBe(2)
    await clock.until(port.close())
  })

  it('failed: a board that nothing brings back is tried once a minute, and is served when it is back', async () => {
    const { clock, port, rungs, opens, strikeDeaf, hears } = await deafBoard(undefined, { intensity: 1 })
    strikeDeaf()
    await clock.advance(30_000)
    expect(port.info().state).toBe('failed')
    expect(rungs()).toEqual(['retransmit', 'hello', 'reset', 'pulse', 'reopen', 'failed'])
    const tries = opens()
    await clock.advance(59_000)
    expect(opens()).toBeLessThanOrEqual(tries + 1)
    hears()
    await clock.until(port.ready(), 120_000)
    expect(port.info().state).toBe('running')
    await expect(clock.until(port.call('setVent', { open: 0.25 }))).resolves.toBe(0.25)
    await clock.until(port.close())
  })
})

/** A board with native USB that hears nothing: opened at 1,200 baud, and DTR released, its device goes away for a while. */
async function touchableBoard(dtr: 'touch' | 'keep', awayMs: number) {
  const clock = createVirtualClock()
  let isDeaf = false
  const opened: { readonly baudRate: number; readonly atMs: number }[] = []
  const board = createMockGreenhouse({ clock, disturb: (bytes) => (isDeaf ? new Uint8Array() : bytes) })
  const { list, open } = board.binding
  const binding: typeof board.binding = {
    list,
    async open(options) {
      const tty = await open(options)
      opened.push({ baudRate: options.baudRate, atMs: clock.nowMs() })
      let isDtr = true
      const set: typeof tty.set = async (lines) => {
        isDtr = lines.dtr !== false
        await tty.set(lines)
      }
      const close: typeof tty.close = async () => {
        await tty.close()
        if (options.baudRate !== 1_200 || isDtr) return
        clock.after(100, () => board.unplug())
        clock.after(awayMs, () => {
          isDeaf = false
          board.plug()
        })
      }
      return new Proxy(tty, {
        get(target, key) {
          if (key === 'set') return set
          if (key === 'close') return close
          const value = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  const target = { serial: board.path, binding, onArrival: board.onArrival, dtr } as const
  const port = createPort(greenhouse, { ...target, clock, random: () => 0.5 })
  await clock.until(port.ready())
  await clock.advance(1)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  isDeaf = true
  return { clock, port, notices, opened, startedMs: clock.nowMs() }
}

describe('a board with native USB that falls silent', () => {
  it('touch: is restarted by opening it at 1,200 baud where the option dtr says so, and served when it is back', async () => {
    const { clock, port, notices, opened, startedMs } = await touchableBoard('touch', 8_000)
    while (!notices.some((notice) => notice.kind === 'recovery' && notice.rung === 'touch')) await clock.advance(100)
    await clock.until(port.ready(), 60_000)
    const rungs = notices.flatMap((notice) => (notice.kind === 'recovery' ? [notice.rung] : []))
    expect(rungs).toEqual(['retransmit', 'hello', 'reset', 'touch'])
    expect(opened.map(({ baudRate }) => baudRate)).toEqual([115_200, 1_200, 115_200])
    const [, touched, back] = opened
    expect(touched!.atMs - startedMs).toBeLessThan(10_000)
    expect(back!.atMs - touched!.atMs).toBeGreaterThanOrEqual(8_000)
    expect(back!.atMs - touched!.atMs).toBeLessThan(8_500)
    expect(port.info()).toMatchObject({ state: 'running', restarts: 1, lastExit: { kind: 'failed' } })
    await expect(clock.until(port.call('setVent', { open: 0.5 }))).resolves.toBe(0.5)
    await clock.until(port.close())
  })

  it('is never touched without the option', async () => {
    const { clock, port, notices, opened } = await touchableBoard('keep', 8_000)
    await clock.advance(30_000)
    expect(opened.some(({ baudRate }) => baudRate === 1_200)).toBe(false)
    expect(notices.some((notice) => notice.kind === 'recovery' && notice.rung === 'touch')).toBe(false)
    await clock.until(port.close())
  })
})

describe('the recovery of a silent board', () => {
  it('gives a call that was not written to the session that a rung brings up', async () => {
    const { clock, port, notices, strikeDeaf } = await deafBoard(Action.RESET)
    strikeDeaf()
    while (!notices.some((notice) => notice.kind === 'recovery' && notice.rung === 'hello')) await clock.advance(50)
    await expect(clock.until(port.call('setVent', { open: 0.75 }))).resolves.toBe(0.75)
    await clock.until(port.close())
  })

  it('begins again with the cheapest rung at the next silence', async () => {
    const { clock, port, rungs, strikeDeaf } = await deafBoard(Action.RESET)
    for (let times = 0; times < 2; times++) {
      strikeDeaf()
      await clock.advance(10_000)
    }
    expect(rungs()).toEqual(['retransmit', 'hello', 'reset', 'retransmit', 'hello', 'reset'])
    await clock.until(port.close())
  })

  it('is not tried for a port that is never started again', async () => {
    const { clock, port, rungs, strikeDeaf } = await deafBoard(Action.HELLO, { type: 'temporary' })
    strikeDeaf()
    await expect(clock.until(port.exited)).resolves.toEqual({ kind: 'silent' })
    expect(rungs()).toEqual(['retransmit'])
  })

  it.each([4_500, 6_000, 8_200, 11_000])(
    'is over at once when the port is closed, %i ms after the silence began',
    async (afterMs) => {
      const { clock, port, notices, opens, strikeDeaf } = await deafBoard(undefined)
      strikeDeaf()
      await clock.advance(afterMs)
      await clock.until(port.close())
      const seen = [notices.length, opens()]
      await clock.advance(60_000)
      expect([notices.length, opens()]).toEqual(seen)
    },
  )

  it('is ended by restart(), which opens the port anew at once', async () => {
    const { clock, port, opens, strikeDeaf } = await deafBoard('open')
    strikeDeaf()
    await clock.advance(6_000)
    expect(port.info().state).toBe('handshake')
    await clock.until(port.restart(), 500)
    expect(opens()).toBe(2)
    await clock.until(port.close())
  })

  it('leaves out a rung that the board does not have', () => {
    expect(nextRung('hello', (rung) => rung !== 'reset')).toBe('pulse')
    expect(nextRung('pulse', () => true)).toBeUndefined()
    const without = rungsOf({ info: () => ({ dtr: false, rts: true }) }, 0)
    expect(nextRung(undefined, without)).toBe('hello')
    expect(nextRung('hello', without)).toBeUndefined()
    const withAll = rungsOf({ info: () => ({ dtr: true, rts: true }) }, Feature.RESET_APPLICATION)
    expect([nextRung('hello', withAll), nextRung('reset', withAll)]).toEqual(['reset', 'pulse'])
  })
})
