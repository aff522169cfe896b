import { describe, expect, it } from 'vitest'
import { Action, encodeFrame } from '../../src/wire/index.js'
import { runningPort, startPort } from './harness.js'

const SET_VENT = 1
const SET_LAMP = 2
const ECHO = 6

describe('a call', () => {
  it('goes out with the next token and its arguments by position, and resolves with the decoded result', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('setVent', { open: 0.5 })
    expect(device.take()).toMatchObject([{ action: SET_VENT, token: 3, value: [0.5] }])
    device.say(Action.REPLY, 3, 0.5)
    await expect(clock.until(call)).resolves.toBe(0.5)
  })

  it('waits for a free place in the window of the device', async () => {
    const { clock, device, port } = await runningPort()
    const calls = [port.call('setLamp', { on: true }), port.call('setLamp', { on: false })]
    expect(device.take().map((m) => m.token)).toEqual([3])
    device.say(Action.REPLY, 3, true)
    expect(device.take().map((m) => m.token)).toEqual([4])
    device.say(Action.REPLY, 4, false)
    await expect(clock.until(Promise.all(calls))).resolves.toEqual([true, false])
  })

  it('takes its own reply among many, in whatever order they come', async () => {
    const { clock, device, port } = await runningPort({}, { window: 16, receiveBytes: 0, maxContent: 200 })
    const calls = Array.from({ length: 16 }, (_, i) => port.call('echo', { data: Uint8Array.of(i) }))
    const sent = device.take()
    expect(sent).toHaveLength(16)
    for (const { token, value } of sent.reverse()) device.say(Action.REPLY, token, (value as unknown[])[0])
    const results = await clock.until(Promise.all(calls))
    expect(results.map((r) => r[0])).toEqual(Array.from({ length: 16 }, (_, i) => i))
  })

  it('is sent again with the same token until it is answered, and a second answer changes nothing', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('setLamp', { on: true })
    await clock.advance(400)
    const copies = device.take().filter((m) => m.action === SET_LAMP)
    expect(copies.length).toBeGreaterThan(1)
    expect(new Set(copies.map((m) => m.token))).toEqual(new Set([3]))
    device.say(Action.REPLY, 3, true)
    device.say(Action.REPLY, 3, true)
    await expect(clock.until(call)).resolves.toBe(true)
    expect(port.info().counters).toMatchObject({ repeatsSent: copies.length - 1, lateReplies: 1 })
  })

  it('is never sent twice on a lossless link', async () => {
    const { clock, device, port } = await runningPort({}, { window: 4 }, { lossless: true })
    const call = port.call('setLamp', { on: true }, { timeoutMs: 3_000 })
    const failed = expect(clock.until(call)).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await failed
    expect(device.take().filter((m) => m.token !== 0)).toHaveLength(1)
  })

  it('ends at its deadline as unknown, and SKIP finds out that it never ran', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('setLamp', { on: true }, { timeoutMs: 100 })
    const error = await clock.until(call.catch((e) => e))
    expect(error).toMatchObject({
      code: 'CALL_TIMEOUT',
      outcome: 'unknown',
      message: 'CALL_TIMEOUT: setLamp: no reply from greenhouse in 100 ms; it may have run',
    })
    expect(device.take().at(-1)).toMatchObject({ action: Action.SKIP, token: 3, value: null })
    device.say(Action.ERROR, 3, [5])
    await expect(clock.until(error.finalOutcome)).resolves.toBe('no')
  })

  it('whose reply comes after the deadline settles its outcome and never answers the next call', async () => {
    const { clock, device, port } = await runningPort({}, { receiveBytes: 0 })
    const late = await clock.until(port.call('setVent', { open: 1 }, { timeoutMs: 100 }).catch((e) => e))
    const next = port.call('setVent', { open: 0.25 })
    device.say(Action.REPLY, 3, 1)
    device.say(Action.REPLY, 4, 0.25)
    await expect(clock.until(next)).resolves.toBe(0.25)
    await expect(late.finalOutcome).resolves.toBe('yes')
  })

  it('that was never written ends at its deadline saying so', async () => {
    const { clock, port } = startPort()
    const error = await clock.until(port.call('identify', {}, { timeoutMs: 50 }).catch((e) => e))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', outcome: 'no', message: expect.stringContaining('never sent') })
    await expect(error.finalOutcome).resolves.toBe('no')
  })

  it('answered by an error carries its number and whether it ran', async () => {
    const { clock, device, port } = await runningPort()
    const answers: [number, string][] = [
      [1, 'no'],
      [7, 'unknown'],
      [8, 'yes'],
      [16, 'yes'],
    ]
    for (const [errorNumber, outcome] of answers) {
      const call = port.call('identify').catch((e) => e)
      const [sent] = device.take()
      device.say(Action.ERROR, sent!.token, [errorNumber, 'because'])
      expect(await clock.until(call)).toMatchObject({
        code: 'REMOTE_ERROR',
        errorNumber,
        outcome,
        message: `REMOTE_ERROR: identify: because (error ${errorNumber})`,
      })
    }
  })

  it('whose reply has the wrong type fails alone', async () => {
    const { clock, device, port } = await runningPort()
    const call = port.call('setLamp', { on: true })
    device.say(Action.REPLY, 3, 'yes')
    await expect(clock.until(call)).rejects.toMatchObject({
      code: 'REPLY_INVALID',
      message: 'REPLY_INVALID: result of setLamp: expected a boolean, got "yes"',
    })
    expect(port.info().state).toBe('running')
  })

  it('whose reply does not decode fails alone, at once', async () => {
    const { clock, device, port, notices } = await runningPort()
    const call = port.call('setLamp', { on: true })
    device.sayBytes(encodeFrame(Uint8Array.of(Action.REPLY, 3, 0xc1)))
    await expect(clock.until(call)).rejects.toMatchObject({
      code: 'REPLY_INVALID',
      message: expect.stringContaining('setLamp: a message that does not decode (reserved_byte)'),
    })
    expect(notices.some((n) => n.kind === 'refused')).toBe(true)
    expect(port.info().state).toBe('running')
  })

  it('takes a void reply as nil and as 0, the byte that C programs answer', async () => {
    const { clock, device, port } = await runningPort()
    for (const value of [undefined, 0]) {
      const call = port.call('identify')
      device.say(Action.REPLY, device.take()[0]!.token, value)
      await expect(clock.until(call)).resolves.toBeUndefined()
    }
  })

  it.each([
    [
      'an unknown action',
      (p: never) => (p as { call(n: string): unknown }).call('fly'),
      'greenhouse has no action fly; it has: identify',
    ],
    [
      'a wrong argument',
      (p: never) => (p as { call(n: string, a: unknown): unknown }).call('setVent', { open: 2 }),
      'setVent.open: 2 is not in 0 to 1',
    ],
    [
      'a deadline of 0',
      (p: never) => (p as { call(...a: unknown[]): unknown }).call('identify', {}, { timeoutMs: 0 }),
      'timeoutMs: 0 is not above 0',
    ],
  ])('with %s is refused before a byte is sent', async (_, call, message) => {
    const { device, port } = await runningPort()
    await expect(call(port as never)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(message),
    })
    expect(device.take()).toEqual([])
  })

  it('with a number that 32 bits do not hold is refused before a byte is sent, never sent as Infinity', async () => {
    const { clock, device, port } = await runningPort({}, { window: 8, receiveBytes: 0 })
    const call = port.call('setAlarmLimit', { celsius: 1e39 })
    await expect(clock.until(call)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('setAlarmLimit.celsius: 1e+39 is not in '),
    })
    await clock.advance(5)
    expect(device.heard.filter(({ action }) => action < 0xf0)).toEqual([])
  })

  it('too large for the device is refused before a byte is sent; one byte less is not', async () => {
    const { clock, device, port } = await runningPort({}, { maxContent: 2 + 3 + 32 })
    const fits = port.call('echo', { data: new Uint8Array(32) })
    expect(device.take()).toMatchObject([{ action: ECHO }])
    device.say(Action.REPLY, 3, new Uint8Array(32))
    await clock.until(fits)
    const tight = await runningPort({}, { maxContent: 2 + 3 + 31 })
    await expect(tight.port.call('echo', { data: new Uint8Array(32) })).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'TOO_LARGE: echo: 37 bytes of content; the device takes 36',
    })
    expect(tight.device.take()).toEqual([])
  })

  it('held through hello that turns out too large ends alone', async () => {
    const { clock, device, port } = startPort()
    const call = port.call('echo', { data: new Uint8Array(32) })
    const next = port.call('identify')
    device.autoHello({ maxContent: 20 })
    await expect(clock.until(call)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await clock.advance(10)
    device.say(Action.REPLY, device.heard.at(-1)!.token)
    await expect(clock.until(next)).resolves.toBeUndefined()
  })

  it('beyond the bound of waiting calls is refused; the bound itself is not', async () => {
    const { port } = startPort({ maxQueuedCalls: 3 })
    const calls = [1, 2, 3].map(() => port.call('identify'))
    await expect(port.call('identify')).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      message: 'QUEUE_FULL: identify: 3 calls wait for greenhouse',
    })
    const ends = Promise.allSettled(calls)
    await port.close()
    expect((await ends).every((end) => end.status === 'rejected')).toBe(true)
  })

  it('a hundred thousand of them count their tokens around without a mix-up', async () => {
    const { device, port } = await runningPort({}, { window: 8, receiveBytes: 0, maxContent: 200 }, { lossless: true })
    for (let i = 0; i < 100_000 / 8; i++) {
      const calls = Array.from({ length: 8 }, (_, k) =>
        port.call('setInterval', { ms: 100 + (((i * 8 + k) % 60_000) >> 1) }),
      )
      for (const { token, value } of device.take()) device.say(Action.REPLY, token, (value as number[])[0])
      const results = await Promise.all(calls)
      if (results.some((r, k) => r !== 100 + (((i * 8 + k) % 60_000) >> 1))) throw new Error(`mixed up at ${i}`)
    }
  })
})

