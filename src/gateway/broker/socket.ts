/** One connection to the embedded broker, before aedes has it: what comes in is measured, what waits to go out is bounded.
 * aedes collects a packet of up to 256 MB, and while one subscriber does not read it delivers to none. */

import type { Socket } from 'node:net'
import { LIMITS } from '../limits.js'
import { createPacketGuard } from './packet-guard.js'

/** When the system asks an idle peer whether it is there. */
const TCP_KEEPALIVE_MS = 60_000
/** Between looks at a peer that does not read. */
const LOOK_MS = 500

export interface OutboundBound {
  /** Something was written to the socket. */
  written(socket: Socket): void
}

/** Keeps the sum of what waits within bounds, by ending the connection on which the most waits. */
export function createOutboundBound(
  sockets: ReadonlySet<Socket>,
  maxBytes: number,
  end: (socket: Socket, why: string) => void,
): OutboundBound {
  return {
    written(socket) {
      if (socket.writableLength <= socket.writableHighWaterMark) return
      let total = 0
      let most = socket
      for (const other of sockets) {
        total += other.writableLength
        if (other.writableLength > most.writableLength) most = other
      }
      if (total > maxBytes) end(most, `it does not read: ${most.writableLength} bytes wait for it`)
    },
  }
}

export function guardSocket(socket: Socket, bound: OutboundBound, end: (why: string) => void): void {
  socket.setKeepAlive(true, TCP_KEEPALIVE_MS)
  guardInbound(socket, end)
  guardOutbound(socket, bound, end)
}

function guardInbound(socket: Socket, end: (why: string) => void): void {
  const check = createPacketGuard({
    connectBytes: LIMITS.brokerConnectBytes,
    packetBytes: LIMITS.brokerPacketBytes,
    subscribeBytes: LIMITS.brokerSubscribeBytes,
    subscribeFilters: LIMITS.brokerSubscribeFilters,
    // More than anybody may have: it would be ended anyway, after all of it was parsed.
    filtersAtOnce: LIMITS.brokerManySubscriptions,
  })
  const push = socket.push.bind(socket)
  socket.push = (chunk: Buffer | null, ...rest: never[]) => {
    const problem = chunk === null ? undefined : check(chunk)
    if (problem === undefined) return push(chunk, ...rest)
    end(problem)
    return false
  }
}

/** The broker is never told to wait: it would have all others wait too. */
function guardOutbound(socket: Socket, bound: OutboundBound, end: (why: string) => void): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  const taken = () => socket.bytesWritten - socket.writableLength
  const watch = () => {
    let before = taken()
    let idleMs = 0
    timer = setInterval(() => {
      const now = taken()
      idleMs = now === before ? idleMs + LOOK_MS : 0
      before = now
      if (idleMs >= LIMITS.brokerDrainMs) end(`it has read nothing for ${idleMs / 1_000} s`)
    }, LOOK_MS)
  }
  socket.write = (...args: unknown[]) => {
    if (!write(...args) && timer === undefined && !socket.destroyed) watch()
    bound.written(socket)
    return true
  }
  socket.on('drain', stop)
  socket.on('close', stop)
}
