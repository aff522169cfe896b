/** A WebSocket as a link: binary messages are chunks of the byte stream, however it is cut. */

import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { type Clock, systemClock } from '../clock.js'
import { deferred } from '../deferred.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import { formatHostPort } from './address.js'
import { LINK_LIMITS } from './limits.js'
import type { Connector, Link, LinkHandlers } from './link.js'
import { connectError } from './socket-error.js'
import { type LinkServer, type ListenOptions, listen, type OnLink } from './tcp.js'

export interface WebSocketOptions {
  /** `ws://pi.local:4002/port` or `wss://...`. */
  readonly url: string
  /** Sent with the request, an Authorization for one. */
  readonly headers?: Readonly<Record<string, string>>
  /** Longest message taken; a longer one ends the link. Default 1,048,576. */
  readonly maxMessageBytes?: number
  /** Default 5,000. */
  readonly connectTimeoutMs?: number
  readonly clock?: Clock
}

/** @throws ARGUMENT_INVALID  the URL is none of a WebSocket */
export function webSocketConnector(options: WebSocketOptions): Connector {
  if (!/^wss?:$/.test(URL.canParse(options.url) ? new URL(options.url).protocol : '')) {
    throw new PortwireError('ARGUMENT_INVALID', `'${options.url}' is no URL of a WebSocket`, {
      hint: 'Write ws://host:port/path, or wss:// for an encrypted one.',
    })
  }
  return {
    name: options.url,
    lossless: true,
    connect: (handlers) => connect(options, handlers),
  }
}

function connect(options: WebSocketOptions, handlers: LinkHandlers): Promise<Link> {
  const { url } = options
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      handshakeTimeout: options.connectTimeoutMs ?? LINK_LIMITS.connectTimeoutMs,
      maxPayload: options.maxMessageBytes ?? LINK_LIMITS.maxMessageBytes,
      perMessageDeflate: false, // it holds 300 KB a connection, and packets are short
      headers: options.headers ?? {},
    })
    const failed = (cause: NodeJS.ErrnoException) => {
      const isLate = cause.message === 'Opening handshake has timed out'
      reject(connectError(url, isLate ? Object.assign(cause, { code: 'ETIMEDOUT' }) : cause))
    }
    socket.on('error', failed)
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      reject(refusal(url, response.statusCode ?? 0))
    })
    socket.once('upgrade', (response) => {
      response.socket.setNoDelay(true)
      response.socket.setKeepAlive(true, LINK_LIMITS.keepAliveMs)
    })
    socket.once('open', () => {
      socket.off('error', failed)
      const clock = options.clock ?? systemClock
      resolve(webSocketLink(socket, () => handlers, { peer: url, clock, remoteAddress: undefined }))
    })
  })
}

function refusal(url: string, status: number): PortwireError {
  if (status === 401 || status === 403) {
    return new PortwireError('PERMISSION_DENIED', `${url} refuses the connection (HTTP ${status})`, {
      hint: "Give the credentials that the server wants in 'headers'.",
    })
  }
  if (status === 404 || status === 400 || status === 426) {
    return new PortwireError('PORT_NOT_FOUND', `there is no WebSocket at ${url} (HTTP ${status})`, {
      hint: 'Correct the path.',
    })
  }
  return new PortwireError('PORT_FAILED', `${url} answers with HTTP ${status}`)
}

interface Peer {
  readonly peer: string
  readonly clock: Clock
  readonly remoteAddress: string | undefined
}

/** RFC 6455, section 7.4.1. */
const CloseCode = { NORMAL: 1000, GOING_AWAY: 1001, UNSUPPORTED_DATA: 1003, ABNORMAL: 1006 } as const

