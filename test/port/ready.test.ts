import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { PEERS, portOver } from './peers.js'

/** A boot in which nothing is said and what comes is lost. */
const BOOT = ['--boot-ms', '400']

describe.each(Object.entries(PEERS))('%s that takes its time to start', (_name, makePeer) => {
  it('L21: the first call waits for hello, in a bounded queue, and is not lost', async () => {
    const { port } = portOver(await makePeer(...BOOT), { maxQueuedCalls: 3 })
    const calls = [1, 2, 3].map((byte) => port.call('echo', { data: Uint8Array.of(byte) }))
    await expect(port.call('identify')).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    expect(port.info()).toMatchObject({ state: 'opening', waitingCalls: 3 })
    expect((await Promise.all(calls)).map((reply) => reply[0])).toEqual([1, 2, 3])
    expect(port.info().session).toBe(1)
  })

  it('L21: has its own ready timeout, apart from that of the calls', async () => {
    const { port } = portOver(await makePeer(...BOOT), { readyTimeoutMs: 100, restart: { type: 'temporary' } })
    const call = port.call('identify', {}, { timeoutMs: 60_000 })
    await expect(call).rejects.toMatchObject({ code: 'PORT_EXITED', outcome: 'no' })
    expect(await port.exited).toMatchObject({ kind: 'failed', error: { code: 'HELLO_TIMEOUT' } })
  })
})

describe.each(Object.entries(PEERS))('the state of %s', (_name, makePeer) => {
  it('L22: is put back after each start: onStart and the bindings first, then the held calls', async () => {
    const log: string[] = []
    const reading = { current: deferred<void>() }
    const { port } = portOver(await makePeer(), {
      restart: { firstMs: 1 },
      onStart: async (session) => {
        await session.call('setInterval', { ms: 100 })
        await session.call('setAlarmLimit', { celsius: 40 })
        log.push('onStart')
      },
    })
    port.on('reading', () => {
      if (log.at(-1) !== 'reading') log.push('reading')
      reading.current.resolve()
    })
    const held = port.call('identify').then(() => log.push('held'))
    await held
    await reading.current.promise
    const killed = port.kill()
    await killed
    reading.current = deferred()
    log.push('killed')
    const heldAgain = port.call('identify').then(() => log.push('held'))
    await heldAgain
    await reading.current.promise
    const rows = log.filter((row) => row !== 'reading')
    expect(rows).toEqual(['onStart', 'held', 'killed', 'onStart', 'held'])
    expect(log.lastIndexOf('reading')).toBeGreaterThan(log.lastIndexOf('onStart'))
  })
})
