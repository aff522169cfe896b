import { describe, expect, it } from 'vitest'
import { createPort, defineContract, type OpenOptions } from '../../src/index.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { encodePacket, type PrefixBytes } from '../../src/wire/index.js'
import { createScriptedPeer, failure, forget, hex, problems, scriptedPort } from './action-peer.js'

describe("a port with protocol 'action' on a program", () => {
  it('is ready as soon as its link is, and has written nothing', async () => {
    const { clock, port, peer } = await scriptedPort()
    expect(clock.nowMs()).toBeLessThan(10)
    expect(peer.bytesHeard).toBe(0)
    expect(port.info()).toMatchObject({ state: 'running', session: 1, device: { maxContentBytes: 65_535, window: 16 } })
  })

  it('F12: sends the action and the value, and takes a packet that is one value as the answer', async () => {
    const { clock, port, peer } = await scriptedPort()
    const call = port.call('echo', { id: 7, on: true })
    expect(peer.take().map(hex)).toEqual(['00 82 a2 69 64 07 a2 6f 6e c3'])
    peer.answer([1, 'two', null, 3.5, true])
    await expect(clock.until(call)).resolves.toEqual([1, 'two', null, 3.5, true])
  })

  it('F12: sends nil where there are no arguments, and floats in 64 bits as Elixir does', async () => {
    const { port, peer } = await scriptedPort()
    forget(port.call('echo'))
    forget(port.call('echo', null as never))
    forget(port.call('echo', [21.5, 1.1, 7]))
    expect(peer.take().map(hex)).toEqual([
      '00 c0',
      '00 c0',
      '00 93 cb 40 35 80 00 00 00 00 00 cb 3f f1 99 99 99 99 99 9a 07',
    ])
  })

  it('sends typed arguments as an array by position, and decodes typed results', async () => {
    const clock = createVirtualClock()
    const typed = defineContract({
      name: 'typed',
      version: '1',
      actions: {
        setVent: { args: { open: 'f32', zone: 'u8' }, result: { done: 'bool', zone: 'u8' } },
        stop: {},
      },
    })
    const peer = createScriptedPeer()
    const port = createPort(typed, { protocol: 'action', link: peer.connector, clock })
    await clock.until(port.ready())
    await clock.advance(1)
    const call = port.call('setVent', { open: 0.5, zone: 3 })
    const stop = port.call('stop')
    expect(peer.take().map(hex)).toEqual(['00 92 cb 3f e0 00 00 00 00 00 00 03', '01 c0'])
    peer.answer([true, 3])
    peer.packet(0)
    await expect(clock.until(call)).resolves.toEqual({ done: true, zone: 3 })
    await expect(clock.until(stop)).resolves.toBeUndefined()
  })

  it('C8: tells 0 from nil where the result may be anything, and takes both as done where there is none', async () => {
    const { clock, port, peer } = await scriptedPort()
    const results = [port.call('done'), port.call('done'), port.call('doneVoid'), port.call('doneVoid')]
    for (const byte of [0x00, 0xc0, 0x00, 0xc0]) peer.packet(byte)
    await expect(clock.until(Promise.all(results))).resolves.toEqual([0, null, undefined, undefined])
  })

  it('C9: takes an answer like {error, T} as a result, or as a rejection where the option says so', async () => {
    const shapes = [['error', 'badarg'], { error: { code: 4 } }] as const
    const plain = await scriptedPort()
    for (const shape of shapes) {
      const call = plain.port.call('echo')
      plain.peer.answer(shape)
      await expect(plain.clock.until(call)).resolves.toEqual(shape)
    }
    const { clock, port, peer } = await scriptedPort({ action: { errorReplies: 'error' } })
    const texts: string[] = []
    for (const shape of shapes) {
      const call = failure(port.call('echo'))
      peer.answer(shape)
      const error = await clock.until(call)
      expect(error).toMatchObject({ code: 'REMOTE_ERROR', errorNumber: 16, outcome: 'yes' })
      texts.push(error.message)
    }
    expect(texts).toEqual(['REMOTE_ERROR: echo: badarg (error 16)', 'REMOTE_ERROR: echo: {"code":4} (error 16)'])
    for (const other of [['error'], ['error', 1, 2], { error: 1, more: 2 }, ['ok', 1], 'error']) {
      const call = port.call('echo')
      peer.answer(other)
      await expect(clock.until(call)).resolves.toEqual(other)
    }
  })

  it('C10: gives 64 callers their own answers, 16 requests at a time', async () => {
    const { clock, port, peer } = await scriptedPort()
    const calls = Array.from({ length: 64 }, (_, i) => port.call('echo', i))
    const seen: number[] = []
    for (let batch = peer.take(); batch.length > 0; batch = peer.take()) {
      seen.push(batch.length)
      for (const request of batch) peer.packet(...request.subarray(1))
    }
    expect(seen[0]).toBe(16)
    await expect(clock.until(Promise.all(calls))).resolves.toEqual(Array.from({ length: 64 }, (_, i) => i))
  })

  it('writes no more requests than its window while none is answered', async () => {
    const { port, peer } = await scriptedPort({ action: { window: 2 } })
    for (let i = 0; i < 5; i++) forget(port.call('echo', i))
    expect(peer.take()).toHaveLength(2)
    peer.answer(0)
    expect(peer.take()).toHaveLength(1)
    expect(port.info()).toMatchObject({ unansweredCalls: 2, waitingCalls: 4 })
  })

  it('C11: casts are requests whose answer nobody waits for', async () => {
    const { clock, port, peer } = await scriptedPort()
    port.cast('echo', 1)
    port.cast('echo', 2, { lossy: true })
    const call = port.call('echo', 3)
    expect(peer.take().map(hex)).toEqual(['00 01', '00 02', '00 03'])
    for (const value of ['one', 'two', 'three']) peer.answer(value)
    await expect(clock.until(call)).resolves.toBe('three')
    expect(port.info().counters).toMatchObject({ castErrors: 0, lateReplies: 0, messagesRefused: 0 })
  })

  it('runs onStart first, and then what was called meanwhile', async () => {
    const clock = createVirtualClock()
    const peer = createScriptedPeer()
    const contract = defineContract({ name: 'p', version: '1', actions: { first: {}, next: {} } })
    const port = createPort(contract, {
      protocol: 'action',
      link: peer.connector,
      clock,
      onStart: async (session) => void (await session.call('first')),
    } as OpenOptions<(typeof contract)['definition']>)
    const call = port.call('next')
    await clock.advance(10)
    expect(peer.take().map(hex)).toEqual(['00 c0'])
    peer.packet(0)
    await clock.until(port.ready())
    await clock.advance(1)
    expect(peer.take().map(hex)).toEqual(['01 c0'])
    peer.packet(0)
    await clock.until(call)
  })
})

