import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineContract } from '../src/contract/index.js'
import { deferred } from '../src/deferred.js'
import { type OpenOptions, open } from '../src/open.js'
import { ApplicationError } from '../src/port/index.js'
import { type ServeHandlers, type ServeOptions, serve } from '../src/serve.js'

const lamp = defineContract({
  name: 'lamp',
  version: '1',
  actions: {
    set: { args: { level: 'u8' }, result: 'u8' },
    slow: { args: { ms: 'u16' }, result: 'u16' },
    fail: {},
    who: { result: 'str' },
  },
  events: { dimmed: { fields: { level: 'u8' } }, broken: { fields: { volts: 'f32' }, acknowledged: true } },
  requests: { name: { result: 'str' } },
})
type Lamp = (typeof lamp)['definition']

const handlers: ServeHandlers<Lamp> = {
  set: ({ level }) => level,
  slow: ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)),
  fail: () => {
    throw new ApplicationError(20, 'no bulb')
  },
  who: async (_, { ask }) => `I am ${await ask('name')}`,
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serving(options: ServeOptions) {
  const server = await serve(lamp, handlers, options)
  cleanups.push(() => server.close())
  return server
}

async function opened(options: OpenOptions<Lamp>) {
  const port = await open(lamp, { restart: { type: 'temporary' }, ...options })
  cleanups.push(() => port.close())
  return port
}

const anywhere = { tcp: '127.0.0.1:0', websocket: 'ws://127.0.0.1:0/lamp' }

/** What every way to a served contract must do. */
async function provesItself(options: OpenOptions<Lamp>) {
  const port = await opened(options)
  port.handle('name', () => 'yours')
  expect(await port.call('set', { level: 7 })).toBe(7)
  expect(await Promise.all([port.call('slow', { ms: 30 }), port.call('set', { level: 8 })])).toEqual([30, 8])
  await expect(port.call('fail')).rejects.toMatchObject({ code: 'REMOTE_ERROR', errorNumber: 20 })
  expect(await port.call('who')).toBe('I am yours')
  return port
}

