// What comes beside the calls, and what comes in amounts: stderr and logs, ends of streams, acknowledged notifications.
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPort, open, openRaw } from '../../src/index.js'
import { spawnConnector } from '../../src/link/index.js'
import { SEVERITIES } from '../../src/port/index.js'
import { bench } from './bench-contract.js'
import { startNaiveClient } from './naive-client.js'
import { pacedLine } from './paced-line.js'
import { BOARD, compiledProgram, PEERS, PROGRAM } from './peers.js'

describe('the stderr of a program', () => {
  it('S1: is a pipe of its own: 1 MiB of it while calls run damages none and holds none up', async () => {
    const { port, notices, until } = await PROGRAM.start()
    const text = 'x'.repeat(1_023)
    for (let n = 0; n < 1_024; n++) {
      const [, reply] = await until(Promise.all([port.call('print', { text }), port.call('echo', { n })]))
      expect(reply).toBe(n)
    }
    await until(port.call('leave', { status: 0, last: 0 }).catch(() => {})) // its last lines come before its exit
    const lines = notices.filter((notice) => notice.kind === 'console')
    await expect.poll(() => notices.filter((notice) => notice.kind === 'console').length).toBe(1_024)
    expect(lines.every((line) => line.text === text)).toBe(true)
    expect(port.info().counters.messagesRefused).toBe(0)
  })

  it.each([
    ['lines', ['bad sensor']],
    ['merge', ['stderr: bad sensor']],
    ['ignore', []],
  ] as const)('S2: is told to watchers by its policy, here %s', async (stderr, expected) => {
    const port = await open(bench, { spawn: process.execPath, args: [compiledProgram()], stderr })
    const heard: string[] = []
    port.watch((notice) => notice.kind === 'console' && heard.push(notice.text))
    await port.call('print', { text: 'bad sensor' })
    port.closeInput()
    await expect.poll(() => port.info().restarts).toBe(1) // by then all that it said has been heard
    await port.close()
    expect(heard).toEqual(expected)
  })

  it('S2: is a failure by its policy fail: the call in flight ends with the text', async () => {
    const target = { spawn: process.execPath, args: [compiledProgram()], stderr: 'fail' } as const
    const port = await open(bench, { ...target, restart: { type: 'temporary' } })
    port.call('print', { text: 'bad sensor' }).catch(() => {})
    await expect(port.call('hold', { n: 1 })).rejects.toMatchObject({
      code: 'PORT_EXITED',
      exit: { kind: 'failed', error: { message: expect.stringContaining('wrote to stderr: bad sensor') } },
    })
  })

  it('S3: has an end of its own, as stdout has: each once, after its last byte, in the order in which they came', async () => {
    const heard: string[] = []
    const script = 'printf last; exec >&-; read line; echo bye >&2'
    const ended = new Promise<void>((resolve) => {
      void spawnConnector({ program: 'sh', args: ['-c', script] })
        .connect({
          data: (bytes) => heard.push(`stdout ${Buffer.from(bytes)}`),
          stderr: (line) => heard.push(`stderr ${line}`),
          ended(exit) {
            heard.push(exit.kind)
            resolve()
          },
        })
        .then(async (link) => {
          await expect.poll(() => link.info!()['eof']).toEqual(['stdout'])
          expect(heard).toEqual(['stdout last'])
          link.write(Buffer.from('\n'))
          await ended
          expect(link.info!()['eof']).toEqual(['stdout', 'stderr'])
        })
    })
    await ended
    expect(heard).toEqual(['stdout last', 'stderr bye', 'status'])
  })
})

