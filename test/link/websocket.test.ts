import { createServer } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import { type Link, listenWebSocket, parseHostPort, webSocketConnector } from '../../src/link/index.js'
import { hear } from './hear.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function listening(...[options, onLink]: Parameters<typeof listenWebSocket>) {
  const server = await listenWebSocket(options, onLink)
  cleanups.push(() => server.close())
  return server
}

/** A server of ws itself, to do what ours does not. */
async function rawServer(onSocket: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', onSocket)
  await new Promise((resolve) => server.once('listening', resolve))
  cleanups.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}`
}

const echo = (link: Link) => ({
  data: (bytes: Uint8Array) => void link.write(bytes),
  ended() {},
})
const connect = (url: string, options = {}) => hear(webSocketConnector({ url, ...options }))

describe('a WebSocket link', () => {
  it('carries bytes both ways and ends by close', async () => {
    const server = await listening({ path: '/port' }, echo)
    expect(server.address).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/port$/)
    const { link, saying, exit } = await connect(server.address)
    link.write(new TextEncoder().encode('to and '))
    link.write(new TextEncoder().encode('fro'))
    await saying('to and fro')
    expect(link.info!()).toMatchObject({ bytesWritten: 10, bytesReceived: 10, bytesQueued: 0 })
    expect(server.connections).toBe(1)
    await link.close()
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
    link.write(new Uint8Array(3))
    expect(link.info!()).toMatchObject({ bytesRefused: 3 })
  })

  it('D8: sends what is written in one turn as one message', async () => {
    const sizes: number[] = []
    const got = deferred<void>()
    const url = await rawServer((socket) =>
      socket.on('message', (data) => {
        sizes.push((data as Buffer).length)
        got.resolve()
      }),
    )
    const { link } = await connect(url)
    for (let i = 0; i < 16; i++) link.write(new Uint8Array(10))
    await got.promise
    expect(sizes).toEqual([160])
    await link.kill!()
  })

  it('S8: takes 4 MiB out while 4 MiB come in, in messages that the peer can take', async () => {
    const server = await listening({}, echo)
    const { link, bytes } = await connect(server.address)
    const sent = Buffer.alloc(4 * 1_048_576, 'abcdefg')
    expect(link.write(sent)).toBe(false)
    await link.drained()
    await expect.poll(() => bytes().length).toBe(sent.length)
    expect(bytes().equals(sent)).toBe(true)
    await link.close()
  })

  it('to which a text message comes ends as a protocol error', async () => {
    const closed = deferred<number>()
    const url = await rawServer((socket) => {
      socket.on('close', closed.resolve)
      socket.send(Buffer.from('bytes'))
      socket.send('text')
      socket.send(Buffer.from('more'))
    })
    const { exit, output } = await connect(url)
    expect(await exit).toMatchObject({ kind: 'protocol', detail: expect.stringContaining('text message') })
    expect(output()).toBe('bytes')
    expect(await closed.promise).toBe(1003)
  })

  it('to which a message beyond the bound comes ends as a protocol error', async () => {
    const url = await rawServer((socket) => socket.send(new Uint8Array(1_001)))
    const { exit } = await connect(url, { maxMessageBytes: 1_000 })
    expect(await exit).toMatchObject({ kind: 'protocol', detail: expect.stringContaining('Max payload size exceeded') })
  })

  it('whose peer closes or is cut off ends with the reason', async () => {
    const closing = await rawServer((socket) => socket.close(1001))
    expect(await (await connect(closing)).exit).toEqual({
      kind: 'unplugged',
      detail: `${closing} closed the connection (1001)`,
    })
    const cut = await rawServer((socket) => socket.terminate())
    expect(await (await connect(cut)).exit).toMatchObject({ kind: 'unplugged', detail: `connection to ${cut} lost` })
  })

  it('L4, L12: to a peer that does not read is closed in bounded time, or killed at once', async () => {
    const url = await rawServer((socket) => socket.pause())
    for (const how of ['close', 'kill'] as const) {
      const { link, exit } = await connect(url)
      while (link.write(new Uint8Array(1_000_000)));
      const drained = link.drained()
      const startedMs = performance.now()
      await Promise.all([link[how]!(), drained])
      expect(performance.now() - startedMs).toBeLessThan(how === 'kill' ? 300 : 900)
      expect(await exit).toEqual({ kind: 'closed' })
    }
  })
})

describe('L2: a WebSocket that cannot be opened is a typed error', () => {
  it('when nothing listens, or there is no WebSocket at the path', async () => {
    const server = await listening({ path: '/port' }, echo)
    await expect(connect(server.address.replace('/port', '/other'))).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
    await server.close()
    await expect(connect(server.address)).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })

  it.each([
    [401, 'PERMISSION_DENIED'],
    [404, 'PORT_NOT_FOUND'],
    [500, 'PORT_FAILED'],
  ])('when the server answers with HTTP %i', async (status, code) => {
    const server = createServer((_, response) => response.writeHead(status).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}/`
    await expect(connect(url)).rejects.toMatchObject({ code })
  })

  it('when nobody answers the handshake in time', async () => {
    const server = createServer()
    server.on('upgrade', (_, socket) => void cleanups.push(() => socket.destroy()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}/`
    await expect(connect(url, { connectTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('cannot be reached'),
    })
  })

  it('for what is no URL of a WebSocket', () => {
    for (const url of ['', 'http://host/', 'host:80']) {
      expect(() => webSocketConnector({ url })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
    }
  })
})

describe('a WebSocket server', () => {
  it('refuses web pages that are not named, and takes those that are', async () => {
    const server = await listening({ origins: ['https://dash.example'] }, echo)
    const opened = (origin: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(server.address, { headers: { origin } })
        socket.on('open', () => {
          socket.terminate()
          resolve(true)
        })
        socket.on('error', () => resolve(false))
      })
    expect(await opened('https://evil.example')).toBe(false)
    expect(await opened('https://dash.example')).toBe(true)
    expect(server.refused).toBe(1)
  })

  it('closes one connection too many at once and counts it', async () => {
    const server = await listening({ maxConnections: 1 }, echo)
    const first = await connect(server.address)
    await expect(connect(server.address)).rejects.toMatchObject({ code: 'PORT_FAILED' })
    expect(server.refused).toBe(1)
    first.link.write(new TextEncoder().encode('still here'))
    await first.saying('still here')
  })

  it('ends a link that sends text as a protocol error', async () => {
    const ended = deferred<Exit>()
    const server = await listening({}, () => ({ data() {}, ended: ended.resolve }))
    const socket = new WebSocket(server.address)
    socket.on('open', () => socket.send('text'))
    expect(await ended.promise).toMatchObject({ kind: 'protocol' })
  })

  it('outlives bytes that are no HTTP, and closes with a client that hangs', async () => {
    const server = await listening({}, echo)
    const rude = connectSocket(parseHostPort(/127[^/]*/.exec(server.address)![0]))
    rude.on('error', () => {}).resume()
    rude.write('\0\0nonsense\r\n\r\n')
    await new Promise((resolve) => rude.on('close', resolve))
    const hanging = connectSocket(parseHostPort(/127[^/]*/.exec(server.address)![0]))
    await new Promise((resolve) => hanging.on('connect', resolve))
    const { link, saying } = await connect(server.address)
    link.write(new TextEncoder().encode('fine'))
    await saying('fine')
    await server.close()
    hanging.destroy()
  })

  it('at an address in use is a typed error', async () => {
    const { address } = await listening({}, echo)
    const { port } = parseHostPort(/127[^/]*/.exec(address)![0])
    await expect(listenWebSocket({ port }, echo)).rejects.toMatchObject({ code: 'PORT_BUSY' })
  })
})