describe('a served contract', () => {
  it('answers over TCP and WebSocket at the same time', async () => {
    const { addresses } = await serving(anywhere)
    await provesItself({ tcp: addresses.tcp! })
    await provesItself({ websocket: addresses.websocket! })
  })

  it('sends its events to all connections, plain ones to those who listen', async () => {
    const server = await serving(anywhere)
    const one = await opened({ tcp: server.addresses.tcp! })
    const two = await opened({ websocket: server.addresses.websocket! })
    const heard: string[] = []
    const all = deferred<void>()
    const note = (text: string) => {
      heard.push(text)
      if (heard.length === 4) all.resolve()
    }
    one.on('dimmed', ({ level }) => note(`one ${level}`))
    one.consume('broken', ({ volts }) => note(`one ${volts}`))
    two.consume('broken', ({ volts }) => note(`two ${volts}`))
    one.watch((notice) => notice.kind === 'log' && note(`one ${notice.text}`))
    await Promise.all([one.call('set', { level: 0 }), two.call('set', { level: 0 })]) // after the binding
    expect(server.emit('dimmed', { level: 3 })).toBe(1)
    expect(server.emit('broken', { volts: 1.5 })).toBe(2)
    server.log('info', 'hello')
    await all.promise
    expect(heard.sort()).toEqual(['one 1.5', 'one 3', 'one hello', 'two 1.5'])
    expect(() => server.emit('dimmd' as 'dimmed', { level: 3 })).toThrow('ARGUMENT_INVALID: lamp has no event dimmd')
  })

  it('is a boot of its own for each connection: a new one does not disturb the others', async () => {
    const { addresses } = await serving(anywhere)
    const one = await opened({ tcp: addresses.tcp! })
    const slow = one.call('slow', { ms: 100 })
    const others = await Promise.all(Array.from({ length: 8 }, () => opened({ tcp: addresses.tcp! })))
    expect(await slow).toBe(100)
    expect(one.info()).toMatchObject({ session: 1, restarts: 0 })
    expect(new Set([one, ...others].map((port) => port.info().device!.epoch)).size).toBe(9)
  })

  it('outlives a connection that sends nonsense', async () => {
    const { addresses } = await serving(anywhere)
    const port = await opened({ tcp: addresses.tcp! })
    const rude = connectSocket(Number(addresses.tcp!.split(':')[1]), '127.0.0.1')
    rude.on('error', () => {}).resume()
    const over = new Promise((resolve) => rude.on('close', resolve))
    rude.end(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await over
    expect(await port.call('set', { level: 1 })).toBe(1)
  })

  it('does not let its memory grow for a connection that does not read', async () => {
    const server = await serving(anywhere)
    const port = await opened({ tcp: server.addresses.tcp! })
    const deaf = connectSocket(Number(server.addresses.tcp!.split(':')[1]), '127.0.0.1')
    cleanups.push(() => deaf.destroy())
    await new Promise((resolve) => deaf.on('connect', resolve))
    deaf.pause()
    // Calls without a session are each answered by the announcement, which nobody reads.
    const over = new Promise((resolve) => deaf.on('error', resolve))
    const calls = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.of(0, 2, 0, 5)))
    const flood = (error?: Error | null) => {
      if (!error) deaf.write(calls, flood)
    }
    flood()
    expect(await over).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
    expect(await port.call('set', { level: 1 })).toBe(1)
    await expect.poll(() => server.connections).toBe(1)
  })

  it('ends every connection by close, twice if need be, and listens no more', async () => {
    const server = await serving(anywhere)
    const port = await opened({ tcp: server.addresses.tcp! })
    await Promise.all([server.close(), server.close()])
    expect(await port.exited).toMatchObject({ kind: 'unplugged' })
    expect(server.connections).toBe(0)
    await expect(opened({ tcp: server.addresses.tcp! })).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })

  it('is refused when its handlers or addresses cannot be', async () => {
    const refused = (given: object, options: ServeOptions, message: RegExp) =>
      expect(serve(lamp, given as never, options)).rejects.toThrow(message)
    await refused({ ...handlers, dim: () => 0 }, anywhere, /ARGUMENT_INVALID: handlers.dim: lamp has no such action/)
    await refused({ set: () => 0 }, anywhere, /ARGUMENT_INVALID: handlers: there is none for slow, fail, who/)
    await refused({ ...handlers, set: 3 }, anywhere, /handlers.set is not a function/)
    await refused(handlers, { tcp: 'nowhere' }, /is no host:port/)
    await refused(handlers, { websocket: 'wss://127.0.0.1:1' }, /is no address to listen at/)
    const { addresses } = await serving(anywhere)
    await refused(handlers, { ...anywhere, tcp: addresses.tcp! }, /PORT_BUSY/)
  })
})

const root = fileURLToPath(new URL('../', import.meta.url))
/** Where the sources are compiled to for programs of their own; inside node_modules they find their packages. */
const compiled = join(root, 'node_modules/.cache/portwire-test')
const program = join(compiled, 'lamp.js')

const LAMP = `
import { defineContract } from './contract/index.js'
import { serve } from './serve.js'
const lamp = defineContract(${JSON.stringify(lamp.definition)})
const server = await serve(lamp, {
  set: ({ level }) => {
    console.log('a stray print')
    server.emit('dimmed', { level })
    return level
  },
  slow: ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)),
  fail: () => { throw Object.assign(new Error('no bulb')) },
  who: async (_, { ask }) => 'I am ' + (await ask('name')),
}, { stdio: { useStdio: process.argv[2] !== 'fds' } })
if (process.argv[2] === 'last') {
  server.emit('broken', { volts: 2.5 })
  process.exit(7)
}
setInterval(() => {}, 1_000) // busy for ever: only the end of its input ends it
`

/** A host that opens the lamp and is then killed. */
const HOST = `
import { defineContract } from './contract/index.js'
import { open } from './open.js'
const lamp = defineContract(${JSON.stringify(lamp.definition)})
const port = await open(lamp, { spawn: process.execPath, args: [process.argv[2]] })
await port.call('set', { level: 1 })
console.log(String(port.info().state))
setInterval(() => {}, 1_000)
`