describe('an answer of a program that is of no use fails its call alone', () => {
  it.each([
    ['F7: without content', [], 'the answer is empty'],
    ['F14: with bytes after the value', [1, 2], 'the answer does not decode (trailing_bytes)'],
    ['that ends before its value does', [0xa5, 0x68], 'the answer does not decode (truncated)'],
    ['with the byte that msgpack never uses', [0xc1], 'the answer does not decode (reserved_byte)'],
  ])('%s', async (_, content, problem) => {
    const { clock, port, peer } = await scriptedPort()
    const bad = failure(port.call('echo', 1))
    const good = port.call('echo', 2)
    peer.packet(...content)
    peer.answer(2)
    expect(await clock.until(bad)).toMatchObject({ code: 'REPLY_INVALID', message: `REPLY_INVALID: echo: ${problem}` })
    await expect(clock.until(good)).resolves.toBe(2)
    expect(port.info().state).toBe('running')
  })

  it('whose type is not the contract’s fails its call alone', async () => {
    const { clock, port, peer } = await scriptedPort()
    const bad = failure(port.call('doneVoid'))
    peer.answer('done')
    expect(await clock.until(bad)).toMatchObject({ code: 'REPLY_INVALID' })
  })
})

describe('a call to a program that times out', () => {
  it('C4: does so after 5,000 ms, or after its own timeoutMs', async () => {
    const { clock, port } = await scriptedPort()
    const began = clock.nowMs()
    const error = await clock.until(failure(port.call('never')))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'unknown' })
    expect(clock.nowMs() - began).toBeGreaterThanOrEqual(5_000)
    expect(clock.nowMs() - began).toBeLessThanOrEqual(5_100)
    const again = clock.nowMs()
    await clock.until(failure(port.call('never', 1, { timeoutMs: 50 })))
    expect(clock.nowMs() - again).toBe(50)
  })

  it('C5: leaves a debt of one answer, which is dropped and counted, and never shifts the later ones', async () => {
    const { clock, port, peer } = await scriptedPort()
    const late = await clock.until(failure(port.call('echo', 6, { timeoutMs: 100 })))
    const calls = [port.call('echo', 41), port.call('echo', 42)]
    for (const value of [6, 41, 42]) peer.answer(value)
    await expect(clock.until(Promise.all(calls))).resolves.toEqual([41, 42])
    await expect(clock.until(late.finalOutcome)).resolves.toBe('yes')
    expect(port.info().counters).toMatchObject({ lateReplies: 1 })
  })

  it('C5: leaves exactly as many debts as there were timeouts', async () => {
    const { clock, port, peer } = await scriptedPort()
    const given = [1, 2, 3].map((i) => failure(port.call('echo', i, { timeoutMs: 100 })))
    await clock.until(Promise.all(given))
    const next = port.call('echo', 4)
    for (const value of [1, 2, 3, 4]) peer.answer(value)
    await expect(clock.until(next)).resolves.toBe(4)
    expect(port.info().counters.lateReplies).toBe(3)
  })

  it('C5: that nothing was written for leaves none', async () => {
    const { clock, port, peer } = await scriptedPort({ action: { window: 1 } })
    const first = port.call('echo', 1)
    const waiting = await clock.until(failure(port.call('echo', 2, { timeoutMs: 100 })))
    expect(waiting).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'no' })
    peer.answer(1)
    await clock.until(first)
    const next = port.call('echo', 3)
    expect(peer.take().map(hex)).toEqual(['00 01', '00 03'])
    peer.answer(3)
    await expect(clock.until(next)).resolves.toBe(3)
  })

  it('C15: an aborted call leaves a debt too', async () => {
    const { clock, port, peer } = await scriptedPort()
    const abort = new AbortController()
    const call = failure(port.call('echo', 1, { signal: abort.signal } as never))
    abort.abort()
    expect(await clock.until(call)).toMatchObject({ code: 'CALL_ABORTED' })
    const next = port.call('echo', 2)
    for (const value of [1, 2]) peer.answer(value)
    await expect(clock.until(next)).resolves.toBe(2)
  })

  it('whose debt is still unpaid after its timeout once more ends the session, and the peer is started again', async () => {
    const { clock, port, peer, notices } = await scriptedPort()
    await clock.until(failure(port.call('never', 0, { timeoutMs: 100 })))
    await clock.advance(99)
    expect(port.info().state).toBe('running')
    const caught = failure(port.call('echo', 1))
    await clock.advance(1)
    const exit = { kind: 'protocol', detail: 'no answer to never in twice its timeout of 100 ms' }
    expect(await clock.until(caught)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit })
    expect(notices).toContainEqual(expect.objectContaining({ kind: 'state', state: 'backoff', exit }))
    await clock.until(port.ready())
    await clock.advance(1)
    expect(peer.opens).toBe(2)
    peer.take()
    const next = port.call('echo', 2)
    peer.answer(2)
    await expect(clock.until(next)).resolves.toBe(2)
  })

  it('is not held against the peer while a call before it still has time', async () => {
    const { clock, port, peer } = await scriptedPort()
    const slow = port.call('slow', 1, { timeoutMs: 2_000 })
    await clock.until(failure(port.call('echo', 2, { timeoutMs: 100 })))
    await clock.advance(1_000)
    expect(port.info().state).toBe('running')
    peer.answer('slow')
    await expect(clock.until(slow)).resolves.toBe('slow')
    await clock.advance(99)
    expect(port.info().state).toBe('running')
    peer.answer('late')
    await clock.advance(1_000)
    expect(port.info()).toMatchObject({ state: 'running', counters: { lateReplies: 1 } })
  })

  it("has the peer started again at once with onTimeout: 'restart'", async () => {
    const { clock, port, peer, notices } = await scriptedPort({ action: { onTimeout: 'restart' } })
    const others = failure(port.call('slow', 1))
    await clock.until(failure(port.call('never', 0, { timeoutMs: 100 })))
    expect(await clock.until(others)).toMatchObject({ code: 'PORT_EXITED' })
    expect(notices).toContainEqual(
      expect.objectContaining({
        exit: { kind: 'protocol', detail: 'no answer to never in its timeout of 100 ms' },
      }),
    )
    await clock.until(port.ready())
    expect(peer.opens).toBe(2)
  })
})

