/** How a served program ends and begins again: the end of its input, its own exit status, RESET. */

import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineContract, descriptorOf } from '../src/contract/index.js'
import { deferred } from '../src/deferred.js'
import { type OpenOptions, open } from '../src/open.js'
import { type ServeOptions, type ServePeer, serve } from '../src/serve.js'
import { Action, createPacketDecoder, createValueCodec, encodeMessage, encodePacket } from '../src/wire/index.js'

const pump = defineContract({
  name: 'pump',
  version: '1',
  actions: {
    run: { args: { ms: 'u16' }, result: 'u16' },
    quit: { args: { status: 'u8', events: 'u8' } },
    hang: {},
  },
  events: { stroke: { fields: { number: 'u8' }, acknowledged: true } },
})
type Pump = (typeof pump)['definition']

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serving(options: ServeOptions<Pump> = {}) {
  /** What `run` waits for: the test says when. */
  const runs: ((ms: number) => void)[] = []
  const began = deferred<void>()
  let aborted = 0
  const server = await serve(
    pump,
    {
      run: () => {
        began.resolve()
        return new Promise<number>((resolve) => runs.push(resolve))
      },
      quit({ status, events }, { exit }) {
        for (let number = 0; number < events; number++) server.emit('stroke', { number })
        exit(status)
        return undefined
      },
      hang: (_, { signal }) =>
        new Promise(() => {
          began.resolve()
          signal.addEventListener('abort', () => {
            aborted += 1
          })
        }),
    },
    { tcp: '127.0.0.1:0', websocket: 'ws://127.0.0.1:0/pump', ...options },
  )
  cleanups.push(() => server.close())
  return { server, runs, began: began.promise, aborted: () => aborted }
}

async function opened(options: OpenOptions<Pump>) {
  const port = await open(pump, { restart: { type: 'temporary' }, ...options })
  cleanups.push(() => port.close())
  return port
}

const codec = createValueCodec()

/** A host that speaks in bytes. */
function rawHost(address: string) {
  const socket: Socket = connectSocket(Number(address.split(':')[1]), '127.0.0.1')
  cleanups.push(() => socket.destroy())
  const decoder = createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
  const heard: { action: number; token: number; value: unknown }[] = []
  let wake = () => {}
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      for (const event of decoder.push(chunk)) {
        if (event.kind !== 'content') continue
        const [action, token] = event.bytes as unknown as [number, number]
        const decoded = event.bytes.length > 2 ? codec.decode(event.bytes, 2) : { ok: true as const, value: null }
        heard.push({ action, token, value: decoded.ok ? decoded.value : decoded.reason })
      }
      wake()
    })
  const next = async () => {
    while (heard.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return heard.shift()!
  }
  const say = (action: number, token: number, value?: unknown) =>
    socket.write(encodePacket(encodeMessage(codec, action, token, value), 2))
  const begin = async () => {
    const announced = await next()
    say(Action.HELLO, 1, [1, 7, 0, 0])
    const hello = await next()
    say(Action.TICK, 2)
    await next()
    return { announced, hello: hello.value as unknown[] }
  }
  return { socket, say, next, begin }
}

const EPOCH = 2
const RESET_CAUSE = 3
const FEATURES = 10