describe('the log of a board', () => {
  it('S1: comes beside the calls, as console text does: 1,024 lines of each while calls run damage none', async () => {
    const { port, notices, until } = await BOARD.start()
    const text = 'x'.repeat(100)
    for (let n = 0; n < 1_024; n++) {
      const said = [port.call('print', { text }), port.call('say', { severity: 'info', text })]
      const [reply] = await until(Promise.all([port.call('echo', { n }), ...said]))
      expect(reply).toBe(n)
    }
    for (const kind of ['console', 'log'] as const) {
      const lines = notices.flatMap((notice) => (notice.kind === kind && 'text' in notice ? [notice.text] : []))
      expect(lines).toHaveLength(1_024)
      expect(lines.every((line) => line === text)).toBe(true)
    }
    expect(port.info().counters).toMatchObject({ messagesRefused: 0, framesDropped: { crc: 0, cobs: 0, length: 0 } })
  })

  it('S2: is told to watchers with its level, which can make it a failure; without a watcher it is ignored', async () => {
    const { port, until } = await BOARD.start()
    await until(port.call('say', { severity: 'emergency', text: 'nobody hears it' }))
    const heard: string[] = []
    let killed: Promise<unknown> | undefined
    port.watch((notice) => {
      if (notice.kind !== 'log') return
      heard.push(`${notice.severity} ${notice.text}`)
      if (SEVERITIES.indexOf(notice.severity) <= SEVERITIES.indexOf('error')) killed ??= port.kill()
    })
    for (const severity of ['debug', 'info', 'notice', 'warning']) {
      await until(port.call('say', { severity, text: 'all is well' }))
    }
    expect(killed).toBeUndefined()
    await until(port.call('say', { severity: 'error', text: 'bad sensor' }))
    expect(await until(killed!)).toEqual({ kind: 'reset', cause: 'software' })
    expect(heard).toEqual([
      'debug all is well',
      'info all is well',
      'notice all is well',
      'warning all is well',
      'error bad sensor',
    ])
  })
})

describe.each(PEERS)('the end of a %s', (name, { start }) => {
  it('S3: comes once, after everything that it has sent', async () => {
    const { port, until, notices } = await start({ restart: { type: 'temporary' } })
    const heard: string[] = []
    port.on('counted', ({ n }) => heard.push(`counted ${n}`))
    port.consume('kept', ({ n }) => void heard.push(`kept ${n}`))
    await until(port.call('echo', { n: 0 })) // the binding is through
    port.call('leave', { status: 3, last: 10 }).catch(() => {})
    const exit = await until(port.exited)
    heard.push('exit')
    expect(exit).toEqual({ kind: name === 'board' ? 'exit' : 'status', status: 3 })
    const numbers = Array.from({ length: 10 }, (_, n) => n)
    expect(heard).toEqual([...numbers.map((n) => `counted ${n}`), ...numbers.map((n) => `kept ${n}`), 'exit'])
    expect(notices.filter((notice) => notice.kind === 'state' && notice.state === 'closed')).toHaveLength(1)
  })
})

describe.each(PEERS)('an acknowledged notification of a %s', (_, { start }) => {
  it('S4: waits until the one before it has been answered', async () => {
    const { port, until } = await start()
    const heard: number[] = []
    let answer = () => {}
    port.consume('kept', ({ n }) => {
      heard.push(n)
      return new Promise<void>((resolve) => {
        answer = resolve
      })
    })
    await until(port.call('emit', { plain: 0, other: 0, kept: 3 }))
    for (const expected of [[0], [0, 1], [0, 1, 2]]) {
      await until(port.call('echo', { n: 0 }))
      await until(port.call('echo', { n: 0 }))
      expect(heard).toEqual(expected)
      answer()
    }
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('cannot store')
      },
    ],
    ['rejects', () => Promise.reject(new Error('cannot store'))],
  ])(
    'S4: whose consumer %s stops the notifications with that as the reason, and nothing else',
    async (_how, consumer) => {
      const { port, until, notices } = await start()
      const heard: number[] = []
      port.consume('kept', ({ n }) => {
        heard.push(n)
        return n === 1 ? consumer() : undefined
      })
      await until(port.call('emit', { plain: 0, other: 0, kept: 5 }))
      expect(await until(port.call('echo', { n: 7 }))).toBe(7)
      expect(heard).toEqual([0, 1])
      expect(notices.filter((notice) => notice.kind === 'consumer_stopped')).toMatchObject([
        { event: 'kept', error: { message: 'cannot store' } },
      ])
      expect(port.info()).toMatchObject({ state: 'running', session: 1 })
    },
  )
})

