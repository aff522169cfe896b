/** A TCP proxy that does to a connection what networks do; the eight faults and their names are those of Shopify/toxiproxy. */

import { connect, createServer, type Server, type Socket } from 'node:net'

export type Toxic =
  | { readonly kind: 'none' }
  /** Every piece is late by latency ± jitter, in order. */
  | { readonly kind: 'latency'; readonly latencyMs: number; readonly jitterMs: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** Pieces of so many bytes. */
  | { readonly kind: 'slicer'; readonly bytes: number }
  /** Each connection is reset so long after it was made. */
  | { readonly kind: 'reset_peer'; readonly afterMs: number }
  /** Nothing passes, nothing closes: a link that is half open. */
  | { readonly kind: 'timeout' }
  /** The broker's side goes so long after it was made, ours hears of it later. */
  | { readonly kind: 'slow_close'; readonly afterMs: number; readonly delayMs: number }
  /** Closed after so many bytes from us. */
  | { readonly kind: 'limit_data'; readonly bytes: number }
  /** Nobody listens. */
  | { readonly kind: 'down' }

export interface ToxicProxy {
  readonly port: number
  /** From now on, on connections that are there as well. */
  set(toxic: Toxic): Promise<void>
  /** Connections so far. */
  readonly connections: number
  close(): Promise<void>
}

export async function startToxicProxy(targetPort: number, random: () => number): Promise<ToxicProxy> {
  let toxic: Toxic = { kind: 'none' }
  let connections = 0
  const links = new Set<Socket>()
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }

  const accept = (near: Socket) => {
    connections += 1
    const far = connect(targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      links.add(socket.setNoDelay(true))
      socket.on('error', () => {})
    }
    near.on('close', () => links.delete(near) && far.destroy())
    far.on('close', () => {
      links.delete(far)
      if (toxic.kind === 'slow_close') after(toxic.delayMs, () => near.destroy())
      // The other end of a link that is half open does not hear of anything.
      else if (toxic.kind !== 'timeout') near.destroy()
    })
    let fromUs = 0
    pass(near, far, (bytes) => {
      fromUs += bytes
      if (toxic.kind === 'limit_data' && fromUs > toxic.bytes) near.destroy()
    })
    pass(far, near, () => {})
    schedule(near, far)
  }

  const schedule = (near: Socket, far: Socket) => {
    const { kind } = toxic
    if (kind === 'reset_peer') after(toxic.afterMs, () => near.resetAndDestroy())
    if (kind === 'slow_close') after(toxic.afterMs, () => far.destroy())
  }

  /** One direction: pieces in order, each with its own delay. */
  const pass = (from: Socket, to: Socket, passed: (bytes: number) => void) => {
    let freeAtMs = 0
    from.on('data', (chunk) => {
      for (const piece of pieces(chunk, toxic)) {
        const nowMs = performance.now()
        freeAtMs = Math.max(freeAtMs, nowMs + delayMs(toxic, random)) + durationMs(toxic, piece)
        const deliver = () => {
          if (toxic.kind === 'timeout' || to.destroyed) return
          to.write(piece)
          passed(piece.length)
        }
        if (freeAtMs <= nowMs) deliver()
        else after(freeAtMs - nowMs, deliver)
      }
      // What is on its way is bounded, as it is in a network.
      if (freeAtMs - performance.now() > 1_000) {
        from.pause()
        after(500, () => from.resume())
      }
    })
  }

  let server: Server | undefined
  const open = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server = createServer(accept)
      server.on('error', reject)
      server.listen(port, '127.0.0.1', () => resolve((server!.address() as { port: number }).port))
    })
  const shut = () =>
    new Promise<void>((resolve) => {
      if (!server) return resolve()
      server.close(() => resolve())
      server = undefined
      for (const socket of links) socket.destroy()
    })
  const port = await open(0)

  return {
    port,
    get connections() {
      return connections
    },
    async set(next) {
      const before = toxic
      toxic = next
      if (next.kind === 'down') await shut()
      else if (before.kind === 'down') await open(port)
      // What was made under another fault would live without this one.
      else if (next.kind === 'reset_peer' || next.kind === 'slow_close') for (const socket of links) socket.destroy()
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await shut()
    },
  }
}

function pieces(chunk: Buffer, toxic: Toxic): Buffer[] {
  if (toxic.kind !== 'slicer') return [chunk]
  return Array.from({ length: Math.ceil(chunk.length / toxic.bytes) }, (_, at) =>
    chunk.subarray(at * toxic.bytes, (at + 1) * toxic.bytes),
  )
}

function delayMs(toxic: Toxic, random: () => number): number {
  return toxic.kind === 'latency' ? toxic.latencyMs + (2 * random() - 1) * toxic.jitterMs : 0
}

function durationMs(toxic: Toxic, piece: Buffer): number {
  return toxic.kind === 'bandwidth' ? (piece.length * 1_000) / toxic.bytesPerSecond : 0
}