describe('the end of the program', () => {
  it('C7: fails all calls in flight at once, with the status', async () => {
    const { clock, port, peer } = await scriptedPort({ restart: { type: 'temporary' } })
    const calls = [1, 2, 3].map((i) => failure(port.call('echo', i)))
    const began = clock.nowMs()
    peer.end({ kind: 'status', status: 3 })
    for (const error of await clock.until(Promise.all(calls))) {
      expect(error).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown', exit: { kind: 'status', status: 3 } })
    }
    expect(clock.nowMs() - began).toBeLessThanOrEqual(50)
    await expect(clock.until(port.exited)).resolves.toEqual({ kind: 'status', status: 3 })
  })

  it('L19: takes its debts and the half packet with it', async () => {
    const { clock, port, peer, notices } = await scriptedPort()
    await clock.until(failure(port.call('echo', 1, { timeoutMs: 100 })))
    peer.bytes(0, 5, 0xa4, 0x6c)
    peer.end({ kind: 'status', status: 1 })
    expect(problems(notices)).toEqual([
      'truncated: the stream ended with 4 of 7 bytes of a packet; the first bytes that came: 00 05 a4 6c "...l"',
    ])
    await clock.until(port.ready())
    await clock.advance(1)
    peer.take()
    const next = port.call('echo', 2)
    peer.answer(2)
    await expect(clock.until(next)).resolves.toBe(2)
    expect(port.info().counters).toMatchObject({ lateReplies: 0, framesDropped: { length: 1 } })
  })

  it('L17: a peer that ends between two calls is started again, and the next call gets its answer', async () => {
    const { clock, port, peer } = await scriptedPort()
    peer.end({ kind: 'status', status: 0 })
    const call = port.call('echo', 5)
    await clock.until(port.ready())
    await clock.advance(1)
    expect(peer.take()).toHaveLength(1)
    peer.answer(5)
    await expect(clock.until(call)).resolves.toBe(5)
    expect(port.info().restarts).toBe(1)
  })
})

