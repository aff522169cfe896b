import { describe, expect, it, onTestFinished } from 'vitest'
import { openRaw } from '../../src/index.js'
import { createBusy } from '../../src/port/host/busy.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { ptyWith } from '../cli/pty.js'
import { failure } from './action-peer.js'
import { hasStopped, PEERS, runningOver } from './peers.js'

const KIB = new Uint8Array(1_024).fill(0x61)
/** What the kernel and one link take before a write would wait: a pipe or tty, and the high-water mark. */
const MOST_BYTES = 4 * 65_536

/** What holds its own input shut until SIGCONT, and then says how many bytes came. */
const SHUT = 'read go; echo $$; echo up; kill -STOP $$; head -c 2000000 | wc -c; sleep 60'
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().trim()

const RAW_PEERS = {
  'a raw program': async () => openRaw({ spawn: 'sh', args: ['-c', SHUT] }, { packet: { line: 80 } }),
  'a raw board': async () => openRaw({ serial: await ptyWith(SHUT) }, { packet: { line: 80 } }),
}

describe.each(Object.entries(RAW_PEERS))('writing to %s that stops reading', (_name, makePort) => {
  async function stopped() {
    const port = await makePort()
    onTestFinished(async () => void (await port.close()))
    await port.write(new TextEncoder().encode('\n'))
    const lines = port.packets()
    const line = async () => text((await lines.next()).value!.bytes)
    const pid = Number(await line())
    expect(await line()).toBe('up')
    await hasStopped(pid)
    onTestFinished(() => void process.kill(pid, 'SIGCONT'))
    return { port, line, goOn: () => process.kill(pid, 'SIGCONT') }
  }

  it('S6: fails at once when it may not wait, and nothing was written', async () => {
    const { port } = await stopped()
    let taken = 0
    const refused = (async () => {
      for (; taken < 2_000; taken++) await port.write(KIB, { whenBusy: 'fail' })
    })()
    expect(await failure(refused)).toMatchObject({ code: 'QUEUE_FULL' })
    expect(taken * KIB.length).toBeGreaterThan(65_536)
    expect(taken * KIB.length).toBeLessThan(MOST_BYTES)
    const { counters, waitingWrites } = port.info()
    expect(counters.packetsSent).toBe(1 + taken)
    expect(waitingWrites).toBe(0)
  })

  it('S6: waits by default, bounded and in order, until it reads again', async () => {
    const { port, line, goOn } = await stopped()
    const ended: number[] = []
    const writes: Promise<void>[] = []
    for (let i = 0; writes.length < 2_000; i++) {
      if (port.info().waitingWrites === 1_024) break
      writes.push(port.write(KIB).then(() => void ended.push(i)))
    }
    expect(await failure(port.write(KIB))).toMatchObject({ code: 'QUEUE_FULL' })
    expect(port.info().waitingWrites).toBe(1_024)
    expect(ended.length).toBeLessThan(writes.length)
    goOn()
    await Promise.all(writes)
    expect(ended).toEqual(writes.map((_, i) => i))
    const sent = writes.length * KIB.length
    for (let left = 2_000_000 - sent; left > 0; left -= KIB.length)
      await port.write(KIB.subarray(0, Math.min(left, 1_024)))
    expect(await line()).toBe('2000000')
  })
})

describe.each(Object.entries(PEERS))('casts to %s that stops reading', (_name, makePeer) => {
  it('S6: say no above the high mark, fail at the bound, and wait in order for the low one', async () => {
    const { port, stop, goOn } = await runningOver(await makePeer(), { maxQueuedCalls: 40, heartbeatMs: 0 })
    await port.drained()
    await stop()
    const cast = () => port.cast('setLamp', { on: true })
    const said = Array.from({ length: 40 }, cast)
    expect(said).toEqual(Array.from({ length: 40 }, (_, i) => i < 20))
    expect(cast).toThrow('QUEUE_FULL')
    expect(port.info().waitingCalls).toBe(40)
    const order: string[] = []
    const waiting = ['first', 'second', 'third'].map(async (name) => {
      await port.drained()
      order.push(`${name} with ${port.info().waitingCalls <= 10 ? 'room' : 'no room'}`)
    })
    goOn()
    await Promise.all(waiting)
    expect(order).toEqual(['first with room', 'second with room', 'third with room'])
    expect(cast()).toBe(true)
    expect(await port.call('echo', { data: Uint8Array.of(1) })).toEqual(Uint8Array.of(1))
    expect(port.info().counters.castErrors).toBe(0)
  })
})

describe('what is busy', () => {
  it('lets the next one that waits go on only if the one before has not made it busy again', async () => {
    const clock = createVirtualClock()
    const busy = createBusy(clock, { high: 4, low: 2 })
    const order: string[] = []
    busy.changed(5)
    void busy.drained().then(() => {
      order.push('first')
      busy.changed(5)
    })
    void busy.drained().then(() => order.push('second'))
    busy.changed(3)
    await clock.advance(10)
    expect(order).toEqual([])
    busy.changed(2)
    await clock.advance(10)
    expect(order).toEqual(['first'])
    busy.changed(2)
    await clock.advance(10)
    expect(order).toEqual(['first', 'second'])
  })

  it('keeps nobody waiting once it has ended', async () => {
    const clock = createVirtualClock()
    const busy = createBusy(clock, { high: 4, low: 2 })
    busy.changed(5)
    const waiting = [busy.drained(), busy.drained()]
    busy.end()
    await clock.until(Promise.all([...waiting, busy.drained()]))
  })
})
