/** Takes commands in, a bounded number at once: when all places are taken the next one waits a little, and the broker with it,
 * as no further packet is read meanwhile; then it is refused. */

import type { Clock } from '../clock.js'

export interface Intake {
  /** Resolves true with a place taken, or false when none became free in time. */
  enter(): Promise<boolean>
  /** Gives a place back. */
  leave(): void
  readonly taken: number
}

export function createIntake(places: number, waitMs: number, clock: Clock): Intake {
  let taken = 0
  /** Packets are read one by one, so there are few of these: those of a connection that was lost meanwhile. */
  const waiting: (() => void)[] = []
  return {
    async enter() {
      if (taken < places) {
        taken += 1
        return true
      }
      return await new Promise<boolean>((resolve) => {
        const admit = () => {
          cancel()
          resolve(true)
        }
        const cancel = clock.after(waitMs, () => {
          waiting.splice(waiting.indexOf(admit), 1)
          resolve(false)
        })
        waiting.push(admit)
      })
    },
    leave() {
      const next = waiting.shift()
      if (next) next()
      else taken -= 1
    },
    get taken() {
      return taken
    },
  }
}