describe('F13: a packet of a program that nothing is owed for', () => {
  it('is told to watchers and counted, and is never the answer to a later call', async () => {
    const { clock, port, peer, notices } = await scriptedPort()
    peer.answer('unasked')
    const call = port.call('echo', 1)
    peer.answer('asked')
    await expect(clock.until(call)).resolves.toBe('asked')
    expect(problems(notices)).toEqual(['a packet that answers no request: a7 75 6e 61 73 6b 65 64 ".unasked"'])
    expect(port.info().counters.messagesRefused).toBe(1)
  })
})

describe('F11: text of a program before its first packet', () => {
  it('is a protocol error that names it when the length it claims is too long', async () => {
    const { clock, port, peer } = await scriptedPort({ packet: 4, restart: { type: 'temporary' } })
    peer.bytes(...new TextEncoder().encode('Hello, world\n'))
    const exit = await clock.until(port.exited)
    expect(exit).toMatchObject({ kind: 'protocol', detail: expect.stringContaining('1214606444 bytes was announced') })
    expect(exit).toMatchObject({ detail: expect.stringContaining('"Hello, world."') })
  })

  it('is named when its length could be one, and the rest of it never comes', async () => {
    const { clock, port, peer } = await scriptedPort({ restart: { type: 'temporary' } })
    peer.bytes(...new TextEncoder().encode('Hi there\n'))
    await clock.until(failure(port.call('echo', 1, { timeoutMs: 100 })))
    const exit = await clock.until(port.exited)
    expect(exit).toMatchObject({
      kind: 'protocol',
      detail: expect.stringContaining('held: 9 of 18539 bytes of a packet'),
    })
    expect(exit).toMatchObject({ detail: expect.stringContaining('"Hi there."') })
  })
})