/** @param owner gets the link and says who hears it, before the first message is read */
function webSocketLink(socket: WebSocket, owner: (link: Link) => LinkHandlers, { peer, clock, ...rest }: Peer): Link {
  const over = deferred<void>()
  let verdict: Exit | undefined
  let fault: string | undefined
  let requested = false
  let ended = false
  let bytesReceived = 0
  let bytesWritten = 0
  let bytesRefused = 0
  /** Written in this turn, not sent yet. */
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  let waiting: (() => void)[] = []
  let cancelCut = () => {}

  const queuedBytes = () => (ended ? 0 : gatheredBytes + socket.bufferedAmount)
  const settle = () => {
    if (queuedBytes() > LINK_LIMITS.highWaterBytes) return
    const all = waiting
    waiting = []
    for (const done of all) done()
  }
  const send = () => {
    const bytes = Buffer.concat(gathered, gatheredBytes)
    gathered = []
    gatheredBytes = 0
    if (socket.readyState !== WebSocket.OPEN) return
    for (let at = 0; at < bytes.length; at += LINK_LIMITS.messageBytes) {
      socket.send(bytes.subarray(at, at + LINK_LIMITS.messageBytes), settle)
    }
  }
  const end = (exit: Exit) => {
    if (ended) return
    ended = true
    settle()
    handlers.ended(requested ? { kind: 'closed' } : (verdict ?? exit))
  }
  /** The closing handshake, bounded: ws alone would wait 30 s for the other side. */
  const leave = (code: number, reason = '') => {
    if (gatheredBytes > 0) send()
    socket.close(code, reason)
    cancelCut = clock.after(LINK_LIMITS.closeTimeoutMs, () => socket.terminate())
  }

  const link: Link = {
    write(bytes) {
      if (ended || requested || verdict || socket.readyState !== WebSocket.OPEN) {
        bytesRefused += bytes.length
        return true
      }
      if (gatheredBytes === 0 && bytes.length > 0) process.nextTick(send)
      gathered.push(bytes)
      gatheredBytes += bytes.length
      bytesWritten += bytes.length
      return queuedBytes() <= LINK_LIMITS.highWaterBytes
    },
    drained: () =>
      queuedBytes() > LINK_LIMITS.highWaterBytes ? new Promise((done) => waiting.push(done)) : Promise.resolve(),
    pause: () => void (requested || socket.pause()),
    resume: () => socket.resume(),
    kill() {
      requested = true
      socket.terminate()
      return over.promise
    },
    close() {
      if (!requested) {
        requested = true
        socket.resume()
        leave(CloseCode.NORMAL)
      }
      return over.promise
    },
    info: () => ({
      ...rest,
      bytesReceived,
      bytesWritten,
      bytesQueued: queuedBytes(),
      bytesRefused,
      isPaused: socket.isPaused,
    }),
  }
  const handlers = owner(link)
  socket.on('message', (data, isBinary) => {
    if (ended || verdict) return
    if (!isBinary) {
      const detail = 'a text message came, but the stream is in binary ones'
      verdict = { kind: 'protocol', detail }
      leave(CloseCode.UNSUPPORTED_DATA, detail)
      return end(verdict)
    }
    const bytes = Array.isArray(data) ? Buffer.concat(data) : (data as Buffer)
    bytesReceived += bytes.length
    if (bytes.length > 0) handlers.data(bytes)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    fault = error.message
    // What breaks the WebSocket protocol itself, a message that is too long among it.
    if (error.code?.startsWith('WS_ERR_')) verdict ??= { kind: 'protocol', detail: error.message }
  })
  socket.on('close', (code) => {
    cancelCut()
    const lost = `connection to ${peer} lost${fault ? `: ${fault}` : ''}`
    end({ kind: 'unplugged', detail: code === CloseCode.ABNORMAL ? lost : `${peer} closed the connection (${code})` })
    over.resolve()
  })
  return link
}

export interface ListenWebSocketOptions extends ListenOptions {
  /** Default `/`. */
  readonly path?: string
  /** Longest message taken. Default 1,048,576. */
  readonly maxMessageBytes?: number
  /** Web pages that may connect, as `https://host`; a browser names them. Default none: any page that its user visits could
   * reach a server on this machine. Programs name none and are not concerned. */
  readonly origins?: readonly string[]
}

/** Listens for WebSockets; each becomes a link.
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED */
export async function listenWebSocket(options: ListenWebSocketOptions, onLink: OnLink): Promise<LinkServer> {
  const clock = options.clock ?? systemClock
  const { path = '/', origins = [] } = options
  const links = new Set<Link>()
  let refused = 0
  const server = createServer((_, response) => {
    response.writeHead(426, { connection: 'close' }).end('a WebSocket is served here\n')
  })
  server.maxConnections = options.maxConnections ?? LINK_LIMITS.maxConnections
  server.headersTimeout = LINK_LIMITS.connectTimeoutMs
  server.on('drop', () => {
    refused += 1
  })
  const sockets = new WebSocketServer({
    server,
    path,
    maxPayload: options.maxMessageBytes ?? LINK_LIMITS.maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
    verifyClient: ({ origin }: { origin?: string }, done: (isTaken: boolean, status?: number) => void) => {
      const isTaken = origin === undefined || origins.includes(origin)
      if (!isTaken) refused += 1
      done(isTaken, 403)
    },
  })
  sockets.on('error', () => {}) // the server's own, which `listen` tells
  sockets.on('connection', (socket, request) => {
    const { remoteAddress, remotePort } = request.socket
    request.socket.setNoDelay(true)
    request.socket.setKeepAlive(true, LINK_LIMITS.keepAliveMs)
    const peer = formatHostPort({ host: remoteAddress ?? 'nobody', port: remotePort ?? 0 })
    const link = webSocketLink(socket, (made) => onLink(made, peer), { peer, clock, remoteAddress })
    links.add(link)
    socket.once('close', () => links.delete(link))
  })
  const address = await listen(server, options)
  let closed: Promise<void> | undefined
  return {
    address: `ws://${address}${path}`,
    get connections() {
      return links.size
    },
    get refused() {
      return refused
    },
    close() {
      closed ??= Promise.all([
        new Promise((resolve) => {
          sockets.close()
          server.close(resolve)
          server.closeAllConnections() // those that are not WebSockets yet
        }),
        ...[...links].map((link) => link.close()),
      ]).then(() => {})
      return closed
    },
  }
}
