/** Packets on their way into a link: written at once while it takes them, else in turn when it has drained. */

import { deferred } from '../../deferred.js'
import type { PortwireError } from '../../errors.js'
import type { Link } from '../../link/link.js'

export interface RawWrites {
  /** Resolves when the link has taken the bytes. */
  write(wire: Uint8Array): Promise<void>
  /** Resolves when nothing waits. */
  idle(): Promise<void>
  /** The link is gone: what waits was not written. */
  end(error: (waiting: number) => PortwireError): void
  readonly waiting: number
  /** The link takes no more: a write would wait. */
  readonly isBusy: boolean
}

export function createRawWrites(link: Link, wrote: (bytes: number) => void): RawWrites {
  const waiting: { readonly wire: Uint8Array; resolve(): void; reject(error: unknown): void }[] = []
  let isFull = false
  let ended = false
  let last: Promise<void> = Promise.resolve()

  const put = (wire: Uint8Array) => {
    wrote(wire.length)
    if (link.write(wire)) return
    isFull = true
    void link.drained().then(() => {
      isFull = false
      while (!ended && !isFull && waiting.length > 0) {
        const next = waiting.shift()!
        put(next.wire)
        next.resolve()
      }
    })
  }

  return {
    write(wire) {
      if (!isFull) {
        put(wire)
        return Promise.resolve()
      }
      const { promise, resolve, reject } = deferred<void>()
      waiting.push({ wire, resolve, reject })
      last = promise.catch(() => {}) // whoever wrote sees the error
      return promise
    },
    idle: () => last,
    end(error) {
      ended = true
      for (const { reject } of waiting.splice(0)) reject(error(waiting.length))
    },
    get waiting() {
      return waiting.length
    },
    get isBusy() {
      return isFull || waiting.length > 0
    },
  }
}
