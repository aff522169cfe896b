import { beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import type { Connector, LinkHandlers } from '../../src/link/index.js'
import { type LinePart, openRaw, type PacketMode, type RawNotice, type RawPort } from '../../src/raw.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { encodePacket } from '../../src/wire/index.js'
import { failure } from './action-peer.js'
import { compileProgram } from './programs/compile.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (packet: Uint8Array) => Buffer.from(packet).toString()

/** A link that a test plays the far end of. */
function createScriptedLink({ lossless = true } = {}) {
  const written: Uint8Array[] = []
  let handlers: LinkHandlers | undefined
  let drained = deferred<void>()
  let takes = true
  let opens = 0
  let inputEnds = 0
  const connector: Connector = {
    name: 'scripted',
    lossless,
    async connect(given) {
      opens += 1
      handlers = given
      takes = true
      let isOver = false
      return {
        write(wire) {
          written.push(wire)
          return takes
        },
        drained: () => drained.promise,
        closeInput() {
          inputEnds += 1
        },
        async close() {
          if (!isOver) given.ended({ kind: 'closed' })
          isOver = true
        },
      }
    },
  }
  return {
    connector,
    take: () => written.splice(0).map(text),
    say: (...parts: (string | Uint8Array)[]) => {
      for (const part of parts) handlers?.data(typeof part === 'string' ? bytes(part) : part)
    },
    end: (exit: Exit) => handlers?.ended(exit),
    inputLost: () => handlers?.inputLost?.('EPIPE'),
    /** From now on every write is one too many, until `drain`. */
    stall() {
      takes = false
      drained = deferred()
    },
    drain() {
      takes = true
      drained.resolve()
    },
    get opens() {
      return opens
    },
    get inputEnds() {
      return inputEnds
    },
  }
}

async function start<const M extends PacketMode>(
  packet: M,
  options: Partial<Parameters<typeof openRaw>[1]> = {},
  link: { readonly lossless?: boolean } = {},
) {
  const clock = createVirtualClock()
  const far = createScriptedLink(link)
  const opening = openRaw({ link: far.connector }, { random: () => 0.5, ...options, packet, clock })
  const port = await clock.until(opening)
  const notices: RawNotice[] = []
  port.watch((notice) => notices.push(notice))
  return { clock, far, port, notices }
}

/** All that is still to come of a port that has been closed, or will be. */
async function rest<P>(port: RawPort<P>): Promise<P[]> {
  const packets: P[] = []
  for await (const packet of port.packets()) packets.push(packet)
  return packets
}

describe('F5: the packet modes of a raw port on a program', () => {
  it.each([1, 2, 4] as const)('packets with a prefix of %i go both ways, in any split', async (packet) => {
    const { clock, far, port } = await start(packet)
    await port.write(bytes('out'))
    expect(far.take()).toEqual([text(encodePacket(bytes('out'), packet))])
    const stream = ['one', '', 'three'].flatMap((content) => [...encodePacket(bytes(content), packet)])
    for (const byte of stream) far.say(Uint8Array.of(byte))
    far.say(Uint8Array.from(stream))
    void port.close()
    const packets = await clock.until(rest(port))
    expect(packets.map(text)).toEqual(['one', '', 'three', 'one', '', 'three'])
  })

  it('stream: bytes as they come', async () => {
    const { clock, far, port } = await start('stream')
    await port.write(bytes('out'))
    expect(far.take()).toEqual(['out'])
    far.say('a', 'bc')
    void port.close()
    expect((await clock.until(rest(port))).map(text)).toEqual(['a', 'bc'])
  })

  it('line: lines in parts, the last one without a line end when the stream ends', async () => {
    const { clock, far, port } = await start({ line: 4 })
    far.say('ab\nabc', 'def\r\nx')
    void port.close()
    const parts: LinePart[] = await clock.until(rest(port))
    expect(parts.map((part) => [part.eol, text(part.bytes)])).toEqual([
      [true, 'ab'],
      [false, 'abcd'],
      [true, 'ef'],
      [false, 'x'],
    ])
    expect(port.info().counters.partialsDropped).toBe(0)
  })

  it('fixed: records, a part of one dropped and counted; a new session begins a new one', async () => {
    const { clock, far, port, notices } = await start({ fixed: 3 })
    far.say('abcd', 'e')
    far.end({ kind: 'unplugged', detail: 'gone' })
    expect(notices).toContainEqual({ kind: 'partial_dropped', detail: '2 bytes of a record' })
    await clock.advance(1_000)
    far.say('fghijk')
    void port.close()
    expect((await clock.until(rest(port))).map(text)).toEqual(['abc', 'fgh', 'ijk'])
    expect(port.info()).toMatchObject({ session: 2, restarts: 1, counters: { partialsDropped: 1 } })
  })

  it.each([3, 0, 'lines', { line: 0 }, { line: 1.5 }, { fixed: 2 ** 24 + 1 }, {}, null])(
    '%j is none',
    async (packet) => {
      const far = createScriptedLink()
      expect(await failure(openRaw({ link: far.connector }, { packet: packet as never }))).toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining("is not 1, 2, 4, 'stream', { line: n } or { fixed: n }"),
      })
      expect(far.opens).toBe(0)
    },
  )
})

