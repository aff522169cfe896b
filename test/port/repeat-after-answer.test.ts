// How long the host waits before it repeats a call: the line's time for the longest answer that the contract allows, no more.
import { describe, expect, it } from 'vitest'
import { type ContractDefinition, createPort, defineContract, type OpenOptions } from '../../src/index.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { Action } from '../../src/wire/index.js'
import { createScriptedDevice } from './scripted-device.js'

/** At 115,200 baud, ten bits a byte. */
const BYTE_MS = 10_000 / 115_200
const MAX_CONTENT_BYTES = 4_096
/** The longest answer of 4,096 bytes of content, on the wire: 358 ms. */
const LONGEST_MS = MAX_CONTENT_BYTES * BYTE_MS

const definition = {
  name: 'answers',
  version: '1',
  actions: {
    lamp: { index: 0, args: { on: 'bool' }, result: 'bool' },
    page: { index: 1, result: { type: 'bytes', maxBytes: 1_000 } },
    text: { index: 2, result: 'str' },
  },
} as const satisfies ContractDefinition
const contract = defineContract(definition)
const withBigEvent = defineContract({
  ...definition,
  events: { photo: { index: 3, fields: { data: { type: 'bytes', maxBytes: 2_000 } } } },
})

async function running(of: typeof contract = contract) {
  const clock = createVirtualClock()
  const device = createScriptedDevice({ contract: of, clock })
  const options = { random: () => 0.5, link: device.connector, clock, heartbeatMs: 10_000 }
  const port = createPort(of, options as unknown as OpenOptions<typeof definition>)
  device.autoHello({ maxContent: MAX_CONTENT_BYTES, receiveBytes: 0, window: 4 })
  await clock.until(port.ready())
  await clock.advance(1)
  device.take()
  device.mute()
  /** When a message of that action was heard, ms after now. */
  const heardWithin = async (ms: number, action: number): Promise<number[]> => {
    const fromMs = clock.nowMs()
    await clock.advance(ms)
    return device.take().flatMap((m) => (m.action === action ? [m.atMs - fromMs] : []))
  }
  return { clock, device, port, heardWithin }
}

const ignored = (call: Promise<unknown>) => void call.catch(() => {})

describe('a call whose answer does not come, on a board that may send 4,096 bytes', () => {
  it('is repeated within 40 ms where the contract says that its answer is a bool', async () => {
    const { port, heardWithin } = await running()
    ignored(port.call('lamp', { on: true }))
    const [first, second] = await heardWithin(LONGEST_MS, 0)
    expect(second! - first!).toBeGreaterThanOrEqual(10)
    expect(second! - first!).toBeLessThan(40)
    await port.close()
  })

  it('is not repeated before the longest answer of its contract can have come', async () => {
    const { port, heardWithin } = await running()
    ignored(port.call('page'))
    const [first, second] = await heardWithin(LONGEST_MS, 1)
    expect(second! - first!).toBeGreaterThan(1_000 * BYTE_MS)
    expect(second! - first!).toBeLessThan(1_000 * BYTE_MS + 40)
    await port.close()
  })

  it('waits for the longest content of the device where the contract has no bound', async () => {
    const { port, heardWithin } = await running()
    ignored(port.call('text'))
    expect(await heardWithin(LONGEST_MS, 2)).toHaveLength(1)
    expect(await heardWithin(60, 2)).toHaveLength(1)
    await port.close()
  })

  it('waits for the answers of later calls, which the device may be sending', async () => {
    const { port, heardWithin } = await running()
    ignored(port.call('lamp', { on: true }))
    ignored(port.call('page'))
    expect(await heardWithin(1_000 * BYTE_MS, 0)).toHaveLength(1)
    expect(await heardWithin(40, 0)).not.toHaveLength(0)
    await port.close()
  })

  it('waits for a long event, which may stand before its answer', async () => {
    const { port, heardWithin } = await running(withBigEvent as unknown as typeof contract)
    ignored(port.call('lamp', { on: true }))
    expect(await heardWithin(2_000 * BYTE_MS, 0)).toHaveLength(1)
    expect(await heardWithin(40, 0)).toHaveLength(1)
    await port.close()
  })

  it('has a SKIP in its place that is repeated at the same pace', async () => {
    const { clock, port, heardWithin } = await running()
    ignored(port.call('page', {}, { timeoutMs: 5 }))
    await clock.advance(6)
    const skips = await heardWithin(LONGEST_MS, Action.SKIP)
    expect(skips.length).toBeGreaterThan(1)
    for (const [i, ms] of skips.slice(1).entries()) expect(ms - skips[i]!).toBeGreaterThan(1_000 * BYTE_MS)
    await port.close()
  })
})
