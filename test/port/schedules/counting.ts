/** Clocks, links and signals that know what of them is still held. */

import { getEventListeners } from 'node:events'
import type { Clock } from '../../../src/clock.js'
import type { Connector, Link } from '../../../src/link/index.js'

export interface Held {
  /** What is held now, one line each. */
  held(): string[]
}

/** A clock whose timers are known until they run or are cancelled. */
export function countingClock(clock: Clock): Clock & Held {
  const timers = new Map<symbol, Error>()
  return {
    nowMs: clock.nowMs,
    after(delayMs, run) {
      const key = Symbol(delayMs)
      timers.set(key, new Error(`${delayMs} ms`))
      const cancel = clock.after(delayMs, () => {
        timers.delete(key)
        run()
      })
      return () => {
        timers.delete(key)
        cancel()
      }
    },
    held: () => [...timers.values()].map((made) => `a timer of ${made.message} (${whereMade(made)})`),
  }
}

function whereMade(error: Error): string {
  const line = error.stack?.split('\n').find((text) => text.includes('/src/') && !text.includes('clock.ts'))
  return line?.trim().replace(/^at .*\/src\//, 'src/') ?? 'somewhere'
}

/** A connector whose links are known until they are closed and have said so; it also holds them to their contract. */
export function countingConnector(
  inner: Connector,
  problem: (text: string) => void,
): { readonly connector: Connector; readonly opened: Link[] } & Held {
  const links = new Map<Link, 'open' | 'closing'>()
  const opened: Link[] = []
  let opening = 0
  let watchers = 0
  const { onArrival } = inner
  const connector: Connector = {
    ...inner,
    ...(onArrival ? { onArrival: (arrived: () => void) => watch(onArrival, arrived) } : {}),
    async connect(handlers) {
      let ends = 0
      opening += 1
      const heard = (what: string) => {
        if (ends > 0) problem(`the link gave ${what} after its end`)
      }
      try {
        const link = await inner.connect({
          data(bytes) {
            heard('bytes')
            handlers.data(bytes)
          },
          stderr(line) {
            heard('a line')
            handlers.stderr?.(line)
          },
          inputLost: (detail) => handlers.inputLost?.(detail),
          ended(exit) {
            heard('another end')
            ends += 1
            handlers.ended(exit)
          },
        })
        const counted: Link = {
          ...link,
          async close() {
            links.set(counted, 'closing')
            await link.close()
            links.delete(counted)
            if (ends === 0) problem('close() of the link resolved before its end')
          },
        }
        links.set(counted, 'open')
        opened.push(counted)
        return counted
      } finally {
        opening -= 1
      }
    },
  }
  const watch = (start: NonNullable<Connector['onArrival']>, arrived: () => void) => {
    let watching = true
    const stop = start(arrived)
    watchers += 1
    return () => {
      if (watching) watchers -= 1
      watching = false
      stop()
    }
  }
  return {
    connector,
    opened,
    held: () => [
      ...[...links.values()].map((state) => `a link that is ${state}`),
      ...(opening > 0 ? [`${opening} links being opened`] : []),
      ...(watchers > 0 ? [`${watchers} watchers for an arrival`] : []),
    ],
  }
}

/** Signals whose listeners are known. */
export function countingSignals(): { make(): AbortController; readonly made: AbortController[] } & Held {
  const made: AbortController[] = []
  return {
    made,
    make() {
      const controller = new AbortController()
      made.push(controller)
      return controller
    },
    held: () =>
      made.flatMap(({ signal }) => {
        const listeners = getEventListeners(signal, 'abort').length
        return listeners > 0 ? [`${listeners} listeners of a signal`] : []
      }),
  }
}
