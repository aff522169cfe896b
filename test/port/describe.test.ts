import { describe, expect, it } from 'vitest'
import {
  type Contract,
  type ContractDefinition,
  createUnknownContract,
  defineContract,
  descriptorOf,
} from '../../src/contract/index.js'
import { createPort, type OpenOptions, type Port, type PortNotice } from '../../src/index.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, Feature } from '../../src/wire/index.js'
import { createScriptedDevice, helloOf } from './scripted-device.js'

const base = {
  name: 'pump',
  version: '1',
  actions: { start: { args: { speed: 'u8' }, result: 'u8' } },
  events: { leak: { fields: { ml: 'u16' }, acknowledged: true } },
  requests: { limit: { args: { zone: 'u8' }, result: 'u16' } },
} as const
const pump = defineContract(base)

interface Setup {
  readonly device: Contract
  readonly host: Contract
  /** What is told in place of the descriptor. */
  readonly told?: Uint8Array
  readonly pieceBytes?: number
  readonly features?: number
  readonly lossless?: boolean
  readonly contractHash?: number
  readonly contractMismatch?: 'error' | 'warn' | 'compatible'
}

/** A port over a device that answers DESCRIBE piece by piece, when the test says so. */
function started(setup: Setup) {
  const { device: deviceContract, host, pieceBytes = 20, lossless = false } = setup
  const told = setup.told ?? descriptorOf(deviceContract)
  const clock = createVirtualClock()
  const device = createScriptedDevice({ contract: deviceContract, clock, lossless })
  device.autoHello({
    features: helloOf(deviceContract).features | (setup.features ?? Feature.DESCRIBE),
    ...(setup.contractHash !== undefined && { contractHash: setup.contractHash }),
  })
  const port = createPort(host, {
    link: device.connector,
    clock,
    random: () => 0.5,
    name: 'pump',
    restart: { type: 'temporary' },
    ...(setup.contractMismatch && { contractMismatch: setup.contractMismatch }),
  } as OpenOptions<ContractDefinition>) as unknown as Port<typeof base>
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  let answered = 0
  const asked = () => device.heard.filter(({ action }) => action === Action.DESCRIBE)
  /** Answers what was asked; false when nothing was. */
  const answer = async () => {
    await clock.advance(1)
    const next = asked()[answered]
    if (!next) return false
    answered += 1
    const offset = next.value as number
    device.say(Action.REPLY, next.token, [told.length, told.slice(offset, offset + pieceBytes)])
    return true
  }
  const describe = async () => {
    while (await answer());
    return answered
  }
  const exit = () => clock.until(port.exited, 30_000)
  return { clock, device, port, notices, asked, answer, describe, exit }
}

const anyName = (port: unknown) => port as { call(name: string, args: object): Promise<unknown> }

