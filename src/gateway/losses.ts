/** Messages that are lost, until that is said: losses are said, never hidden, but not one by one. */

import type { CancelTimer, Clock } from '../clock.js'

export interface Losses<Reason> {
  /** @param count  how many, default 1 */
  add(reason: Reason, count?: number): void
  /** Says what was not said yet, by the reason. */
  say(): void
  close(): void
}

export interface LossesOptions<Reason> {
  readonly clock: Clock
  /** A loss is said after this, though nobody has called `say`. */
  readonly afterMs: number
  readonly say: (reason: Reason, count: number) => void
}

export function createLosses<Reason>(options: LossesOptions<Reason>): Losses<Reason> {
  const unsaid = new Map<Reason, number>()
  let cancel: CancelTimer | undefined
  const say = () => {
    cancel?.()
    cancel = undefined
    const counts = [...unsaid]
    unsaid.clear()
    for (const [reason, count] of counts) options.say(reason, count)
  }
  return {
    add(reason, count = 1) {
      unsaid.set(reason, (unsaid.get(reason) ?? 0) + count)
      cancel ??= options.clock.after(options.afterMs, say)
    },
    say,
    close() {
      cancel?.()
      unsaid.clear()
    },
  }
}