it.each(['maxPacketBytes', 'maxWaitingPackets', 'maxWaitingBytes', 'maxWaitingWrites'])(
  '%s that would be no bound is refused at once',
  async (option) => {
    const far = createScriptedLink()
    for (const value of [Number.NaN, 0, 1.5, Number.POSITIVE_INFINITY]) {
      const error = await failure(openRaw({ link: far.connector }, { packet: 2, [option]: value }))
      expect(error).toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(option) })
    }
    expect(far.opens).toBe(0)
  },
)

describe('writing to a raw port on a program', () => {
  it('F2: more than the prefix can say is TOO_LARGE before a byte is written, and the port lives', async () => {
    const { far, port } = await start(2)
    await port.write(new Uint8Array(65_535))
    far.take()
    expect(await failure(port.write(new Uint8Array(65_536)))).toMatchObject({ code: 'TOO_LARGE' })
    expect(far.take()).toEqual([])
    await port.write(bytes('next'))
    expect(far.take()).toHaveLength(1)
  })

  it('waits in turn while the link takes no more, and is refused when too many wait', async () => {
    const { clock, far, port } = await start('stream', { maxWaitingWrites: 2 })
    far.stall()
    await port.write(bytes('a'))
    const waiting = [port.write(bytes('b')), port.write(bytes('c'))]
    expect(await failure(port.write(bytes('d')))).toMatchObject({ code: 'QUEUE_FULL' })
    expect(port.info().waitingWrites).toBe(2)
    expect(far.take()).toEqual(['a'])
    far.drain()
    await clock.until(Promise.all(waiting))
    expect(far.take()).toEqual(['b', 'c'])
  })

  it('that waits when the peer ends is told that nothing was written', async () => {
    const { far, port } = await start('stream')
    far.stall()
    await port.write(bytes('a'))
    const waiting = failure(port.write(bytes('b')))
    far.end({ kind: 'status', status: 3 })
    expect(await waiting).toMatchObject({
      code: 'PORT_EXITED',
      message: 'PORT_EXITED: scripted: nothing was written: exited with status 3',
    })
    expect(await failure(port.write(bytes('c')))).toMatchObject({ code: 'PORT_EXITED' })
  })

  it('ends with closeInput, after what waits; packets still come', async () => {
    const { clock, far, port } = await start(2)
    far.stall()
    await port.write(bytes('a'))
    const waiting = port.write(bytes('b'))
    const closed = port.closeInput()
    await clock.settle()
    expect(far.inputEnds).toBe(0)
    far.drain()
    await clock.until(Promise.all([waiting, closed]))
    expect(far.inputEnds).toBe(1)
    expect(await failure(port.write(bytes('c')))).toMatchObject({ code: 'PORT_EXITED' })
    far.say(encodePacket(bytes('still'), 2))
    void port.close()
    expect((await clock.until(rest(port))).map(text)).toEqual(['still'])
  })

  it('is refused once the peer reads no more', async () => {
    const { far, port, notices } = await start(2)
    far.inputLost()
    expect(await failure(port.write(bytes('a')))).toMatchObject({ code: 'PORT_EXITED' })
    expect(notices).toEqual([{ kind: 'input_lost', stream: 'stdin', detail: 'EPIPE' }])
  })
})

describe('reading from a raw port', () => {
  it('drops the newest packets that find the queue full, and counts them', async () => {
    const { clock, far, port, notices } = await start(1, { maxWaitingPackets: 3 })
    for (const content of ['a', 'b', 'c', 'd', 'e']) far.say(encodePacket(bytes(content), 1))
    expect(port.info()).toMatchObject({ waitingPackets: 3, waitingBytes: 3, counters: { packetsDropped: 2 } })
    expect(notices.filter((notice) => notice.kind === 'packets_dropped')).toHaveLength(2)
    const reader = port.packets()
    expect(text((await reader.next()).value!)).toBe('a')
    far.say(encodePacket(bytes('f'), 1))
    await reader.return!()
    void port.close()
    expect((await clock.until(rest(port))).map(text)).toEqual(['b', 'c', 'f'])
  })

  it('is bounded in bytes too, but takes one packet of any length', async () => {
    const { far, port } = await start(2, { maxWaitingBytes: 10 })
    far.say(encodePacket(new Uint8Array(100), 2), encodePacket(new Uint8Array(1), 2))
    expect(port.info()).toMatchObject({ waitingPackets: 1, waitingBytes: 100, counters: { packetsDropped: 1 } })
  })

  it('waits for what has not come, and has one reader at a time', async () => {
    const { clock, far, port } = await start('stream')
    const reader = port.packets()
    const next = reader.next()
    expect(() => port.packets()).toThrow('another reader has not ended yet')
    far.say('now')
    expect(text((await clock.until(next)).value!)).toBe('now')
    const last = reader.next()
    await clock.until(port.close())
    expect((await last).done).toBe(true)
    expect((await rest(port)).length).toBe(0)
  })
})

