/** A baud rate that is raised once host and device know each other, and given up when the line does not bear it. */

import { describe, expect, it } from 'vitest'
import { ApplicationError } from '../../src/index.js'
import { createMockChip } from '../../src/testing/mock-chip.js'
import { Action } from '../../src/wire/index.js'
import { checker } from '../reliability/checker.contract.js'
import { asksForRate, BOARDS, createRig, FAST, MIDDLING, messageOf, OPENING, type Rig } from './baud-rate-rig.js'

/** Three heartbeats of 1,000 ms and one pause between hellos: docs/protocol.md, section 7. */
const BOUND_MS = 4_000

const pad = new Uint8Array(15)
const rateNotices = (rig: Rig) => rig.notices.filter((notice) => notice.kind === 'baud_rate')
const call = (rig: Rig, id = 7) => rig.clock.until(rig.port.call('add', { id, pad }))

describe.each(BOARDS)('the baud rate of a board %s', (_kind, create) => {
  const running = async (options = {}): Promise<Rig> => {
    const rig = createRig(create)
    rig.open(options)
    await rig.clock.until(rig.port.ready())
    return rig
  }

  it('is raised after the first hello, before onStart, and calls work at the new one', async () => {
    const rig = createRig(create)
    let inStart: number | undefined
    rig.open({
      onStart() {
        inStart = rig.port.info().baudRate
      },
    })
    const waiting = rig.port.call('add', { id: 1, pad })
    await rig.clock.until(rig.port.ready())
    expect(inStart).toBe(FAST)
    expect(await rig.clock.until(waiting)).toMatchObject({ id: 1 })
    expect(await call(rig)).toMatchObject({ id: 7 })
    expect(rig.port.info()).toMatchObject({ baudRate: FAST, session: 1, stream: { baudRate: FAST } })
    expect(rig.port.info().device?.baudRates).toEqual([FAST, MIDDLING])
    expect(rateNotices(rig)).toEqual([{ kind: 'baud_rate', baudRate: FAST }])
    await rig.clock.advance(20_000)
    expect(rig.port.info()).toMatchObject({ baudRate: FAST, session: 1, state: 'running' })
  })

  it('is the first that the device knows, in the order of the option', async () => {
    expect((await running({ upgradeBaudRate: [921_600, MIDDLING, FAST] })).port.info().baudRate).toBe(MIDDLING)
    expect((await running({ upgradeBaudRate: [921_600] })).port.info().baudRate).toBe(OPENING)
    expect((await running({ upgradeBaudRate: undefined })).port.info().baudRate).toBe(OPENING)
  })

  it('stays when the answer to the hello that asks for it is lost: both meet again at the rate of opening', async () => {
    const rig = createRig(create)
    let isLost = false
    let asked = false
    rig.middle = (run, direction) => {
      if (direction === 'to_device') asked ||= asksForRate(run)
      if (direction === 'to_device' || !asked || isLost) return [run]
      isLost = true
      return []
    }
    rig.open()
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(rig.port.ready())
    expect(isLost).toBe(true)
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(2_000)
    expect(await call(rig)).toMatchObject({ id: 7 })
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
    expect(rateNotices(rig)).toEqual([
      { kind: 'baud_rate', baudRate: FAST, failed: 'unanswered', notAgainForMs: 60_000 },
    ])
  })

  it.each(['to_device', 'to_host'] as const)(
    'goes back to that of opening when TICK does not get through %s at the new one',
    async (lost) => {
      const rig = createRig(create)
      const isLost = (run: Uint8Array) => {
        const message = messageOf(run)
        return message?.action === Action.TICK || (message?.action === Action.REPLY && message.token === 2)
      }
      rig.middle = (run, direction) =>
        direction === lost && rig.port.info().baudRate !== OPENING && isLost(run) ? [] : [run]
      rig.open()
      const fromMs = rig.clock.nowMs()
      await rig.clock.until(rig.port.ready())
      expect(rig.clock.nowMs() - fromMs).toBeLessThan(1_000)
      expect(await call(rig)).toMatchObject({ id: 7 })
      expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
      expect(rateNotices(rig)).toMatchObject([{ failed: 'unconfirmed' }])
    },
  )

  it('is given up when nothing at all gets through at the new one', async () => {
    const rig = createRig(create)
    rig.middle = (run) => (rig.port.info().baudRate === OPENING ? [run] : [])
    rig.open()
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(BOUND_MS)
    expect(await call(rig)).toMatchObject({ id: 7 })
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
  })

  it('stays when the tty refuses the new one, although the board has changed already', async () => {
    const rig = createRig(create)
    rig.refusesRates = true
    rig.open()
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(2_000)
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
    expect(rateNotices(rig)).toMatchObject([{ failed: 'refused' }])
    expect(await call(rig)).toMatchObject({ id: 7 })
  })

  it('falls back in a session of too many errors, which stays usable, and is tried again only after a growing time', async () => {
    const rig = await running()
    let runs = 0
    // Every third frame, either way, has a byte damaged.
    rig.middle = (run) => {
      if (rig.port.info().baudRate === OPENING) return [run]
      runs += 1
      if (runs % 3 !== 0) return [run]
      const damaged = run.slice()
      damaged[5]! ^= 0x10
      return [damaged]
    }
    let ended = 0
    const isOpening = () => rig.port.info().baudRate === OPENING
    for (let id = 1; id <= 200 && !isOpening(); id++) {
      // A change of session leaves one call unknown at most, never silently lost.
      await call(rig, id).then(
        (reply) => expect(reply.id).toBe(id),
        (error) => {
          expect(error).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: { kind: 'noise' } })
          ended += 1
        },
      )
    }
    expect(isOpening()).toBe(true)
    expect(ended).toBeLessThanOrEqual(1)
    await rig.clock.until(rig.port.ready())
    for (let id = 1; id <= 20; id++) expect(await call(rig, id)).toMatchObject({ id })
    expect(rig.port.info()).toMatchObject({
      session: 2,
      exits: { noise: 1 },
      lastExit: { kind: 'noise', baudRate: FAST },
    })
    expect(rateNotices(rig).at(-1)).toEqual({
      kind: 'baud_rate',
      baudRate: FAST,
      failed: 'noise',
      notAgainForMs: 60_000,
    })

    rig.middle = (run) => [run]
    const restarted = async () => {
      await rig.clock.until(rig.port.restart())
      return rig.port.info().baudRate
    }
    expect(await restarted()).toBe(OPENING)
    await rig.clock.advance(60_000)
    expect(await restarted()).toBe(FAST)
    rig.middle = (run) => (isOpening() ? [run] : [])
    expect(await restarted()).toBe(OPENING)
    expect(rateNotices(rig).at(-1)).toMatchObject({ failed: 'unconfirmed', notAgainForMs: 120_000 })
  })

  it('is that of opening after a reset of the board, which is found within the bound and raised again', async () => {
    const rig = await running()
    const before = rig.port.info().device?.epoch
    rig.chip.reset('external')
    const fromMs = rig.clock.nowMs()
    await rig.clock.advance(3_100)
    expect(rig.port.info()).toMatchObject({ state: 'handshake', lastExit: { kind: 'silent' } })
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(BOUND_MS)
    expect(rig.port.info().device?.epoch).not.toBe(before)
    expect(rig.port.info().baudRate).toBe(FAST)
    expect(rateNotices(rig)).toMatchObject([{ baudRate: FAST }, { baudRate: FAST }])
    expect(await call(rig)).toMatchObject({ id: 7 })
  })

  it('is not to blame for a silence of another boot, but is for one of the same', async () => {
    const rig = await running()
    rig.middle = () => []
    await rig.clock.advance(3_600)
    rig.middle = (run) => [run]
    await rig.clock.until(rig.port.ready())
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, exits: { silent: 1 } })
    expect(rateNotices(rig).at(-1)).toMatchObject({ failed: 'silent', notAgainForMs: 60_000 })
  })

  it('of a board that was left at the high one is found by a host that opens again within the bound', async () => {
    const rig = await running()
    rig.line.hangUp() // killed: no word of it on the line
    void rig.port.close()
    rig.open()
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(BOUND_MS)
    expect(rig.port.info().baudRate).toBe(FAST)
    expect(await call(rig)).toMatchObject({ id: 7 })
  })

  it('lets kill() end the board: RESET goes out at the high one, and the next boot is heard at that of opening', async () => {
    const rig = await running()
    const exit = await rig.clock.until(rig.port.kill())
    expect(exit).toEqual({ kind: 'reset', cause: 'software' })
    await rig.clock.until(rig.port.ready())
    expect(rig.port.info().baudRate).toBe(FAST)
  })

  it('is not given up for a handler that is slow', async () => {
    const rig = await running()
    for (let id = 1; id <= 40; id++) {
      rig.chip.hang(600) // longer than the first repeats
      expect(await call(rig, id)).toMatchObject({ id })
      await rig.clock.advance(20)
    }
    expect(rig.port.info()).toMatchObject({ baudRate: FAST, session: 1 })
  })
})