describe('on a UART', () => {
  it('sends one request at a time, in bare packets', async () => {
    const { port, peer } = await scriptedPort({}, { lossless: false })
    forget(port.call('echo', 1))
    forget(port.call('echo', 2))
    expect(peer.take().map(hex)).toEqual(['00 01'])
    peer.answer(1)
    expect(peer.take().map(hex)).toEqual(['00 02'])
  })

  it('F9: drops and counts half a packet after 50 ms of silence, fails its call, and is in step again', async () => {
    const { clock, port, peer, notices } = await scriptedPort({}, { lossless: false })
    const cut = failure(port.call('echo', 'half'))
    peer.bytes(0, 5, 0xa4, 0x68)
    await clock.advance(49)
    expect(port.info().unansweredCalls).toBe(1)
    await clock.advance(1)
    expect(await clock.until(cut)).toMatchObject({
      code: 'REPLY_INVALID',
      message: expect.stringContaining('the answer was cut off: 4 of 7 bytes of a packet'),
    })
    expect(problems(notices)).toEqual([expect.stringContaining('cut off: 4 of 7 bytes of a packet')])
    const next = port.call('echo', 'whole')
    peer.answer('whole')
    await expect(clock.until(next)).resolves.toBe('whole')
    expect(port.info().counters.framesDropped.length).toBe(1)
  })

  it('takes a packet whose bytes come one by one with pauses below that', async () => {
    const { clock, port, peer } = await scriptedPort({}, { lossless: false })
    const call = port.call('echo', 'slow')
    for (const byte of encodePacket(Uint8Array.of(0xa4, 0x73, 0x6c, 0x6f, 0x77), 2)) {
      peer.bytes(byte)
      await clock.advance(49)
    }
    await expect(clock.until(call)).resolves.toBe('slow')
  })

  it('on a pipe half a packet is waited for until the call ends', async () => {
    const { clock, port, peer } = await scriptedPort()
    const call = port.call('echo', 1)
    peer.bytes(0)
    await clock.advance(1_000)
    peer.bytes(1, 1)
    await expect(clock.until(call)).resolves.toBe(1)
  })
})

describe.each([1, 2, 4] as const)('F6: three answers of a program with a prefix of %i', (packet: PrefixBytes) => {
  const answers = [Uint8Array.of(7), Uint8Array.of(0xa3, 0x6f, 0x6e, 0x65), Uint8Array.of(0x92, 1, 0xc3)]
  const stream = answers.flatMap((content) => [...encodePacket(content, packet)])
  const values = [7, 'one', [1, true]]

  async function receive(...chunks: number[][]) {
    const { clock, port, peer } = await scriptedPort({ packet })
    const calls = values.map((_, i) => port.call('echo', i))
    for (const chunk of chunks) if (chunk.length > 0) peer.bytes(...chunk)
    return clock.until(Promise.all(calls))
  }

  it('come whole from every cut into two chunks', async () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(await receive(stream.slice(0, cut), stream.slice(cut))).toEqual(values)
    }
  })

  it('come whole byte by byte', async () => {
    expect(await receive(...stream.map((byte) => [byte]))).toEqual(values)
  })
})

describe('options that cannot be', () => {
  const port =
    (options: object, lossless = true) =>
    () =>
      createPort(defineContract({ name: 'p', version: '1' }), {
        link: createScriptedPeer({ lossless }).connector,
        ...options,
      } as never)

  it.each([
    [{ packet: 3 }, true, 'packet: 3 is not 1, 2 or 4'],
    [{ protocol: 'raw' }, true, `protocol: "raw" is not 'portwire' or 'action'; bytes both ways are openRaw's`],
    [{ packet: 4 }, false, 'packet: 4 does not go with a UART, whose frames have a length of 2 bytes'],
    [{ protocol: 'action', action: { window: 0 } }, true, 'action.window: 0 is not a whole number from 1'],
    [{ protocol: 'action', action: { onTimeout: 'x' } }, true, `action.onTimeout: "x" is not 'debt' or 'restart'`],
    [{ protocol: 'action', action: { errorReplies: 1 } }, true, `action.errorReplies: 1 is not 'result' or 'error'`],
    [{ action: {} }, true, `action: goes with protocol 'action' only`],
  ])('%j are refused at once', (options, lossless, problem) => {
    expect(port(options, lossless)).toThrow(`ARGUMENT_INVALID: ${problem}`)
  })

  it('values that msgpack has no form for are refused before a byte is sent', async () => {
    const { port, peer } = await scriptedPort()
    await expect(port.call('echo', () => 1)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: 'ARGUMENT_INVALID: echo: a function cannot be sent',
    })
    await expect(port.call('echo', { tooLarge: 2n ** 64n })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(peer.bytesHeard).toBe(0)
    expect(port.info().waitingCalls).toBe(0)
  })
})
