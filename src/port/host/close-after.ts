/** Closing that lets what is under way come to its end first, for so long and no longer. */

import type { Clock } from '../../clock.js'
import { PortwireError } from '../../errors.js'
import type { Exit } from '../../exit.js'

export interface Closing {
  readonly clock: Clock
  readonly life: { close(): Promise<Exit>; readonly exited: Promise<Exit> }
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/** @param waitMs 0: at once, before this returns
 * @throws ARGUMENT_INVALID  waitMs is no number from 0 */
export function closeAfter(waitMs: number, { clock, life, idle }: Closing): Promise<Exit> {
  if (!(waitMs >= 0)) {
    return Promise.reject(new PortwireError('ARGUMENT_INVALID', `waitMs: ${waitMs} is not a number from 0`))
  }
  if (waitMs === 0) return life.close()
  return new Promise((resolve) => {
    const close = () => {
      cancel()
      resolve(life.close())
    }
    const cancel = clock.after(waitMs, close)
    void Promise.race([idle(), life.exited]).then(close)
  })
}
