/** The embedded broker: aedes on 127.0.0.1, for trying out and for tests. It speaks MQTT 3.1.1 only and keeps nothing over a
 * restart; everybody who can reach 127.0.0.1 may use it, so it listens nowhere else. */

import { createServer, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { PortwireError } from '../errors.js'
import { LIMITS } from './limits.js'
import type { Log } from './log.js'
import { createPacketGuard } from './packet-guard.js'

export interface Broker {
  readonly port: number
  /** Drops every connection; idempotent. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'

/** Starts it. @param port 0 is any free one
 * @throws PORT_BUSY  naming the port; another broker runs there */
export async function startBroker(port: number, log: Log): Promise<Broker> {
  const aedes = await Aedes.createBroker({
    connectTimeout: LIMITS.brokerConnectMs,
    drainTimeout: LIMITS.brokerDrainMs,
    maxTopicLevels: 20,
  })
  aedes.on('clientError', (client, error) => log('debug', NAMESPACE, `${client.id}: ${error.message}`))
  aedes.on('connectionError', (_client, error) => log('debug', NAMESPACE, error.message))
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // Without a listener a reset by the peer would end the process.
    socket.on('error', () => {})
    guard(socket, log)
    aedes.handle(socket)
  })
  server.maxConnections = LIMITS.brokerSockets
  try {
    await listen(server, port)
  } catch (error) {
    aedes.close()
    throw listenError(error as NodeJS.ErrnoException, port)
  }
  const address = server.address() as { port: number }
  log('info', NAMESPACE, `listening on ${HOST}:${address.port}`)
  let closed: Promise<void> | undefined
  const close = () =>
    new Promise<void>((resolve) => {
      aedes.close()
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return {
    port: address.port,
    close() {
      closed ??= close()
      return closed
    },
  }
}

const NAMESPACE = 'portwire:broker'

/** aedes collects a packet of up to 256 MB before it looks at it: bytes are counted before they reach it. */
function guard(socket: Socket, log: Log): void {
  const check = createPacketGuard({ connectBytes: LIMITS.brokerConnectBytes, packetBytes: LIMITS.brokerPacketBytes })
  const push = socket.push.bind(socket)
  socket.push = (chunk: Buffer | null, ...rest: never[]) => {
    const problem = chunk === null ? undefined : check(chunk)
    if (problem === undefined) return push(chunk, ...rest)
    log('warn', NAMESPACE, `connection closed: ${problem}`)
    socket.destroy()
    return false
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, port: number): PortwireError {
  if (error.code === 'EADDRINUSE') {
    return new PortwireError(
      'PORT_BUSY',
      `${HOST}:${port} is taken: another broker, or another gateway, listens there`,
      {
        cause: error,
        hint: `Use that broker (mqtt.server: mqtt://${HOST}:${port}), or give mqtt.embedded another port.`,
      },
    )
  }
  return new PortwireError('PORT_FAILED', `cannot listen on ${HOST}:${port}: ${error.message}`, { cause: error })
}
