/** A TCP connection as a link: raw bytes, as serial servers (ser2net, a Wi-Fi board) and port programs behind a network speak. */

import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { type Clock, systemClock } from '../clock.js'
import { deferred } from '../deferred.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import { formatHostPort, type HostPort, parseHostPort } from './address.js'
import { LINK_LIMITS } from './limits.js'
import type { Connector, Link, LinkHandlers } from './link.js'
import { createOutput } from './output.js'
import { connectError, listenError } from './socket-error.js'

export interface TcpOptions {
  /** `10.0.0.7:4001`, `[::1]:4001`, `pi.local:4001`. */
  readonly address: string
  /** False: a serial server (ser2net) with a board behind it, which speaks frames and may lose some. Default true. */
  readonly lossless?: boolean
  /** Default 5,000. */
  readonly connectTimeoutMs?: number
  readonly clock?: Clock
}

/** @throws ARGUMENT_INVALID  the address is none */
export function tcpConnector(options: TcpOptions): Connector {
  const address = parseHostPort(options.address)
  return {
    name: options.address,
    lossless: options.lossless ?? true,
    connect: (handlers) => connect(address, options, handlers),
  }
}

function connect(address: HostPort, options: TcpOptions, handlers: LinkHandlers): Promise<Link> {
  const clock = options.clock ?? systemClock
  const peer = formatHostPort(address)
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ ...address, allowHalfOpen: true })
    const timeoutMs = options.connectTimeoutMs ?? LINK_LIMITS.connectTimeoutMs
    const cancel = clock.after(timeoutMs, () => {
      const cause = Object.assign(new Error(`no answer in ${timeoutMs} ms`), { code: 'ETIMEDOUT' })
      socket.destroy()
      reject(connectError(peer, cause))
    })
    const failed = (cause: Error) => {
      cancel()
      reject(connectError(peer, cause))
    }
    socket.on('error', failed)
    socket.once('connect', () => {
      cancel()
      socket.off('error', failed)
      resolve(socketLink(socket, () => handlers, { peer, clock, lossless: options.lossless ?? true }))
    })
  })
}

/** What is the same for both ends: the link over a connected socket, which must allow half-open connections.
 * @param owner gets the link and says who hears it, before the first byte is read */
function socketLink(
  socket: Socket,
  owner: (link: Link) => LinkHandlers,
  { peer, clock, lossless = true }: { peer: string; clock: Clock; lossless?: boolean },
): Link {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, LINK_LIMITS.keepAliveMs)
  const over = deferred<void>()
  let fault: string | undefined
  let requested = false
  let ended = false
  let inputEnded = false
  let bytesReceived = 0
  let cancelCut = () => {}

  const output = createOutput(socket, (detail) => {
    fault = detail
  })
  const end = (exit: Exit) => {
    if (ended) return
    ended = true
    output.stop()
    handlers.ended(requested ? { kind: 'closed' } : exit)
  }
  /** What is queued still goes out, for a while. */
  const leave = () => {
    output.end()
    cancelCut = clock.after(LINK_LIMITS.closeTimeoutMs, () => socket.destroy())
  }

  const resume = () => void socket.resume()
  const link: Link = {
    write: output.write,
    drained: output.drained,
    // Behind a serial server it would only move the loss to where nobody counts it.
    ...(lossless ? { pause: () => void (requested || socket.pause()), resume } : {}),
    closeInput: output.end,
    kill() {
      requested = true
      socket.destroy()
      return over.promise
    },
    close() {
      if (!requested) {
        requested = true
        resume()
        leave()
      }
      return over.promise
    },
    info: () => ({
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
      bytesReceived,
      ...output.info(),
      eof: inputEnded ? ['stdout'] : [],
      isPaused: socket.isPaused(),
    }),
  }
  const handlers = owner(link)
  socket.on('data', (bytes: Uint8Array) => {
    bytesReceived += bytes.length
    if (!ended) handlers.data(bytes)
  })
  socket.on('end', () => {
    inputEnded = true
    if (handlers.inputEnded && !requested && !ended) return handlers.inputEnded()
    if (!requested) leave()
    end({ kind: 'unplugged', detail: `${peer} closed the connection` })
  })
  socket.on('close', () => {
    cancelCut()
    end({ kind: 'unplugged', detail: fault ? `connection to ${peer} lost: ${fault}` : `${peer} closed the connection` })
    over.resolve()
  })
  return link
}

export interface ListenOptions {
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string
  /** 0 (the default): any that is free. */
  readonly port?: number
  /** Connections at the same time; one more is closed at once. Default 64. */
  readonly maxConnections?: number
  readonly clock?: Clock
}

/** Called for each connection; returns who hears it. `peer` is the other end's address. */
export type OnLink = (link: Link, peer: string) => LinkHandlers

export interface LinkServer {
  /** `127.0.0.1:4001`; for WebSocket with `ws://` and the path. */
  readonly address: string
  readonly connections: number
  /** Closed at once because there were too many. */
  readonly refused: number
  /** Closes all links and stops listening; idempotent. */
  close(): Promise<void>
}

/** Listens for TCP connections; each becomes a link.
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED */
export async function listenTcp(options: ListenOptions, onLink: OnLink): Promise<LinkServer> {
  const clock = options.clock ?? systemClock
  const links = new Set<Link>()
  let refused = 0
  const server = createServer({ allowHalfOpen: true })
  server.maxConnections = options.maxConnections ?? LINK_LIMITS.maxConnections
  server.on('drop', () => {
    refused += 1
  })
  server.on('connection', (socket) => {
    const peer = formatHostPort({ host: socket.remoteAddress ?? 'nobody', port: socket.remotePort ?? 0 })
    const link = socketLink(socket, (made) => onLink(made, peer), { peer, clock })
    links.add(link)
    socket.once('close', () => links.delete(link))
  })
  const address = await listen(server, options)
  let closed: Promise<void> | undefined
  return {
    address,
    get connections() {
      return links.size
    },
    get refused() {
      return refused
    },
    close() {
      closed ??= Promise.all([
        new Promise((resolve) => server.close(resolve)),
        ...[...links].map((link) => link.close()),
      ]).then(() => {})
      return closed
    },
  }
}

/** Resolves with the address once `server` listens. */
export function listen(
  server: {
    listen(port: number, host: string, done: () => void): unknown
    on(event: 'error', heard: (error: Error) => void): unknown
    address(): AddressInfo | string | null
  },
  { host = '127.0.0.1', port = 0 }: ListenOptions,
): Promise<string> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PortwireError('ARGUMENT_INVALID', `port: ${port} is not 0 to 65535`)
  }
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => reject(listenError(formatHostPort({ host, port }), cause)))
    server.listen(port, host, () => {
      const { address, port: bound } = server.address() as AddressInfo
      resolve(formatHostPort({ host: address, port: bound }))
    })
  })
}