describe('a host without a contract, in a program of its own', () => {
  it('asks for it piece by piece behind hello and TICK, and then calls by name', async () => {
    const host = createUnknownContract()
    const { clock, device, port, describe, asked } = started({ device: pump, host })
    expect(await describe()).toBe(Math.ceil(descriptorOf(pump).length / 20))
    expect(asked().map(({ value }) => value)).toEqual([0, 20, 40, 60, 80].slice(0, asked().length))
    await clock.until(port.ready())
    expect(host).toMatchObject({ name: 'pump', version: '1', hash: pump.hash })
    const reply = anyName(port).call('start', { speed: 3 })
    await clock.advance(1)
    const call = device.heard.at(-1)!
    expect(call).toMatchObject({ action: 0, value: [3] })
    device.say(Action.REPLY, call.token, 3)
    expect(await clock.until(reply)).toBe(3)
    await clock.until(port.close())
  })

  it.each([true, false])(
    'delivers a reliable event and answers a request that came before it knew what they are (lossless %s)',
    async (lossless) => {
      const host = createUnknownContract()
      const { clock, device, port, answer, describe } = started({ device: pump, host, lossless })
      await answer()
      device.say(1, 1, [7]) // the first event of the boot
      device.say(2, 1, [3_000, 4]) // the first request of the session
      await clock.advance(1)
      const isAnswer = ({ action, token }: { action: number; token: number }) =>
        (action === Action.ERROR || action === Action.REPLY || action === Action.ACK) && token === 1
      expect(device.heard.filter(isAnswer)).toEqual([])
      const leaks: unknown[] = []
      port.watch((notice) => {
        if (notice.kind !== 'state' || notice.state !== 'running') return
        port.consume('leak', (event) => void leaks.push(event))
      })
      await describe()
      await clock.until(port.ready())
      await clock.advance(5)
      expect(leaks).toEqual([{ ml: 7 }])
      // Nobody handles it: the board is told so at once, not after its deadline.
      expect(device.heard.filter(({ action }) => action === Action.ERROR)).toMatchObject([{ token: 1, value: [1] }])
      expect(device.heard.filter(({ action }) => action === Action.ACK)).toHaveLength(1)
      expect(port.info().counters.messagesRefused).toBe(0)
      await clock.until(port.close())
    },
  )

  it.each<[string, Partial<Setup>, RegExp]>([
    ['was built without DESCRIBE', { features: 0 }, /built without DESCRIBE/],
    ['tells another contract than its hash says', { contractHash: 5 }, /does not have the hash/],
    ['tells no contract', { told: new TextEncoder().encode('x y\n') }, /does not have the hash/],
    ['tells nothing', { pieceBytes: 0 }, /DESCRIBE told 0 bytes/],
    ['tells more than there can be', { told: new Uint8Array(262_145) }, /longer than 262144 bytes/],
  ])('ends with CONTRACT_MISMATCH when the device %s', async (_what, setup, message) => {
    const { describe, exit } = started({ device: pump, host: createUnknownContract(), ...setup })
    await describe()
    expect(await exit()).toMatchObject({ kind: 'failed', error: { code: 'CONTRACT_MISMATCH' } })
    expect(String(((await exit()) as { error: Error }).error.message)).toMatch(message)
  })

  it('gives a device that answers TICK but never DESCRIBE its ready time, no more', async () => {
    const { clock, exit, device } = started({ device: pump, host: createUnknownContract() })
    const over = exit()
    // Its repeats of DESCRIBE are acknowledged by nothing; the line is not silent.
    for (let i = 0; i < 110; i++) {
      await clock.advance(100)
      device.say(Action.LOG, 0, [6, 'busy'])
    }
    expect(await over).toMatchObject({ kind: 'failed', error: { code: 'HELLO_TIMEOUT' } })
  })

  it('ends when more comes than it can hold, and loses nothing of it in silence', async () => {
    const { clock, device, answer, exit } = started({ device: pump, host: createUnknownContract(), lossless: true })
    await answer()
    for (let i = 0; i < 1_025; i++) device.say(1, (i % 255) + 1, [7])
    await clock.advance(1)
    expect(await exit()).toMatchObject({ kind: 'failed', error: { code: 'CONTRACT_MISMATCH' } })
  })

  it('refuses the device when it comes back with another contract', async () => {
    const host = createUnknownContract()
    const first = started({ device: pump, host })
    await first.describe()
    await first.clock.until(first.port.ready())
    await first.clock.until(first.port.close())
    const other = started({ device: defineContract({ ...base, actions: {} }), host })
    expect(await other.exit()).toMatchObject({ kind: 'failed', error: { code: 'CONTRACT_MISMATCH' } })
    expect(other.asked()).toEqual([])
  })
})