describe('a served program whose host calls no more', () => {
  it.each(['tcp', 'websocket'] as const)(
    'L13: answers what runs, sends its last event and then its exit status, over %s',
    async (kind) => {
      let told = 0
      const { server, runs, began } = await serving({
        onEndOfInput() {
          told += 1
          server.emit('stroke', { number: 9 })
        },
      })
      const port = await opened({ [kind]: server.addresses[kind]! } as never)
      const strokes: number[] = []
      port.consume('stroke', ({ number }) => void strokes.push(number))
      const running = port.call('run', { ms: 1 })
      await began
      port.closeInput()
      port.closeInput()
      await expect.poll(() => told).toBe(1)
      runs[0]!(42)
      expect(await running).toBe(42)
      expect(await port.exited).toEqual({ kind: 'exit', status: 0 })
      expect(strokes).toEqual([9])
      expect(told).toBe(1)
      await expect.poll(() => server.connections).toBe(0)
    },
  )

  it('L13: waits for what onEndOfInput still has to do, and exits with the status that it says', async () => {
    const flushed = deferred<void>()
    const { server } = await serving({
      async onEndOfInput(host: ServePeer<Pump>) {
        await flushed.promise
        host.exit(3)
      },
    })
    const port = await opened({ websocket: server.addresses.websocket! })
    port.closeInput()
    expect(await port.call('quit', { status: 300 as never, events: 0 }).catch((e) => e.code)).toBe('ARGUMENT_INVALID')
    expect(port.info().state).toBe('running')
    flushed.resolve()
    expect(await port.exited).toEqual({ kind: 'exit', status: 3 })
  })
})