describe('the life of a raw port', () => {
  it('starts again as its restart options say, and packets go on', async () => {
    const { clock, far, port, notices } = await start(2)
    far.say(encodePacket(bytes('old'), 2), Uint8Array.of(0, 9, 1))
    far.end({ kind: 'status', status: 1 })
    await clock.advance(1_000)
    far.say(encodePacket(bytes('new'), 2))
    await clock.until(port.close())
    expect((await rest(port)).map(text)).toEqual(['old', 'new'])
    expect(port.info()).toMatchObject({ state: 'closed', session: 2, restarts: 1, counters: { partialsDropped: 1 } })
    expect(notices.map((n) => (n.kind === 'state' ? n.state : n.kind))).toEqual([
      'partial_dropped',
      'backoff',
      'opening',
      'running',
      'closed',
    ])
  })

  it('F4: ends a session whose program announces more than is taken, naming the first bytes', async () => {
    const { clock, far, port } = await start(4, { restart: { type: 'temporary' } })
    far.say('Hello, world')
    expect(await clock.until(port.exited)).toEqual({
      kind: 'protocol',
      detail:
        'a packet of 1214606444 bytes was announced; at most 16777216 are taken; the first bytes that came: 48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 "Hello, world"',
    })
  })

  it('F9: on a UART drops half a packet after 50 ms and is in step again', async () => {
    const { clock, far, port } = await start(2, {}, { lossless: false })
    far.say(Uint8Array.of(0, 9, 1))
    await clock.advance(50)
    far.say(encodePacket(bytes('whole'), 2))
    void port.close()
    expect((await clock.until(rest(port))).map(text)).toEqual(['whole'])
    expect(port.info().counters.partialsDropped).toBe(1)
  })

  it('L5: close of a program is idempotent, also while it is starting again', async () => {
    const { clock, far, port } = await start(2)
    far.end({ kind: 'status', status: 1 })
    const exits = await clock.until(Promise.all([port.close(), port.close()]))
    expect(exits).toEqual([{ kind: 'closed' }, { kind: 'closed' }])
    await clock.advance(100_000)
    expect(far.opens).toBe(1)
    expect(await port.exited).toEqual({ kind: 'closed' })
  })
})

describe('a raw port over real programs', () => {
  let program = ''
  beforeAll(async () => {
    program = await compileProgram('peer')
  }, 60_000)

  it('F5: speaks {packet, 4} with a C program', async () => {
    const port = await openRaw({ spawn: program, args: ['4'] }, { packet: 4 })
    const reader = port.packets()
    for (const value of [Uint8Array.of(0xc0), new Uint8Array(70_000).fill(7)]) {
      await port.write(Uint8Array.of(0, ...value))
      expect(Buffer.compare((await reader.next()).value!, value)).toBe(0)
    }
    await port.close()
  })

  it('L9, L13: wc answers after its input has ended, and its exit comes after its output', async () => {
    const port = await openRaw({ spawn: 'wc', args: ['-c'] }, { packet: { line: 80 }, restart: { type: 'temporary' } })
    const data = new Uint8Array(100_000)
    for (let i = 0; i < 50; i++) await port.write(data)
    await port.closeInput()
    expect((await rest(port)).map((part) => text(part.bytes).trim())).toEqual(['5000000'])
    expect(await port.exited).toEqual({ kind: 'status', status: 0 })
  })

  it('L8: tells the status of a program that ends by itself', async () => {
    const port = await openRaw(
      { spawn: 'sh', args: ['-c', 'printf abcdefgh; exit 7'] },
      { packet: { fixed: 3 }, restart: { type: 'temporary' } },
    )
    expect((await rest(port)).map(text)).toEqual(['abc', 'def'])
    expect(await port.exited).toEqual({ kind: 'status', status: 7 })
    expect(port.info().counters).toMatchObject({ bytesReceived: 8, packetsReceived: 2, partialsDropped: 1 })
  })
})
