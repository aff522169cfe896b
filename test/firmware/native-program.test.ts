/** The greenhouse as a program: its options, and how its life ends. The protocol itself is tested elsewhere. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { descriptorOf } from '../../src/contract/descriptor.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import {
  createDeframer,
  createPacketDecoder,
  createValueCodec,
  encodeFrame,
  encodePacket,
} from '../../src/wire/index.js'
import { BUILD_TIMEOUT_MS, firmware, root } from './build.js'

const PROGRAM = path.join(root, 'build/firmware/native/greenhouse')
/** What the program promises when its standard input ends. */
const LEAVE_MS = 200
/** Between two looks at a tty. */
const LOOK_MS = 5

const codec = createValueCodec()
const children: ChildProcessWithoutNullStreams[] = []

beforeAll(async () => {
  await firmware('native')
}, BUILD_TIMEOUT_MS)

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(...args: string[]) {
  const child = spawn(PROGRAM, args)
  children.push(child)
  const exited = once(child, 'exit').then(([status, signal]) => ({ status, signal }))
  return { child, exited }
}

/** The next message on standard output, in bare packets or frames. What the program asks of its host is left out, unless `all`. */
function reader(child: ChildProcessWithoutNullStreams, framed: boolean, all = false) {
  const decoder = framed
    ? createDeframer({ maxContentBytes: 65_535 })
    : createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  const contents: Uint8Array[] = []
  let wake = () => {}
  child.stdout.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) {
      if (event.kind !== 'content' || (event.bytes[0] === GET_SETPOINT && !all)) continue
      contents.push(Uint8Array.from(event.bytes))
    }
    wake()
  })
  return async () => {
    while (contents.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return contents.shift()!
  }
}

function message(action: number, token: number, value?: unknown): Uint8Array {
  return Uint8Array.from([action, token, ...(value === undefined ? [] : codec.encode(value))])
}

function fieldsOf(content: Uint8Array): readonly unknown[] {
  const decoded = codec.decode(content.subarray(2))
  if (!decoded.ok) throw new Error(`bad value: ${JSON.stringify(decoded)}`)
  return decoded.value as unknown[]
}

const HELLO = message(0xf0, 1, [1, 0x5eed, 4096, 1000])
const TICK = message(0xf1, 2)
const EPOCH = 2
const RESET_CAUSE = 3
const POWER_ON = 1
const SOFTWARE = 5
const CALIBRATE = 13
const GET_SETPOINT = 14
const ALARM = 10
const [ACK, CANCEL, DESCRIBE, ERROR, LOG, NEXT, REPLY, RESULT, STATS] = [
  0xfb, 0xfc, 0xf2, 0xfe, 0xf5, 0xfd, 0xff, 0xf9, 0xf6,
]