describe('a cast', () => {
  it('is a call whose answer nobody waits for: it is repeated until it has arrived', async () => {
    const { clock, device, port } = await runningPort()
    port.cast('setLamp', { on: true })
    await clock.advance(300)
    const copies = device.take().filter((m) => m.action === SET_LAMP)
    expect(copies.length).toBeGreaterThan(1)
    device.say(Action.ERROR, 3, [16])
    await clock.settle()
    expect(port.info().counters.castErrors).toBe(1)
  })

  it('that may be lost is sent once, with token 0', async () => {
    const { clock, device, port } = await runningPort()
    port.cast('setLamp', { on: true }, { lossy: true })
    await clock.advance(500)
    expect(device.take().filter((m) => m.action === SET_LAMP)).toMatchObject([{ token: 0, value: [true] }])
    expect(port.info().waitingCalls).toBe(0)
  })
})

describe('room in the ring of the device', () => {
  it('is counted by proof: casts beyond it wait for a TICK that makes room', async () => {
    const { clock, device, port } = await runningPort({}, { receiveBytes: 63 })
    device.mute()
    for (let i = 0; i < 10; i++) port.cast('echo', { data: new Uint8Array(16) }, { lossy: true })
    await clock.settle()
    const first = device.take()
    // 16 bytes of bin are 19 with array and header: 21 of content, 28 on the wire. The confirmed session starts with
    // all read, so two fit into 63 bytes, and a TICK asks for room.
    expect(first.map((m) => m.action)).toEqual([ECHO, ECHO, Action.TICK])
    device.say(Action.REPLY, first[2]!.token, [1, 0, 0x1234_5678])
    expect(device.take().map((m) => m.action)).toEqual([ECHO, ECHO, Action.TICK])
  })

  it('is kept for a large call that waits: small casts do not overtake it', async () => {
    const { clock, device, port } = await runningPort({}, { receiveBytes: 63 })
    device.mute()
    for (let i = 0; i < 2; i++) port.cast('setLamp', { on: true }, { lossy: true }) // 11 bytes on the wire each
    const large = port.call('echo', { data: new Uint8Array(32) }) // 44 bytes: 3 too many
    for (let i = 0; i < 5; i++) port.cast('setLamp', { on: true }, { lossy: true })
    await clock.settle()
    const sent = device.take()
    expect(sent.map((m) => m.action)).toEqual([SET_LAMP, SET_LAMP, Action.TICK])
    device.say(Action.REPLY, sent[2]!.token, [1, 0, 0x1234_5678])
    const next = device.take()
    expect(next.map((m) => m.action)).toEqual([ECHO, SET_LAMP])
    device.say(Action.REPLY, next[0]!.token, new Uint8Array(32))
    await expect(clock.until(large)).resolves.toEqual(new Uint8Array(32))
  })
})
