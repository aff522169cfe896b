/** The writing half of a link over a Node stream: what is written in one turn leaves in one system call, what nobody reads
 * any more is counted, and whoever waits for room is never left waiting. */

import type { Writable } from 'node:stream'
import { createGather } from './gather.js'
import { LINK_LIMITS } from './limits.js'

export interface Output {
  /** False: more than the high-water mark is queued. */
  write(bytes: Uint8Array): boolean
  drained(): Promise<void>
  /** Hands what was written in this turn to the system now, for a process that ends before the next. */
  flush(): void
  /** Resolves when all that was written has left this process, or never will. */
  flushed(): Promise<void>
  /** Nothing more is written; what is queued still goes out. */
  end(): void
  /** The link is over: what is written from now on is refused, and nobody waits any more. */
  stop(): void
  info(): { bytesWritten: number; bytesQueued: number; bytesRefused: number }
}

/** @param lost called once when the reader is gone: EPIPE, ECONNRESET */
export function createOutput(stream: Writable, lost: (detail: string) => void = () => {}): Output {
  const write = stream.write.bind(stream) // before anybody puts another one in its place
  let state: 'open' | 'ended' | 'lost' | 'stopped' = 'open'
  let isFlushDue = false
  let isCorked = false
  let bytesWritten = 0
  let bytesRefused = 0
  let waiting: (() => void)[] = []

  const settle = () => {
    const all = waiting
    waiting = []
    for (const done of all) done()
  }
  /** Hands on what is gathered. In the middle of a turn the stream is corked, so that more can follow. */
  const hand = () => {
    const bytes = gather.take()
    if (bytes && state !== 'lost' && !stream.destroyed) write(bytes)
  }
  const handInTurn = () => {
    if (!isCorked) stream.cork()
    isCorked = true
    hand()
  }
  const gather = createGather(handInTurn)
  const flush = () => {
    isFlushDue = false
    hand()
    if (!isCorked) return
    isCorked = false
    stream.uncork()
  }
  const queuedBytes = () => stream.writableLength + gather.heldBytes
  const isFull = () => (state === 'open' || state === 'ended') && queuedBytes() > LINK_LIMITS.highWaterBytes

  stream.on('drain', settle)
  stream.on('close', settle)
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const wasStopped = state === 'stopped'
    if (!wasStopped) state = 'lost'
    settle()
    if (!wasStopped) lost(error.code ?? error.message)
  })
  return {
    write(bytes) {
      if (state !== 'open' || stream.destroyed) {
        bytesRefused += bytes.length
        return true
      }
      if (!isFlushDue) {
        isFlushDue = true
        process.nextTick(flush)
      }
      bytesWritten += bytes.length
      if (!gather.add(bytes)) {
        handInTurn()
        write(bytes)
      }
      return !isFull()
    },
    drained: () => (isFull() && !stream.destroyed ? new Promise((done) => waiting.push(done)) : Promise.resolve()),
    flush,
    flushed: () =>
      state === 'open' && !stream.destroyed
        ? new Promise((done) => {
            hand()
            write('', () => done())
            flush()
          })
        : Promise.resolve(),
    end() {
      if (state !== 'open') return
      hand()
      state = 'ended'
      stream.end()
    },
    stop() {
      state = 'stopped'
      settle()
    },
    info: () => ({ bytesWritten, bytesQueued: stream.destroyed ? 0 : queuedBytes(), bytesRefused }),
  }
}