describe('greenhouse as a program on standard input and output', () => {
  it('L6: speaks bare packets, and leaves with status 0 when its input ends', async () => {
    const { child, exited } = start()
    const next = reader(child, false)
    expect((await next())[0]).toBe(0xf0)
    child.stdin.write(encodePacket(HELLO, 2))
    expect((await next()).slice(0, 2)).toEqual(Uint8Array.of(0xff, 1))
    const endedMs = performance.now()
    child.stdin.end()
    expect(await exited).toEqual({ status: 0, signal: null })
    expect(performance.now() - endedMs).toBeLessThan(LEAVE_MS)
  })

  it('answers what came before the end of its input', async () => {
    const { child, exited } = start()
    const next = reader(child, false)
    await next()
    const calls = [HELLO, TICK, ...Array.from({ length: 14 }, (_, i) => message(6, 3 + i, [Uint8Array.of(i)]))]
    child.stdin.end(Buffer.concat(calls.map((content) => encodePacket(content, 2))))
    for (let token = 1; token <= 16; token++) expect((await next()).slice(0, 2)).toEqual(Uint8Array.of(0xff, token))
    expect(await exited).toEqual({ status: 0, signal: null })
  })

  it('L6: leaves when its output is closed, though its input is open', async () => {
    const { child, exited } = start()
    await reader(child, false)()
    child.stdout.destroy()
    child.stdin.on('error', () => {})
    child.stdin.write(encodePacket(HELLO, 2))
    const { status } = await exited
    expect(status).toBe(0)
  })

  /** Its status and what it has to say when it reads this. */
  async function afterReading(...pieces: Uint8Array[]) {
    const { child, exited } = start()
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const said = reader(child, false)
    await said()
    const closed = once(child.stderr, 'close')
    child.stdin.on('error', () => {})
    child.stdin.end(Buffer.concat(pieces))
    await closed
    return { ...(await exited), stderr }
  }

  it('F8: reports an input that ends inside a packet, with status 1', async () => {
    const half = encodePacket(TICK, 2).subarray(0, 3)
    const cut = 'greenhouse: the input ended inside a message\n'
    expect(await afterReading(encodePacket(HELLO, 2), half)).toEqual({ status: 1, signal: null, stderr: cut })
    expect(await afterReading(Uint8Array.of(0))).toEqual({ status: 1, signal: null, stderr: cut })
    expect(await afterReading(encodePacket(HELLO, 2))).toEqual({ status: 0, signal: null, stderr: '' })
  })

  it('F4: gives up a stream that announces more than it takes, with status 1; nothing behind it is obeyed', async () => {
    const { status, stderr } = await afterReading(Uint8Array.of(0x10, 0x01), encodePacket(HELLO, 2))
    expect(status).toBe(1)
    expect(stderr).toContain('greenhouse: a packet longer than this program takes was announced')
  })

  it('leaves in time though a handler is waiting', async () => {
    const { child, exited } = start()
    const next = reader(child, false)
    await next()
    for (const content of [HELLO, TICK]) child.stdin.write(encodePacket(content, 2))
    await next()
    await next()
    child.stdin.write(encodePacket(message(8, 3, [60_000]), 2))
    await sleep(50)
    const endedMs = performance.now()
    child.stdin.end()
    await exited
    expect(performance.now() - endedMs).toBeLessThan(LEAVE_MS)
  })

  it('speaks frames when it is told to', async () => {
    const { child } = start('--frames')
    const next = reader(child, true)
    expect((await next())[0]).toBe(0xf0)
    child.stdin.write(encodeFrame(HELLO))
    expect((await next()).slice(0, 2)).toEqual(Uint8Array.of(0xff, 1))
  })

  it('loses what comes while its bootloader would run', async () => {
    const { child } = start('--boot-ms', '300')
    const next = reader(child, false)
    const startedMs = performance.now()
    child.stdin.write(encodePacket(HELLO, 2))
    expect([...(await next()).slice(0, 2)]).toEqual([0xf0, 0])
    expect(performance.now() - startedMs).toBeGreaterThan(250)
    child.stdin.write(encodePacket(HELLO, 2))
    expect([...(await next()).slice(0, 2)]).toEqual([0xff, 1])
  })

  it('starts anew on RESET: another epoch, and software as the cause', async () => {
    const { child } = start()
    const next = reader(child, false)
    const first = fieldsOf(await next())
    expect(first[RESET_CAUSE]).toBe(POWER_ON)
    child.stdin.write(encodePacket(message(0xf4, 0, [0, first[EPOCH]]), 2))
    const second = fieldsOf(await next())
    expect(second[RESET_CAUSE]).toBe(SOFTWARE)
    expect(second[EPOCH]).not.toBe(first[EPOCH])
  })

  it('exits with status 0 after END_OF_INPUT, once EXIT is acknowledged', async () => {
    const { child, exited } = start()
    const next = reader(child, false)
    await next()
    for (const content of [HELLO, TICK, message(0xf7, 3)]) child.stdin.write(encodePacket(content, 2))
    for (let i = 0; i < 3; i++) await next()
    const exit = await next()
    expect([...exit]).toEqual([0xf8, 1, 0])
    child.stdin.write(encodePacket(message(0xfb, 1), 2))
    expect(await exited).toEqual({ status: 0, signal: null })
  })

  /** A session on standard input and output. The next token is 3; the program has asked for its setpoint under its own token 1. */
  async function session() {
    const { child } = start()
    const next = reader(child, false, true)
    const send = (...contents: Uint8Array[]) => {
      for (const content of contents) child.stdin.write(encodePacket(content, 2))
    }
    await next()
    send(HELLO, TICK)
    await next()
    await next()
    return { next, send, request: await next() }
  }

  /** Its host knows no setpoint. */
  async function plainSession() {
    const { next, send } = await session()
    send(message(ERROR, 1, [1]))
    return { next, send }
  }

  it('calibrates a probe as a job: ten steps, and then the offset', async () => {
    const { next, send } = await plainSession()
    send(message(CALIBRATE, 3, [0]))
    expect([...(await next())]).toEqual([ACK, 3])
    // Calls go on meanwhile.
    send(message(0, 4))
    expect([...(await next()).slice(0, 2)]).toEqual([REPLY, 4])
    for (let step = 1; step <= 10; step++) {
      const item = await next()
      expect([...item.slice(0, 2)]).toEqual([NEXT, 0])
      expect(fieldsOf(item)).toEqual([3, step - 1, [step, 10]])
    }
    const result = await next()
    expect([...result.slice(0, 2)]).toEqual([RESULT, 2])
    expect(fieldsOf(result)).toEqual([3, 0, expect.any(Number), 10])
    send(message(REPLY, 2), message(CALIBRATE, 5, [2]))
    expect(fieldsOf(await next())).toEqual([2, 'argument 1 out of range'])
  })

  it('ends a calibration when it is cancelled, and takes another of the same probe only then', async () => {
    const { next, send } = await plainSession()
    send(message(CALIBRATE, 3, [1]), message(CALIBRATE, 4, [1]), message(CANCEL, 5, 3))
    expect([...(await next())]).toEqual([ACK, 3])
    expect(await next()).toEqual(message(ERROR, 4, [3]))
    const rest = [await next(), await next()]
    expect(rest).toContainEqual(message(REPLY, 5, 0))
    expect(rest).toContainEqual(message(RESULT, 2, [3, 9, null, 0]))
    send(message(REPLY, 2), message(CALIBRATE, 6, [1]))
    expect([...(await next())]).toEqual([ACK, 6])
  })

  it('asks its host for a setpoint at the start of a session, and takes it as the alarm limit', async () => {
    const { next, send, request } = await session()
    expect([...request.slice(0, 2)]).toEqual([GET_SETPOINT, 1])
    expect(fieldsOf(request)).toEqual([expect.any(Number), 0])
    expect(fieldsOf(request)[0]).toBeGreaterThan(2900)
    send(message(REPLY, 1, 10))
    const log = await next()
    expect(log[0]).toBe(LOG)
    expect(fieldsOf(log)).toEqual([6, 'setpoint is the alarm limit'])
    const alarm = await next()
    expect([...alarm.slice(0, 2)]).toEqual([ALARM, 1])
  })

  it('goes on when the host has no setpoint, or none that makes sense', async () => {
    const { next, send } = await plainSession()
    send(message(0, 3))
    expect([...(await next()).slice(0, 2)]).toEqual([REPLY, 3])
    send(HELLO, TICK)
    await next()
    await next()
    expect((await next())[0]).toBe(GET_SETPOINT)
    send(message(REPLY, 1, 61), message(0, 3))
    const rest = [await next(), await next()]
    expect(rest.map(([action]) => action).sort()).toEqual([LOG, REPLY])
  })

  it('tells its contract and its counters', async () => {
    const { next, send } = await plainSession()
    send(message(DESCRIBE, 3, 0), message(STATS, 4))
    const descriptor = descriptorOf(greenhouse)
    expect(fieldsOf(await next())).toEqual([descriptor.length, descriptor])
    expect(fieldsOf(await next())).toEqual([3, 0, 0, 0, 0, 0])
  })

  it.each([
    [['--bogus'], /unknown option "--bogus"/],
    [['--boot-ms', 'soon'], /--boot-ms takes 0 to 60000, not "soon"/],
    [['--boot-ms', '60001'], /not "60001"/],
  ])('refuses %j with status 2', async (args, problem) => {
    const { child, exited } = start(...args)
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    await once(child.stderr, 'close')
    expect((await exited).status).toBe(2)
    expect(stderr).toMatch(problem)
  })

  it('prints its options', async () => {
    const { child, exited } = start('-h')
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    expect((await exited).status).toBe(0)
    expect(stdout).toMatch(/--pty.*--exit-on-stdin-eof.*--boot-ms/s)
  })
})

