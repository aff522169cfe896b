import { beforeAll, describe, expect, it } from 'vitest'
import { type OpenOptions, open } from '../../src/index.js'
import { openRaw } from '../../src/raw.js'
import { ptyWith } from '../cli/pty.js'
import { failure, type Options, type Peer, peer, problems } from './action-peer.js'
import { compileProgram } from './programs/compile.js'

let program = ''
beforeAll(async () => {
  program = await compileProgram('peer')
}, 60_000)

/** The program behind a tty, as firmware is. */
async function openSerial(options: Options = {}) {
  const serial = await ptyWith(`${program} ${options.packet ?? 2}`)
  return open(peer, { protocol: 'action', serial, ...options } as OpenOptions<Peer>)
}

describe('a peer behind a tty that knows nothing of portwire', () => {
  it.each([1, 2, 4] as const)('F1: answers calls in bare packets with a prefix of %i', async (packet) => {
    const port = await openSerial({ packet })
    const calls = Array.from({ length: 20 }, (_, i) => port.call('echo', ['item', i]))
    await expect(Promise.all(calls)).resolves.toEqual(Array.from({ length: 20 }, (_, i) => ['item', i]))
    await port.close()
  })

  it('F9: half a packet and silence cost that call alone', async () => {
    const port = await openSerial()
    const refused: string[] = []
    port.watch((notice) => refused.push(...problems([notice])))
    expect(await failure(port.call('half'))).toMatchObject({ code: 'REPLY_INVALID' })
    await expect(port.call('echo', 'whole')).resolves.toBe('whole')
    expect(refused).toEqual([expect.stringContaining('cut off: 7 of 12 bytes of a packet')])
    expect(port.info()).toMatchObject({ session: 1, counters: { framesDropped: { length: 1 } } })
    await port.close()
  })

  it('F5: speaks raw packets too', async () => {
    const port = await openRaw({ serial: await ptyWith(`${program} 2`) }, { packet: 2 })
    const reader = port.packets()
    await port.write(Uint8Array.of(0, 0xc3))
    expect([...(await reader.next()).value!]).toEqual([0xc3])
    await expect(port.closeInput()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await port.close()
  })
})
