import { describe, expect, it } from 'vitest'
import { createPort, open } from '../../../src/index.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createLine, type LineOptions } from '../../../src/testing/line/index.js'
import { createMockChip } from '../../../src/testing/mock-chip.js'
import { seeded } from '../../../src/testing/seeded.js'
import { createVirtualClock } from '../../../src/testing/virtual-clock.js'

function make(options: Partial<LineOptions> = {}) {
  const clock = createVirtualClock()
  const random = seeded(1)
  const board = createMockChip({ contract: greenhouse, clock, random, handlers: { setInterval: ({ ms }) => ms } })
  return { clock, random, line: createLine({ board, clock, random, ...options }) }
}

describe('a line with a board', () => {
  it('answers calls, in the time that a UART takes', async () => {
    const { clock, random, line } = make({ baudRate: 9_600 })
    const port = await clock.until(open(greenhouse, { link: line.connector, clock, random }))
    const startMs = clock.nowMs()
    expect(await clock.until(port.call('setInterval', { ms: 500 }))).toBe(500)
    // 13 bytes there, 12 back (7 of framing, 2 of header, array and number), 1.04 ms each.
    expect(clock.nowMs() - startMs).toBeCloseTo(((13 + 12) * 10_000) / 9_600, 1)
    await clock.until(port.close())
  })

  it('ends the session when the cable is pulled, and begins the next when it is put back', async () => {
    const { clock, random, line } = make()
    const port = createPort(greenhouse, { link: line.connector, clock, random })
    await clock.until(port.ready())
    line.unplug()
    expect(port.info()).toMatchObject({ lastExit: { kind: 'unplugged' } })
    await clock.advance(5_000)
    line.plug()
    expect(await clock.until(port.call('setInterval', { ms: 200 }))).toBe(200)
    await clock.until(port.close())
  })

  it('has one host at a time, and can be opened again after one that was killed', async () => {
    const { clock, random, line } = make()
    await clock.until(open(greenhouse, { link: line.connector, clock, random }))
    await expect(clock.until(open(greenhouse, { link: line.connector, clock, random }))).rejects.toMatchObject({
      code: 'PORT_BUSY',
    })
    line.hangUp()
    const next = await clock.until(open(greenhouse, { link: line.connector, clock, random }))
    await clock.until(next.close())
  })

  it('without a board on it is not found', async () => {
    const { clock, random, line } = make()
    line.unplug()
    await expect(clock.until(open(greenhouse, { link: line.connector, clock, random }))).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
    })
  })

  it('makes a writer wait that is ahead of it by more than a tty holds', async () => {
    const { clock, line } = make()
    const link = await line.connector.connect({ data() {}, ended() {} })
    expect(link.write(new Uint8Array(4_096))).toBe(true)
    expect(link.write(new Uint8Array(1))).toBe(false)
    await clock.until(link.drained())
    expect(line.toDevice.queuedBytes).toBeLessThanOrEqual(4_096)
    await link.close()
  })
})