function openTty(tty: string): number {
  return openSync(tty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
}

/** Reads what has come; 0 when nothing has. */
function readWaiting(fd: number, buffer: Uint8Array): number {
  try {
    return readSync(fd, buffer)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw error
  }
}

describe('greenhouse as a board on a pseudo-terminal', () => {
  async function startTerminal(...args: string[]) {
    const { child, exited } = start('--pty', ...args)
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const tty = line.toString().trim()
    expect(tty).toMatch(/^\/dev\/pts\/\d+$/)
    return { child, exited, tty }
  }

  /** Opens the tty, sends, and waits for a message that `wanted` accepts. */
  async function ask(tty: string, contents: Uint8Array[], wanted: (content: Uint8Array) => boolean) {
    const fd = openTty(tty)
    try {
      const deframer = createDeframer({ maxContentBytes: 65_535 })
      const buffer = new Uint8Array(4096)
      for (const content of contents) writeSync(fd, encodeFrame(content))
      for (;;) {
        const count = readWaiting(fd, buffer)
        for (const event of deframer.push(buffer.subarray(0, count))) {
          if (event.kind === 'content' && wanted(event.bytes)) return Uint8Array.from(event.bytes)
        }
        await sleep(LOOK_MS)
      }
    } finally {
      closeSync(fd)
    }
  }

  it('serves one host after the other on the same path', async () => {
    const { tty } = await startTerminal()
    for (let host = 0; host < 5; host++) {
      const reply = await ask(tty, [message(0xf0, 1, [1, host, 4096, 1000])], (content) => {
        return content[0] === 0xff && content[1] === 1 && fieldsOf(content)[1] === host
      })
      expect(fieldsOf(reply)[RESET_CAUSE]).toBe(POWER_ON)
    }
  })

  it('keeps its path over a RESET', async () => {
    const { tty } = await startTerminal()
    const isReply = (content: Uint8Array) => content[0] === 0xff && content[1] === 1
    const first = fieldsOf(await ask(tty, [HELLO], isReply))
    const isAnnouncement = (content: Uint8Array) => content[0] === 0xf0 && fieldsOf(content)[EPOCH] !== first[EPOCH]
    const second = fieldsOf(await ask(tty, [message(0xf4, 0, [0, first[EPOCH]])], isAnnouncement))
    expect(second[RESET_CAUSE]).toBe(SOFTWARE)
  })

  it('goes on when nobody reads', async () => {
    const { tty, child } = await startTerminal()
    const fd = openTty(tty)
    writeSync(fd, encodeFrame(HELLO))
    writeSync(fd, encodeFrame(TICK))
    // More answers than the kernel keeps: the program must drop them, as a UART would.
    const unread = encodeFrame(message(0xf1, 2))
    for (let i = 0; i < 400; i++) {
      writeSync(fd, unread)
      await sleep(1)
    }
    closeSync(fd)
    expect(child.exitCode).toBeNull()
    const reply = await ask(tty, [message(0xf0, 1, [1, 77, 4096, 1000])], (content) => {
      return content[0] === 0xff && content[1] === 1 && fieldsOf(content)[1] === 77
    })
    expect(fieldsOf(reply)[1]).toBe(77)
  })

  it('ends by SIGTERM, and with its standard input only when told so', async () => {
    const lasting = await startTerminal()
    lasting.child.stdin.end()
    const leaving = await startTerminal('--exit-on-stdin-eof')
    const endedMs = performance.now()
    leaving.child.stdin.end()
    expect(await leaving.exited).toEqual({ status: 0, signal: null })
    expect(performance.now() - endedMs).toBeLessThan(LEAVE_MS)
    expect(lasting.child.exitCode).toBeNull()
    lasting.child.kill('SIGTERM')
    expect(await lasting.exited).toEqual({ status: null, signal: 'SIGTERM' })
  })
})