describe('a served program that ends by itself', () => {
  it('L8: tells every exit status from 0 to 255', { timeout: 60_000 }, async () => {
    const { server } = await serving()
    for (let status = 0; status <= 255; status++) {
      const port = await opened({ tcp: server.addresses.tcp! })
      port.call('quit', { status, events: 0 }).catch(() => {})
      expect(await port.exited).toEqual({ kind: 'exit', status })
    }
  })

  it('refuses a status that is none, and goes on', async () => {
    const { server } = await serving()
    const port = await opened({ tcp: server.addresses.tcp! })
    await expect(server.exit(256)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(server.exit(-1)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(port.info().state).toBe('running')
  })

  it('L9: has all its events consumed, in order, before its exit is told to all hosts', async () => {
    const { server } = await serving()
    const ports = [
      await opened({ tcp: server.addresses.tcp! }),
      await opened({ websocket: server.addresses.websocket! }),
    ]
    const told: (number | string)[][] = ports.map((port, i) => {
      const own: (number | string)[] = []
      port.consume('stroke', async ({ number }) => {
        await new Promise((turn) => setImmediate(turn)) // a consumer takes its time
        own.push(number)
      })
      void port.exited.then((exit) => own.push(exit.kind === 'exit' ? `exit ${exit.status}` : `${i}: ${exit.kind}`))
      return own
    })
    for (let number = 0; number < 100; number++) expect(server.emit('stroke', { number })).toBe(2)
    await server.exit(7)
    expect(server.emit('stroke', { number: 1 })).toBe(0)
    await Promise.all(ports.map((port) => port.exited))
    const all = [...Array.from({ length: 100 }, (_, i) => i), 'exit 7']
    expect(told).toEqual([all, all])
    await expect(opened({ tcp: server.addresses.tcp! })).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })
})

describe('a served program that its host resets', () => {
  it('is told, tells the handlers that run, and announces another boot when it is ready', async () => {
    const ready = deferred<void>()
    const resets: unknown[] = []
    const { server, began, aborted } = await serving({
      onReset(host) {
        resets.push(typeof host.ask)
        return ready.promise
      },
    })
    const { say, next, begin } = rawHost(server.addresses.tcp!)
    const { hello } = await begin()
    expect((hello[FEATURES] as number) & 256).toBe(0) // no bootloader
    say(2, 3) // hang
    await began
    say(Action.RESET, 0, [1, hello[EPOCH]])
    say(Action.RESET, 0, [0, (hello[EPOCH] as number) - 1])
    say(Action.TICK, 4)
    expect(await next()).toMatchObject({ action: Action.REPLY, token: 4 })
    expect(resets).toEqual([])
    say(Action.RESET, 0, [0, hello[EPOCH]])
    await expect.poll(() => resets).toEqual(['function'])
    expect(aborted()).toBe(1)
    ready.resolve()
    const again = await next()
    expect(again).toMatchObject({ action: Action.HELLO, token: 0 })
    const fields = again.value as unknown[]
    expect(fields[RESET_CAUSE]).toBe(5)
    expect(fields[EPOCH]).not.toBe(hello[EPOCH])
  })

  it('may exit in place of the restart', async () => {
    const { server } = await serving({ onReset: (host) => host.exit(4) })
    const { say, next, begin, socket } = rawHost(server.addresses.tcp!)
    const { hello } = await begin()
    say(Action.RESET, 0, [0, hello[EPOCH]])
    expect(await next()).toEqual({ action: Action.EXIT, token: 1, value: 4 })
    say(Action.ACK, 1)
    await new Promise((resolve) => socket.on('close', resolve))
  })

  it('describes its contract', async () => {
    const { server } = await serving()
    const { say, next, begin } = rawHost(server.addresses.tcp!)
    await begin()
    say(Action.DESCRIBE, 3, 0)
    const descriptor = descriptorOf(pump)
    expect((await next()).value).toEqual([descriptor.length, descriptor])
  })
})

const root = fileURLToPath(new URL('../', import.meta.url))
const compiled = join(root, 'node_modules/.cache/portwire-serve-test')
const program = join(compiled, 'pump.js')

const PUMP = `
import { defineContract } from './contract/index.js'
import { serve } from './serve.js'
const pump = defineContract(${JSON.stringify(pump.definition)})
const server = await serve(pump, {
  run: ({ ms }) => ms,
  quit({ status, events }, { exit }) {
    for (let number = 0; number < events; number++) server.emit('stroke', { number })
    exit(status)
  },
  hang: () => new Promise(() => {}),
}, process.argv[2] === 'late' ? { onEndOfInput: (host) => host.exit(9) } : {})
`

describe('a spawned program that serves', () => {
  beforeAll(() => {
    const args = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', compiled]
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`the build fails: ${stdout}`)
    writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }')
    writeFileSync(program, PUMP)
  })

  it('L8, L9: ends with the status that it says, after its last events', async () => {
    for (const status of [0, 3, 255]) {
      const port = await opened({ spawn: process.execPath, args: [program] })
      const strokes: number[] = []
      port.consume('stroke', ({ number }) => void strokes.push(number))
      port.call('quit', { status, events: 40 }).catch(() => {})
      expect(await port.exited).toEqual({ kind: 'exit', status })
      expect(strokes).toEqual(Array.from({ length: 40 }, (_, i) => i))
    }
  })

  /** Runs it with this on its standard input. */
  async function ended(input: Uint8Array, ...args: string[]) {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    cleanups.push(() => child.kill('SIGKILL'))
    const out: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.stdin.end(input)
    await new Promise((resolve) => child.on('close', resolve))
    return { status: child.exitCode, stderr, out: Buffer.concat(out) }
  }
  const session = [encodeMessage(codec, Action.HELLO, 1, [1, 5, 0, 0]), encodeMessage(codec, Action.TICK, 2)]
  const packets = (...contents: Uint8Array[]) => Buffer.concat(contents.map((content) => encodePacket(content, 2)))

  it('L8, L13: has the exit status that onEndOfInput says, in EXIT and as a process', async () => {
    const { status, out, stderr } = await ended(packets(...session), 'late')
    expect({ status, stderr }).toEqual({ status: 9, stderr: '' })
    expect([...out.subarray(-5)]).toEqual([0, 3, Action.EXIT, 1, 9])
  })

  it('F8: whose input ends inside a packet says so and has status 1; the half is never taken', async () => {
    const half = packets(encodeMessage(codec, 0, 3, [7])).subarray(0, -1)
    const { status, out, stderr } = await ended(Buffer.concat([packets(...session), half]))
    expect(status).toBe(1)
    expect(stderr).toBe('pump: the input ended inside a packet, after 5 bytes of it\n')
    expect(out.subarray(-3 - 2 - 5).includes(Buffer.of(0xff, 3))).toBe(false)
  })
})