describe('a host that can do without a contract, in a program of its own', () => {
  const numbersOnly = () => createUnknownContract({ actions: pump.actions, relearns: true, isRequired: false })

  it.each<[string, Partial<Setup>, number]>([
    ['cannot tell its contract', { features: 0 }, 0],
    ['tells one that does not have its hash', { contractHash: 5 }, 1],
    ['tells nothing', { pieceBytes: 0 }, 1],
  ])('goes on with a device that %s, and counts what it was told', async (_what, setup, refused) => {
    const { clock, port, describe, device } = started({ device: pump, host: numbersOnly(), ...setup })
    await describe()
    await clock.until(port.ready())
    expect(port.info().counters.messagesRefused).toBe(refused)
    const reply = port.call('start', { speed: 2 })
    await clock.advance(1)
    device.say(Action.REPLY, device.heard.at(-1)!.token, 2)
    expect(await clock.until(reply)).toBe(2)
    await clock.until(port.close())
  })

  it('asks again when the device comes back with another contract', async () => {
    const host = numbersOnly()
    const first = started({ device: pump, host })
    await first.describe()
    await first.clock.until(first.port.close())
    expect(host.byIndex.get(2)?.kind).toBe('request')
    const other = started({ device: defineContract({ ...base, requests: {} }), host })
    await other.describe()
    await other.clock.until(other.port.ready())
    expect(host.byIndex.get(2)).toBeUndefined()
    await other.clock.until(other.port.close())
  })
})

describe('contractMismatch compatible, of a program', () => {
  const newer = defineContract({
    ...base,
    actions: { start: { args: { speed: 'u16' }, result: 'u8' } },
    events: { ...base.events, ran: { index: 10, fields: { ms: 'u32' }, acknowledged: true } },
    requests: { limit: { ...base.requests.limit, index: 2 }, rate: { index: 11 } },
  })

  it('goes on with a device that takes more than the host sends', async () => {
    const { clock, device, port, describe, notices } = started({
      device: newer,
      host: pump as unknown as Contract,
      contractMismatch: 'compatible',
    })
    await describe()
    await clock.until(port.ready())
    await clock.advance(1)
    // What only the device knows: its request is told that nobody answers, its event is not taken for one of ours.
    device.say(11, 1, [3_000])
    await clock.advance(1)
    expect(device.heard.filter(({ action }) => action === Action.ERROR)).toMatchObject([{ token: 1, value: [1] }])
    device.say(10, 1, [5])
    await clock.advance(1)
    expect(notices).toContainEqual({ kind: 'refused', problem: 'event 10 is not in the contract' })
    expect(port.info().counters.messagesRefused).toBe(1)
    // It is acknowledged, so that it stands in nobody's way.
    const told: unknown[] = []
    port.consume('leak', (value) => void told.push(value))
    device.say(1, 2, [7])
    await clock.advance(1)
    expect(told).toEqual([{ ml: 7 }])
    expect(device.heard.filter(({ action }) => action === Action.ACK).at(-1)).toMatchObject({ token: 2 })
    await clock.until(port.close())
  })

  it('asks a device that it knows to be compatible only once', async () => {
    const { clock, device, port, describe, asked } = started({
      device: newer,
      host: pump as unknown as Contract,
      contractMismatch: 'compatible',
    })
    await describe()
    const before = asked().length
    const again = clock.until(port.restart())
    await again
    expect(asked().length).toBe(before)
    expect(device.opens).toBe(2)
    await clock.until(port.close())
  })

  it('ends with CONTRACT_MISMATCH that names each member which is not', async () => {
    const { describe, exit } = started({
      device: defineContract({ ...base, actions: { start: { args: { rpm: 'u8' }, result: 'u16' } } }),
      host: pump as unknown as Contract,
      contractMismatch: 'compatible',
    })
    await describe()
    expect(String(((await exit()) as { error: Error }).error.message)).toBe(
      'CONTRACT_MISMATCH: the contract of the device is not compatible: action start: value 1 is sent as speed and taken' +
        ' for rpm; action start, result: u16 is sent, u8 is taken',
    )
  })

  it('refuses what differs when the device cannot tell its contract', async () => {
    const { exit, asked } = started({
      device: defineContract({ ...base, requests: {} }),
      host: pump as unknown as Contract,
      features: 0,
      contractMismatch: 'compatible',
    })
    expect(await exit()).toMatchObject({ kind: 'failed', error: { code: 'CONTRACT_MISMATCH' } })
    expect(asked()).toEqual([])
  })
})
