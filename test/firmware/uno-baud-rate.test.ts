/** The feature BaudRates on an emulated Uno, whose UART hears only garbage at another rate than its own, in virtual time. */

import 'serialport'
import { beforeAll, describe, expect, it } from 'vitest'
import { createPort, defineContract, type Port, type PortNotice } from '../../src/index.js'
import { createBoardBinding } from '../../src/testing/avr/binding.js'
import { createUno, type UnoBoard } from '../../src/testing/avr/board.js'
import type { LineFault } from '../../src/testing/avr/bridge.js'
import { createNoise } from '../../src/testing/line/noise.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createDeframer } from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'

/** Of firmware/size/baud_rates*.cpp. */
const lamp = defineContract({ name: 'lamp', version: '1', actions: { setLamp: { args: { on: 'bool' } } } })
const LAMP_PIN = 8
const [OPENING, FAST, MIDDLING] = [115_200, 1_000_000, 250_000]
/** Three heartbeats of 1,000 ms, what is said at the raised rate after that, and one pause between hellos. */
const BOUND_MS = 4_500

const IMAGES = [
  ['over Serial', 'baud_rates'],
  ['over its own UART', 'baud_rates_uart'],
] as const

beforeAll(async () => {
  await firmware('size')
}, BUILD_TIMEOUT_MS)

interface Uno {
  readonly clock: VirtualClock
  readonly board: UnoBoard
  readonly notices: PortNotice[]
  readonly port: Port<(typeof lamp)['definition']>
  open(options?: { readonly resetOnOpen?: boolean; readonly upgradeBaudRate?: number }): void
  setLamp(on: boolean): Promise<void>
}

function uno(image: string): Uno {
  const clock = createVirtualClock()
  const board = createUno({ image: readBuilt(`build/firmware/uno/${image}.hex`), clock, resetOnOpen: false })
  const binding = createBoardBinding({ '/dev/emulated0': board })
  const notices: PortNotice[] = []
  let port: Uno['port'] | undefined
  return {
    clock,
    board,
    notices,
    get port() {
      return port!
    },
    open({ upgradeBaudRate = FAST } = {}) {
      port = createPort(lamp, {
        serial: '/dev/emulated0',
        binding,
        clock,
        random: seeded(7),
        upgradeBaudRate,
        contractMismatch: 'warn', // the image has no contract's hash
      })
      port.watch((notice) => notices.push(notice))
    },
    async setLamp(on) {
      await clock.until(port!.call('setLamp', { on }))
      expect(isOn(board)).toBe(on)
    },
  }
}

/** The image sets PORTB and leaves the pin an input. */
const isOn = (board: UnoBoard) => board.pin(LAMP_PIN) === 'pullup'
const rateNotices = ({ notices }: Uno) => notices.filter((notice) => notice.kind === 'baud_rate')

/** Loses the bytes behind the first of each frame that `lost` names by action and token, in the direction of the fault. */
function losing(lost: (action: number, token: number) => boolean): LineFault {
  let frame: number[] = []
  return (byte) => {
    if (byte !== 0) {
      frame.push(byte)
      return [] // held until the frame is known
    }
    const held = frame
    frame = []
    for (const event of createDeframer({ maxContentBytes: 512 }).push(Uint8Array.from([0, ...held, 0]))) {
      if (event.kind === 'content' && lost(event.bytes[0]!, event.bytes[1]!)) return [{ byte: 0 }]
    }
    return [...held.map((each) => ({ byte: each })), { byte: 0 }]
  }
}

