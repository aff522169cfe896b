import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeExit, type OpenOptions, open, type Port, type PortNotice } from '../../src/index.js'
import { spawnConnector } from '../../src/link/index.js'
import { createPacketDecoder, createValueCodec, encodePacket, type PrefixBytes } from '../../src/wire/index.js'
import { failure, hex, type Options, type Peer, peer, problems } from './action-peer.js'
import { compileProgram } from './programs/compile.js'

let program = ''
const ports: Port<Peer>[] = []

beforeAll(async () => {
  program = await compileProgram('peer')
}, 60_000)
afterEach(async () => void (await Promise.all(ports.splice(0).map((port) => port.close()))))

/** The program as a port; its packets have a prefix of 2 unless the options say otherwise. */
async function start(options: Options = {}, text?: string) {
  const args = [`${options.packet ?? 2}`, ...(text === undefined ? [] : [text])]
  const port = await open(peer, { protocol: 'action', spawn: program, args, ...options } as OpenOptions<Peer>)
  ports.push(port)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  return { port, notices }
}

/** Resolves with the first notice that the test looks for. */
const noticed = (port: Port<Peer>, wanted: (notice: PortNotice) => boolean) =>
  new Promise<PortNotice>((resolve) => {
    const stop = port.watch((notice) => {
      if (!wanted(notice)) return
      stop()
      resolve(notice)
    })
  })

