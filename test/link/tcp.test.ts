import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import { type Link, type LinkServer, listenTcp, parseHostPort, tcpConnector } from '../../src/link/index.js'
import { hear } from './hear.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A plain server of Node's, as a serial server is one. */
async function rawServer(onSocket: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

async function listening(options: Parameters<typeof listenTcp>[0], onLink: Parameters<typeof listenTcp>[1]) {
  const server: LinkServer = await listenTcp(options, onLink)
  cleanups.push(() => server.close())
  return server
}

const connect = (address: string) => hear(tcpConnector({ address }))

describe('a TCP link', () => {
  it('carries bytes both ways, with its delay off, and ends by close', async () => {
    const address = await rawServer((socket) => socket.pipe(socket))
    const { link, saying, exit } = await connect(address)
    link.write(new TextEncoder().encode('to and fro'))
    await saying('to and fro')
    expect(link.info!()).toMatchObject({ remoteAddress: '127.0.0.1', bytesWritten: 10, bytesReceived: 10 })
    await link.close()
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
    expect(link.write(new Uint8Array(3))).toBe(true)
    expect(link.info!()).toMatchObject({ bytesRefused: 3 })
  })

  it('is taken as lossless or not, as is said', () => {
    expect(tcpConnector({ address: 'ser2net:4001' }).lossless).toBe(true)
    expect(tcpConnector({ address: 'ser2net:4001', lossless: false }).lossless).toBe(false)
  })

  it('whose peer closes at once ends with the reason, after what it had said', async () => {
    const address = await rawServer((socket) => socket.end('in use by another client'))
    const { output, exit } = await connect(address)
    expect(await exit).toEqual({ kind: 'unplugged', detail: `${address} closed the connection` })
    expect(output()).toBe('in use by another client')
  })

  it('whose peer is cut off ends with the reason', async () => {
    const address = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const { link, exit } = await connect(address)
    link.write(new Uint8Array(1))
    expect(await exit).toEqual({ kind: 'unplugged', detail: `connection to ${address} lost: ECONNRESET` })
  })

  it('L13: half-closed by closeInput still hears the answer', async () => {
    const address = await rawServer((socket) => {
      let sum = 0
      socket.on('data', (bytes) => {
        for (const byte of bytes) sum += byte
      })
      socket.on('end', () => socket.end(`sum ${sum}`))
    })
    const { link, output, exit } = await connect(address)
    link.write(Uint8Array.of(1, 2, 3))
    link.closeInput!()
    link.closeInput!()
    await exit
    expect(output()).toBe('sum 6')
  })

  it('S6: to a peer that does not read is bounded: write says so, drained waits', async () => {
    const peer = deferred<Socket>()
    const address = await rawServer((socket) => {
      socket.pause()
      peer.resolve(socket)
    })
    const { link } = await connect(address)
    while (link.write(new Uint8Array(100_000)));
    expect(link.info!()['bytesQueued']).toBeGreaterThan(65_536)
    const drained = link.drained()
    ;(await peer.promise).resume()
    await drained
    expect(link.info!()['bytesQueued']).toBeLessThanOrEqual(65_536)
    await link.close()
  })

  it('L4: to a peer that neither reads nor closes is closed in bounded time', async () => {
    const address = await rawServer((socket) => socket.pause())
    const { link, exit } = await connect(address)
    while (link.write(new Uint8Array(100_000)));
    const drained = link.drained()
    const startedMs = performance.now()
    await link.close()
    await drained
    expect(performance.now() - startedMs).toBeLessThan(900)
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it('L12: killed is gone at once', async () => {
    const address = await rawServer((socket) => socket.pause())
    const { link, exit } = await connect(address)
    while (link.write(new Uint8Array(100_000)));
    await Promise.all([link.kill!(), link.close(), link.kill!()])
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it('S8: takes 4 MiB out while 4 MiB come in', async () => {
    const address = await rawServer((socket) => socket.pipe(socket))
    const { link, bytes, exit } = await connect(address)
    const sent = Buffer.alloc(4 * 1_048_576, 'abcdefg')
    link.write(sent)
    link.closeInput!()
    await exit
    expect(bytes().equals(sent)).toBe(true)
  })
})

describe('L2: a TCP link that cannot be opened is a typed error', () => {
  it('when nothing listens', async () => {
    const server = await listening({}, () => ({ data() {}, ended() {} }))
    await server.close()
    await expect(connect(server.address)).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: `PORT_NOT_FOUND: nothing listens at ${server.address}`,
    })
  })

  it('when there is no such host', async () => {
    await expect(connect('no-such-host.invalid:4001')).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })

  it('when nobody answers in time', async () => {
    const timeIsUp = (_: number, run: () => void) => {
      run()
      return () => {}
    }
    const clock = { nowMs: () => 0, after: timeIsUp }
    const connector = tcpConnector({ address: '127.0.0.1:1', clock })
    await expect(connector.connect({ data() {}, ended() {} })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: 127.0.0.1:1 cannot be reached (ETIMEDOUT)',
    })
  })

  it.each(['', 'host', 'host:', ':80', 'host:65536', 'http://host:80', '::1:80', 'a b:1'])(
    'for the address %j',
    (text) => {
      expect(() => tcpConnector({ address: text })).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
    },
  )

  it('but not for a name, an address of version 4 or 6', () => {
    expect(parseHostPort('pi.local:4001')).toEqual({ host: 'pi.local', port: 4001 })
    expect(parseHostPort('[fe80::1%eth0]:1')).toEqual({ host: 'fe80::1%eth0', port: 1 })
  })
})

describe('a TCP server', () => {
  const echo = (link: Link) => ({
    data: (bytes: Uint8Array) => void link.write(bytes),
    ended() {},
  })

  it('makes each connection a link of its own and ends them all by close', async () => {
    const server = await listening({}, echo)
    const one = await connect(server.address)
    const two = await connect(server.address)
    one.link.write(new TextEncoder().encode('one'))
    two.link.write(new TextEncoder().encode('two'))
    await Promise.all([one.saying('one'), two.saying('two')])
    expect(server.connections).toBe(2)
    await Promise.all([server.close(), server.close()])
    expect(await one.exit).toEqual({ kind: 'unplugged', detail: `${server.address} closed the connection` })
    await two.exit
    expect(server.connections).toBe(0)
  })

  it('closes one connection too many at once and counts it', async () => {
    const server = await listening({ maxConnections: 1 }, echo)
    const first = await connect(server.address)
    first.link.write(new TextEncoder().encode('one'))
    await first.saying('one')
    const second = await connect(server.address)
    expect(await second.exit).toMatchObject({ kind: 'unplugged' })
    expect(server.refused).toBe(1)
    first.link.write(new TextEncoder().encode('two'))
    await first.saying('two')
  })

  it('tells when a client sends no more, and can still answer', async () => {
    const server = await listening({}, (link) => ({
      ...echo(link),
      inputEnded() {
        link.write(new TextEncoder().encode(' bye'))
        void link.close()
      },
    }))
    const { link, output, exit } = await connect(server.address)
    link.write(new TextEncoder().encode('last words'))
    link.closeInput!()
    await exit
    expect(output()).toBe('last words bye')
  })

  it('whose owner does not ask for that ends the link', async () => {
    const ended = deferred<Exit>()
    const server = await listening({}, () => ({ data() {}, ended: ended.resolve }))
    const socket = connectSocket(parseHostPort(server.address))
    socket.end()
    expect(await ended.promise).toMatchObject({ kind: 'unplugged' })
  })

  it('at an address in use is a typed error', async () => {
    const { address } = await listening({}, echo)
    await expect(listenTcp(parseHostPort(address), echo)).rejects.toMatchObject({ code: 'PORT_BUSY' })
    await expect(listenTcp({ host: '192.0.2.1' }, echo)).rejects.toMatchObject({ code: 'PORT_FAILED' })
    await expect(listenTcp({ port: 70_000 }, echo)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })
})