describe.each(IMAGES)('an emulated Uno board %s', (_line, image) => {
  const running = async (): Promise<Uno> => {
    const rig = uno(image)
    rig.open()
    await rig.clock.until(rig.port.ready())
    return rig
  }

  it.each([FAST, MIDDLING])(
    `goes from ${OPENING} to %i baud after hello, and calls work there`,
    async (upgradeBaudRate) => {
      const rig = uno(image)
      rig.open({ upgradeBaudRate })
      await rig.clock.until(rig.port.ready())
      expect(rig.board.bridge.settings.baudRate).toBe(upgradeBaudRate)
      for (const on of [true, false, true]) await rig.setLamp(on)
      expect(rig.port.info()).toMatchObject({
        baudRate: upgradeBaudRate,
        session: 1,
        stream: { baudRate: upgradeBaudRate },
      })
      await rig.clock.advance(10_000)
      expect(rig.port.info()).toMatchObject({ state: 'running', session: 1 })
      await rig.setLamp(false)
    },
  )

  it('hears nothing of a host at another rate: the two must really agree', async () => {
    const rig = await running()
    rig.board.bridge.configure({ baudRate: OPENING }) // behind the host's back
    const answer = rig.port.call('setLamp', { on: true }, { timeoutMs: 500 }).catch((error) => error)
    expect(await rig.clock.until(answer)).toMatchObject({ code: 'CALL_TIMEOUT' })
    expect(isOn(rig.board)).toBe(false)
  })

  it('meets its host again at the rate of opening when the answer to the hello that asks for another is lost', async () => {
    const rig = uno(image)
    let replies = 0
    rig.board.bridge.setFault(
      'to_host',
      losing((action) => {
        if (action === Action.REPLY) replies += 1
        return action === Action.REPLY && replies === 2
      }),
    )
    const fromMs = rig.clock.nowMs()
    rig.open()
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(4_000) // its bootloader takes 1.5 s of them
    expect(rateNotices(rig)).toMatchObject([{ failed: 'unanswered' }])
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
    await rig.setLamp(true)
  })

  it('meets its host again at the rate of opening when every TICK at the new one is lost', async () => {
    const rig = uno(image)
    rig.board.bridge.setFault(
      'to_device',
      losing((action) => action === Action.TICK && rig.board.bridge.settings.baudRate !== OPENING),
    )
    rig.open()
    await rig.clock.until(rig.port.ready())
    expect(rateNotices(rig)).toMatchObject([{ failed: 'unconfirmed' }])
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, session: 1 })
    await rig.setLamp(true)
  })

  it('falls back when its line is noisy at the new rate, and stays usable', async () => {
    const rig = await running()
    const noise = createNoise({ bitErrorRate: 0.001 }, seeded(3))
    for (const direction of ['to_device', 'to_host'] as const) {
      rig.board.bridge.setFault(direction, (byte) =>
        rig.board.bridge.settings.baudRate === OPENING ? [{ byte }] : noise.lineFault(byte),
      )
    }
    let ended = 0
    for (let count = 0; count < 400 && rig.port.info().baudRate === FAST; count++) {
      await rig.clock.until(rig.port.call('setLamp', { on: count % 2 === 0 })).catch((error) => {
        expect(error).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
        ended += 1
      })
    }
    expect(ended).toBeLessThanOrEqual(1)
    await rig.clock.until(rig.port.ready())
    expect(rig.port.info()).toMatchObject({ baudRate: OPENING, exits: { noise: 1 } })
    expect(rateNotices(rig).at(-1)).toMatchObject({ baudRate: FAST, failed: 'noise' })
    for (const on of [true, false, true]) await rig.setLamp(on)
  })

  it('is found again within the bound after a reset in the middle', async () => {
    const rig = await running()
    rig.board.reset('external')
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(sessionAfter(rig, 1))
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(BOUND_MS)
    expect(rig.port.info()).toMatchObject({ baudRate: FAST, state: 'running' })
    await rig.setLamp(true)
  })

  it('is found again within the bound by a host that was killed and opens at the rate of opening', async () => {
    const rig = await running()
    await rig.clock.until(rig.port.close())
    rig.open()
    const fromMs = rig.clock.nowMs()
    await rig.clock.until(rig.port.ready())
    expect(rig.clock.nowMs() - fromMs).toBeLessThan(BOUND_MS)
    expect(rig.port.info().baudRate).toBe(FAST)
    await rig.setLamp(true)
  })
})

/** Resolves when a later session than this one runs. */
function sessionAfter({ port }: Uno, session: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = port.watch((notice) => {
      if (notice.kind !== 'state' || notice.state !== 'running' || port.info().session <= session) return
      stop()
      resolve()
    })
  })
}