describe('a C program that knows nothing of portwire', () => {
  it.each([1, 2, 4] as const)('F1: echoes values with a prefix of %i', async (packet: PrefixBytes) => {
    const { port } = await start({ packet })
    for (const value of [0, null, true, -1, 2 ** 40, 21.5, 'text', Uint8Array.of(1, 2), [1, [2]], { id: 7 }]) {
      await expect(port.call('echo', value as never)).resolves.toEqual(value)
    }
  })

  it('F12: gets requests byte for byte as an Elixir client with {packet, 2} writes them', async () => {
    const { port } = await start()
    const request = async (value: unknown) => hex((await port.call('request', value as never)) as Uint8Array)
    // Msgpax 2: maps in the order of their keys, floats in 64 bits, everything else as short as it can be.
    expect(await request({ pin: 13, value: 0.5 })).toBe(
      '00 16 0c 82 a3 70 69 6e 0d a5 76 61 6c 75 65 cb 3f e0 00 00 00 00 00 00',
    )
    expect(await request([1, 'two', null, 200, -33, true])).toBe('00 0d 0c 96 01 a3 74 77 6f c0 cc c8 d0 df c3')
    expect(await request(undefined)).toBe('00 02 0c c0')
  })

  it.each([
    [1, [0, 1, 2, 200, 252]],
    [2, [0, 1, 254, 255, 256, 257, 65_530, 65_531]],
    [4, [0, 1, 255, 65_536, 70_000, 2 ** 20]],
  ] as const)('F1, F3: round trips with a prefix of %i keep their length: %j', async (packet, lengths) => {
    const { port } = await start({ packet })
    for (const length of lengths) {
      const data = new Uint8Array(length).fill(length & 0xff)
      expect(Buffer.compare((await port.call('echo', data)) as Uint8Array, data)).toBe(0)
    }
  })

  it('F2: never sees a request of 65,536 bytes, and answers the next one', async () => {
    const { port } = await start()
    await expect(port.call('length', new Uint8Array(65_531))).resolves.toBe(65_535)
    await expect(port.call('length', new Uint8Array(65_532))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(port.call('length', new Uint8Array(70_000))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(port.call('length', 1)).resolves.toBe(2)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
  })

  it('F3: answers 70,000 bytes with a prefix of 4', async () => {
    const { port } = await start({ packet: 4 })
    const answer = (await port.call('big', 70_000)) as Uint8Array
    expect(answer).toHaveLength(70_000)
    expect(answer.every((byte) => byte === 0xa5)).toBe(true)
  })

  it('F4: announces 2^32 - 1 bytes and ends as a protocol error', async () => {
    const { port } = await start({ packet: 4, restart: { type: 'temporary' } })
    await expect(port.call('lie')).rejects.toMatchObject({
      code: 'PORT_EXITED',
      exit: { kind: 'protocol', detail: expect.stringContaining('4294967295 bytes was announced') },
    })
  })

  it('F7: an answer without content fails that call alone', async () => {
    const { port } = await start()
    const [bad, good] = [failure(port.call('empty')), port.call('echo', 1)]
    expect(await bad).toMatchObject({ code: 'REPLY_INVALID' })
    await expect(good).resolves.toBe(1)
  })

  it('F14: an answer with bytes after the value fails that call alone', async () => {
    const { port } = await start()
    const [bad, good] = [failure(port.call('excess')), port.call('echo', 1)]
    expect(await bad).toMatchObject({ code: 'REPLY_INVALID', message: expect.stringContaining('trailing_bytes') })
    await expect(good).resolves.toBe(1)
  })

  it('F8: half an answer and the end is never the answer, and is told as truncated', async () => {
    const { port, notices } = await start()
    await expect(port.call('halfExit')).rejects.toMatchObject({
      code: 'PORT_EXITED',
      exit: { kind: 'status', status: 0 },
    })
    expect(problems(notices)).toEqual([
      expect.stringContaining('truncated: the stream ended with 7 of 12 bytes of a packet'),
    ])
    await expect(port.call('echo', 'fresh')).resolves.toBe('fresh')
  })

  it('F9: half an answer and silence: the deadline is for the whole packet, then the program is started again', async () => {
    const { port } = await start()
    const first = await port.call('pid')
    const restarted = noticed(port, (notice) => notice.kind === 'state' && notice.state === 'backoff')
    const began = performance.now()
    await expect(port.call('halfHang', 0, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(199)
    expect(performance.now() - began).toBeLessThan(1_000) // not until a second byte comes
    expect(await restarted).toMatchObject({
      exit: {
        kind: 'protocol',
        detail: expect.stringContaining('no answer to halfHang in twice its timeout of 200 ms; held: 7 of 12 bytes'),
      },
    })
    expect(await port.call('pid')).not.toBe(first)
  })

  it('F11: text before the first packet is a protocol error that names it', async () => {
    const restart = { type: 'temporary' } as const
    const end = await start({ packet: 4, restart }, 'Starting up...\n').then(
      async ({ port }) => describeExit(await port.exited),
      (error: Error) => error.message, // it was faster than open
    )
    expect(end).toContain('"Starting up...."')
  })

  it('F13: a packet that nobody asked for is told to watchers and is no answer', async () => {
    const { port, notices } = await start()
    const unasked = noticed(port, (notice) => notice.kind === 'refused')
    await expect(port.call('twice')).resolves.toBe(1)
    expect(await unasked).toMatchObject({ problem: expect.stringContaining('".event"') })
    await expect(port.call('echo', 2)).resolves.toBe(2)
    expect(problems(notices)).toHaveLength(1)
  })

  it('C7: a crash in mid-call fails all calls with its status, at most 50 ms after it', async () => {
    const took: number[] = []
    for (let round = 0; round < 5; round++) {
      const { port } = await start({ restart: { type: 'temporary' } })
      await port.call('echo', 1)
      const began = performance.now()
      const calls = [port.call('crash'), port.call('echo', 2), port.call('echo', 3)].map(failure)
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({ code: 'PORT_EXITED', exit: { kind: 'status', status: 3 } })
      }
      took.push(performance.now() - began)
      await expect(port.exited).resolves.toEqual({ kind: 'status', status: 3 })
    }
    // From the call on, so the program's own way to the crash is in it; the machine may be busy now and then.
    expect(Math.min(...took)).toBeLessThan(50)
    expect(Math.max(...took)).toBeLessThan(2_000)
  })

  it('C8, C9: answers 0, nil and an error, which are told apart', async () => {
    const { port } = await start({ action: { errorReplies: 'error' } })
    await expect(port.call('done')).resolves.toBe(0)
    await expect(port.call('nil')).resolves.toBeNull()
    await expect(port.call('fail')).rejects.toMatchObject({
      code: 'REMOTE_ERROR',
      message: expect.stringContaining('why'),
    })
    const plain = await start()
    await expect(plain.port.call('fail')).resolves.toEqual(['error', 'why'])
  })

  it('C10: 64 callers at once get their own answers, one slow among them', async () => {
    const { port } = await start()
    const calls = [port.call('slow', 20), ...Array.from({ length: 63 }, (_, i) => port.call('echo', i))]
    await expect(Promise.all(calls)).resolves.toEqual([0, ...Array.from({ length: 63 }, (_, i) => i)])
  })

  it('C11: 10,000 casts have their answers taken and leave nothing behind', async () => {
    const { port } = await start({ maxQueuedCalls: 20_000 })
    for (let i = 0; i < 10_000; i++) port.cast('done')
    await expect(port.call('echo', 'last')).resolves.toBe('last')
    expect(port.info()).toMatchObject({ waitingCalls: 0, unansweredCalls: 0, counters: { castErrors: 0 } })
  })
})

describe('C5: an answer that comes after its timeout', () => {
  it('shifts every later answer by one for a client that takes the first packet, as BotArmy’s does', async () => {
    const client = await startNaiveClient()
    expect(await client.call('hold', 6, 100)).toBe('timeout')
    expect(await client.call('echo', 41, 1_000)).toBe(6)
    expect(await client.call('echo', 42, 1_000)).toBe(41)
    await client.close()
  })

  it('is dropped and counted here, and the later calls get their own', async () => {
    const { port } = await start()
    // The program answers it when the next request has come: no sooner can it, and no moment is worse.
    await expect(port.call('hold', 6, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    expect(await Promise.all([port.call('echo', 41), port.call('echo', 42)])).toEqual([41, 42])
    expect(port.info()).toMatchObject({ session: 1, counters: { lateReplies: 1 } })
  })

  it('L17: is waited for no longer than its timeout again when it never comes', async () => {
    const { port } = await start()
    const first = await port.call('pid')
    const restarted = noticed(port, (notice) => notice.kind === 'state' && notice.state === 'backoff')
    await expect(port.call('never', 0, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await restarted
    expect(await port.call('pid')).not.toBe(first)
    await expect(port.call('echo', 1)).resolves.toBe(1)
  })
})

/** What BotArmy's call_port does: writes a request and takes the first packet that comes as its answer. */
async function startNaiveClient() {
  const codec = createValueCodec()
  const inbox: Uint8Array[] = []
  let arrived: () => void = () => {}
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  const link = await spawnConnector({ program, args: ['2'] }).connect({
    data(bytes) {
      for (const event of decoder.push(bytes)) if (event.kind === 'content') inbox.push(event.bytes.slice())
      arrived()
    },
    ended() {},
  })
  return {
    async call(action: keyof Peer['actions'], value: unknown, timeoutMs: number): Promise<unknown> {
      const content = Uint8Array.of(peer.actions.get(action)!.index, ...codec.encode(value))
      link.write(encodePacket(content, 2))
      let isOver = false
      const deadline = setTimeout(() => {
        isOver = true
        arrived()
      }, timeoutMs)
      while (inbox.length === 0 && !isOver) await new Promise<void>((resolve) => (arrived = resolve))
      clearTimeout(deadline)
      const answer = inbox.shift()
      const decoded = answer && codec.decode(answer)
      return decoded?.ok ? decoded.value : 'timeout'
    },
    close: () => link.close(),
  }
}
