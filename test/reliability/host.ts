/** A host that can be killed as a process is: from one moment on nothing of it happens any more. */

import type { CancelTimer, Clock } from '../../src/clock.js'
import type { Connector } from '../../src/index.js'

export interface MortalClock extends Clock {
  readonly isAlive: boolean
  kill(): void
}

/** A view of `clock` whose timers die with their host. */
export function createMortalClock(clock: Clock): MortalClock {
  const timers = new Set<CancelTimer>()
  let isAlive = true
  return {
    nowMs: () => clock.nowMs(),
    after(delayMs, run) {
      if (!isAlive) return () => {}
      const cancel = clock.after(delayMs, () => {
        timers.delete(cancel)
        run()
      })
      timers.add(cancel)
      return () => {
        timers.delete(cancel)
        cancel()
      }
    },
    get isAlive() {
      return isAlive
    },
    kill() {
      isAlive = false
      for (const cancel of timers) cancel()
      timers.clear()
    },
  }
}

/** A view of `connector` for one host: once that is dead it opens nothing and hears of no arrival. */
export function createMortalConnector(connector: Connector, host: MortalClock): Connector {
  return {
    ...connector,
    connect: (handlers) => (host.isAlive ? connector.connect(handlers) : new Promise(() => {})),
    onArrival: (arrived) => connector.onArrival?.(() => host.isAlive && arrived()) ?? (() => {}),
  }
}