describe('a Node program as a port program', () => {
  beforeAll(() => {
    const args = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', compiled]
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), args, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`the build fails: ${stdout}`)
    writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }')
    writeFileSync(program, LAMP)
    writeFileSync(join(compiled, 'host.js'), HOST)
  })

  const spawned = (...args: string[]): OpenOptions<Lamp> => ({ spawn: process.execPath, args: [program, ...args] })

  it('answers over stdin and stdout, and a stray print goes to stderr', async () => {
    const port = await opened(spawned())
    const printed = new Promise((resolve) => port.watch((notice) => notice.kind === 'console' && resolve(notice.text)))
    const dimmed = new Promise((resolve) => port.on('dimmed', resolve))
    port.handle('name', () => 'yours')
    expect(await port.call('set', { level: 7 })).toBe(7)
    expect(await printed).toBe('a stray print')
    expect(await dimmed).toEqual({ level: 7 })
    expect(await port.call('who')).toBe('I am yours')
    await expect(port.call('fail')).rejects.toMatchObject({ errorNumber: 16 })
  })

  it('F11: answers over descriptors 3 and 4, and its stdout is free', async () => {
    const port = await opened({ ...spawned('fds'), useStdio: false })
    const printed = new Promise((resolve) => port.watch((notice) => notice.kind === 'console' && resolve(notice.text)))
    expect(await port.call('set', { level: 7 })).toBe(7)
    expect(await printed).toBe('a stray print')
  })

  it('L6: is gone soon after the end of its input, though it has a timer that never ends', async () => {
    const port = await opened(spawned())
    const startedMs = performance.now()
    await port.close()
    expect(performance.now() - startedMs).toBeLessThan(400)
  })

  it('L13: that has a call under way when its input ends still answers it', async () => {
    const child = run()
    child.stdin!.end(
      Buffer.concat([
        packet(0xf0, 1, [0x94, 1, 5, 0, 0]), // HELLO: version, session, windowBytes, heartbeatMs
        packet(0xf1, 2, [0xc0]), // TICK
        packet(1, 3, [0x91, 50]), // slow, 50 ms
      ]),
    )
    const out = await output(child)
    expect(out.subarray(-5)).toEqual(Buffer.of(0, 3, 0xff, 3, 50))
    expect(child.exitCode).toBe(0)
  })

  it('L6: whose host is killed is gone in 200 ms', async () => {
    const host = spawn(process.execPath, [join(compiled, 'host.js'), program], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanups.push(() => host.kill('SIGKILL'))
    await new Promise((resolve) => host.stdout.once('data', resolve))
    const children = spawnSync('pgrep', ['-P', String(host.pid)], { encoding: 'utf8' }).stdout.trim()
    expect(children).toMatch(/^\d+$/)
    host.kill('SIGKILL')
    const killedMs = performance.now()
    await expect.poll(() => isAlive(Number(children)), { interval: 10 }).toBe(false)
    expect(performance.now() - killedMs).toBeLessThan(400) // 200, and what a busy machine adds
  })

  it('L6: to which nobody listens any more is gone', async () => {
    const child = run()
    child.stdout!.destroy()
    child.stdin!.write(packet(0xf0, 1, [0x94, 1, 5, 0, 0]))
    await new Promise((resolve) => child.on('exit', resolve))
    expect(child.exitCode).toBe(0)
  })

  it('L9: that ends by itself has said its last words', async () => {
    const child = run('last')
    child.stdin!.on('error', () => {})
    const out = await output(child)
    expect(out.length).toBeGreaterThan(20) // the announcement, which was written in the turn of process.exit
    expect(child.exitCode).toBe(7)
  })
})

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

function packet(action: number, token: number, value: number[]): Buffer {
  return Buffer.of(0, 2 + value.length, action, token, ...value)
}

async function output(child: ChildProcess): Promise<Buffer> {
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk) => chunks.push(chunk))
  await new Promise((resolve) => child.on('close', resolve))
  return Buffer.concat(chunks)
}

/** Dead, or dead and not yet taken notice of by its new parent. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