describe('a notification of a board that its consumer could not store', () => {
  it('S4: stays on the board, and comes again under the same id to the next host', async () => {
    const { port, until, connector, clock } = await BOARD.start()
    const ids: (string | undefined)[] = []
    port.consume('kept', (_, { id }) => {
      ids.push(id)
      throw new Error('cannot store')
    })
    await until(port.call('emit', { plain: 0, other: 0, kept: 1 }))
    await until(port.call('echo', { n: 0 }))
    await until(port.close())
    const next = createPort(bench, { link: connector, clock })
    onTestFinished(async () => void (await until(next.close())))
    const again = new Promise<void>((resolve) => {
      next.consume('kept', ({ n }, { id }) => {
        expect(n).toBe(0)
        ids.push(id)
        resolve()
      })
    })
    await until(again)
    expect(ids).toHaveLength(2)
    expect(ids[1]).toBe(ids[0])
  })

  it('S4: is lost for a client that acknowledges what it has received', async () => {
    const made = BOARD.peer()
    await made.pass(1)
    const heard: number[] = []
    const first = await made.until(startNaiveClient(made.connector, made.clock))
    first.heard((_, n) => heard.push(n)) // and then it cannot store it
    await made.until(first.call('emit', [0, 0, 1], 5_000))
    await made.until(first.call('echo', [0], 5_000))
    expect(heard).toEqual([0])
    await made.until(first.close())
    const second = await made.until(startNaiveClient(made.connector, made.clock))
    second.heard((_, n) => heard.push(n))
    await made.pass(5_000)
    expect(heard).toEqual([0])
    await made.until(second.close())
  })
})

/** Writes 4 MiB in one packet before it reads anything, then answers how many bytes came to it and whether they were right. */
const STUBBORN = `
  const bytes = 4 * 1024 * 1024
  const out = Buffer.alloc(4 + bytes, 7)
  out.writeUInt32BE(bytes)
  process.stdout.write(out, () => {
    let length = 0, right = true
    process.stdin.on('data', (chunk) => {
      right &&= chunk.subarray(Math.max(0, 4 - length)).every((byte) => byte === 9)
      length += chunk.length
      if (length === 4 + bytes) {
        const answer = Buffer.from(String(right))
        process.stdout.write(Buffer.concat([Buffer.of(0, 0, 0, answer.length), answer]))
      }
    })
  })`

describe('4 MiB to a program', () => {
  it('S8: while it sends 4 MiB itself and reads nothing before that has gone, arrive whole, both of them', async () => {
    const port = await openRaw({ spawn: process.execPath, args: ['-e', STUBBORN] }, { packet: 4 })
    onTestFinished(async () => void (await port.close()))
    const [written, packets] = await Promise.all([
      port.write(Buffer.alloc(4 * 1024 * 1024, 9)),
      (async () => {
        const read: Uint8Array[] = []
        for await (const packet of port.packets()) if (read.push(packet) === 2) break
        return read
      })(),
    ])
    expect(written).toBeUndefined()
    expect(packets[0]).toHaveLength(4 * 1024 * 1024)
    expect(packets[0]!.every((byte) => byte === 7)).toBe(true)
    expect(Buffer.from(packets[1]!).toString()).toBe('true')
  })
})

describe('64 KiB to a board', () => {
  it('S8: in chunks over a line of 115,200 baud, while as much comes back, arrive whole in the time of one direction', async () => {
    const made = BOARD.peer()
    const { clock, until } = made
    const port = createPort(bench, { link: pacedLine(made.connector, clock, 115_200), clock })
    onTestFinished(async () => void (await until(port.close())))
    await until(port.ready())
    const fromMs = clock.nowMs()
    const chunk = (n: number) => Uint8Array.from({ length: 400 }, (_, i) => (n * 31 + i * 7) & 0xff)
    const calls = Array.from({ length: 164 }, (_, n) => port.call('mirror', chunk(n), { timeoutMs: 60_000 }))
    const replies = (await until(Promise.all(calls))) as Uint8Array[]
    expect(replies.every((reply, n) => Buffer.compare(reply, chunk(n)) === 0)).toBe(true)
    const oneWayMs = (64 * 1_024 * 10_000) / 115_200
    expect(clock.nowMs() - fromMs).toBeLessThan(1.25 * oneWayMs) // not one after the other
    expect(port.info().counters.repeatsSent).toBe(0)
  })
})
