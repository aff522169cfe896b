import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type OpenOptions, open } from '../../src/index.js'
import { openRaw } from '../../src/raw.js'
import { ptyWith } from '../cli/pty.js'
import { failure, hex, type Options, type Peer, peer, problems } from './action-peer.js'
import { compileProgram } from './programs/compile.js'

let program = ''
beforeAll(async () => {
  program = await compileProgram('peer')
}, 60_000)

/** The command of a board that is a shell script; socat's own quoting is not the shell's. */
function shellBoard(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-board-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'board.sh'), script)
  return `sh ${folder}/board.sh`
}

/** The program behind a tty, as firmware is. */
async function openSerial(options: Options = {}, board = `${program} ${options.packet ?? 2}`) {
  const serial = await ptyWith(board)
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

  it('F1: lengths that matter make the way through a tty and back', async () => {
    const port = await openRaw({ serial: await ptyWith('cat') }, { packet: 2 })
    const reader = port.packets()
    for (const length of [0, 1, 2, 254, 255, 256, 257, 65_534, 65_535]) {
      const content = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff)
      await port.write(content)
      expect(Buffer.compare((await reader.next()).value!, content), `${length} bytes`).toBe(0)
    }
    await port.close()
  })

  it('F2: never sees a request of 65,536 bytes, and answers the next one', async () => {
    const port = await openSerial()
    await port.call('echo', 0)
    const { bytesSent } = port.info().counters
    expect(await failure(port.call('length', new Uint8Array(65_532)))).toMatchObject({ code: 'TOO_LARGE' })
    expect(port.info().counters.bytesSent).toBe(bytesSent)
    await expect(port.call('length', 1)).resolves.toBe(2)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
    await port.close()
  })

  it('F3: 2^20 bytes make the way with a prefix of 4', { timeout: 60_000 }, async () => {
    const port = await openSerial({ packet: 4 })
    const data = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 31) & 0xff)
    const answer = (await port.call('echo', data, { timeoutMs: 60_000 })) as Uint8Array
    expect(Buffer.compare(answer, data)).toBe(0)
    await port.close()
  })

  it('F3, F4: that announces 2^32 - 1 bytes ends as a protocol error, and is in step again after it', async () => {
    const port = await openSerial({ packet: 4 })
    const began = process.memoryUsage().arrayBuffers
    expect(await failure(port.call('lie'))).toMatchObject({
      code: 'PORT_EXITED',
      exit: { kind: 'protocol', detail: expect.stringContaining('4294967295 bytes was announced') },
    })
    expect(process.memoryUsage().arrayBuffers - began).toBeLessThan(2 ** 20)
    await expect(port.call('echo', 'again')).resolves.toBe('again')
    await port.close()
  })

  it('F5: lines come in parts from a tty, with the end of each line told', async () => {
    const board = shellBoard('head -c 3 >/dev/null; printf "boot ok\\r\\nready now\\n"; cat >/dev/null')
    const port = await openRaw({ serial: await ptyWith(board) }, { packet: { line: 5 } })
    const parts: [boolean, string][] = []
    const reader = port.packets()
    await port.write(new TextEncoder().encode('go\n'))
    while (parts.length < 4) {
      const part = (await reader.next()).value!
      parts.push([part.eol, Buffer.from(part.bytes).toString()])
    }
    expect(parts).toEqual([
      [false, 'boot '],
      [true, 'ok'],
      [false, 'ready'],
      [true, ' now'],
    ])
    await port.close()
  })

  it('F7: an answer without content fails that call alone', async () => {
    const port = await openSerial()
    const [bad, good] = [failure(port.call('empty')), port.call('echo', 1)]
    expect(await bad).toMatchObject({ code: 'REPLY_INVALID' })
    await expect(good).resolves.toBe(1)
    await port.close()
  })

  it('F11: text before the first packet is dropped after a silence and counted, and costs no later call', async () => {
    // It takes the first request for itself, so that the text comes when the line is open.
    const board = shellBoard(`head -c 4 >/dev/null; printf "Starting up"; exec ${program} 2`)
    const port = await openSerial({}, board)
    const refused: string[] = []
    port.watch((notice) => refused.push(...problems([notice])))
    expect(await failure(port.call('echo', 5))).toMatchObject({ code: 'REPLY_INVALID' })
    await expect(port.call('echo', 'first')).resolves.toBe('first')
    expect(refused).toEqual([expect.stringContaining('"Starting up"')])
    expect(port.info()).toMatchObject({ session: 1, counters: { framesDropped: { length: 1 } } })
    await port.close()
  })

  it('F12: gets requests byte for byte as an Elixir client with {packet, 2} writes them', async () => {
    const port = await openSerial()
    const request = async (value: unknown) => hex((await port.call('request', value as never)) as Uint8Array)
    expect(await request({ pin: 13, value: 0.5 })).toBe(
      '00 16 0c 82 a3 70 69 6e 0d a5 76 61 6c 75 65 cb 3f e0 00 00 00 00 00 00',
    )
    expect(await request([1, 'two', null, 200, -33, true])).toBe('00 0d 0c 96 01 a3 74 77 6f c0 cc c8 d0 df c3')
    await port.close()
  })

  it('F13: a packet that nobody asked for is told to watchers and is no answer', async () => {
    const port = await openSerial()
    const unasked = new Promise<string>((resolve) => {
      port.watch((notice) => problems([notice]).forEach(resolve))
    })
    await expect(port.call('twice')).resolves.toBe(1)
    // While a call waits it could not be told from the answer: there is no id.
    expect(await unasked).toContain('".event"')
    await expect(port.call('echo', 2)).resolves.toBe(2)
    await port.close()
  })

  it('F14: an answer with bytes after the value fails that call alone', async () => {
    const port = await openSerial()
    const [bad, good] = [failure(port.call('excess')), port.call('echo', 1)]
    expect(await bad).toMatchObject({ code: 'REPLY_INVALID', message: expect.stringContaining('trailing_bytes') })
    await expect(good).resolves.toBe(1)
    await port.close()
  })
})
