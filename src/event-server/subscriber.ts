/** One subscriber's socket: gathers the events of a turn into one write, and knows how much of it was not taken yet. */

import type { Socket } from 'node:net'
import { KEEPALIVE_MS, REPLACED_MS } from './limits.js'

export interface Subscriber {
  /** Events handed over and not yet taken by the operating system, and their bytes. */
  readonly queued: number
  readonly queuedBytes: number
  send(packet: Uint8Array): void
  /** FIN after what is on its way. */
  end(): void
}

export function createSubscriber(socket: Socket): Subscriber {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEPALIVE_MS)
  socket.on('error', () => {}) // `close` follows
  socket.resume() // what a subscriber says is not for anybody; unread it would hide its FIN
  let gathered: Uint8Array[] = []
  let queued = 0
  let queuedBytes = 0
  const flush = () => {
    if (gathered.length === 0) return
    const count = gathered.length
    const bytes = Buffer.concat(gathered)
    gathered = []
    if (!socket.writable) return
    socket.write(bytes, () => {
      queued -= count
      queuedBytes -= bytes.length
    })
  }
  return {
    get queued() {
      return queued
    },
    get queuedBytes() {
      return queuedBytes
    },
    send(packet) {
      queued += 1
      queuedBytes += packet.length
      if (gathered.push(packet) === 1) process.nextTick(flush)
    },
    end() {
      flush()
      socket.end()
      const cutOff = setTimeout(() => socket.destroy(), REPLACED_MS)
      socket.once('close', () => clearTimeout(cutOff))
    },
  }
}
