/** The writing half of a link over a Node stream: what is written in one turn leaves in one system call, what nobody reads
 * any more is counted, and whoever waits for room is never left waiting. */

import type { Writable } from 'node:stream'
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
  let corked = false
  let bytesWritten = 0
  let bytesRefused = 0
  let waiting: (() => void)[] = []

  const settle = () => {
    const all = waiting
    waiting = []
    for (const done of all) done()
  }
  const uncork = () => {
    if (!corked) return
    corked = false
    stream.uncork()
  }
  const isFull = () => (state === 'open' || state === 'ended') && stream.writableLength > LINK_LIMITS.highWaterBytes

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
      if (!corked) {
        corked = true
        stream.cork()
        process.nextTick(uncork)
      }
      bytesWritten += bytes.length
      write(bytes)
      return !isFull()
    },
    drained: () => (isFull() && !stream.destroyed ? new Promise((done) => waiting.push(done)) : Promise.resolve()),
    flush: uncork,
    flushed: () =>
      state === 'open' && !stream.destroyed
        ? new Promise((done) => {
            write('', () => done())
            uncork()
          })
        : Promise.resolve(),
    end() {
      if (state !== 'open') return
      state = 'ended'
      stream.end()
    },
    stop() {
      state = 'stopped'
      settle()
    },
    info: () => ({ bytesWritten, bytesQueued: stream.destroyed ? 0 : stream.writableLength, bytesRefused }),
  }
}