describe('the baud rate of a board that cannot change it', () => {
  it('stays what it is, whatever the option says', async () => {
    const plain = (options: Parameters<(typeof BOARDS)[0][1]>[0]) => {
      const chip = createMockChip({
        contract: checker,
        clock: options.clock,
        random: options.random,
        handlers: {
          add() {
            throw new ApplicationError(17, 'only here to answer')
          },
        },
      })
      return chip as never
    }
    const rig = createRig(plain)
    rig.open()
    await rig.clock.until(rig.port.ready())
    expect(rig.port.info().baudRate).toBe(OPENING)
    expect(rig.port.info().device).not.toHaveProperty('baudRates')
    await expect(call(rig)).rejects.toMatchObject({ errorNumber: 17 })
    expect(rig.notices.filter((notice) => notice.kind === 'baud_rate')).toEqual([])
  })
})

describe('the option upgradeBaudRate of a board', () => {
  it.each([
    [{ upgradeBaudRate: 0 }, /upgradeBaudRate: 0 is not a whole number/],
    [{ upgradeBaudRate: [9600, Number.NaN] }, /NaN/],
    [{ upgradeBaudRate: new Array(17).fill(9600) }, /17 rates are more than 16/],
    [{ upgradeBaudRate: '1000000' as never }, /no rate and no list/],
    [{ heartbeatMs: 0 }, /needs a heartbeatMs from 1 to 2000, got 0/],
    [{ heartbeatMs: 2_001 }, /needs a heartbeatMs/],
  ])('refuses %o', (options, message) => {
    const rig = createRig(BOARDS[0][1])
    expect(() => rig.open(options)).toThrow(message)
  })
})
