/** The board of the demonstration: an emulated Arduino Uno in real time, with the firmware image of the package, in the climate of
 * a small greenhouse. */

import { readFileSync } from 'node:fs'
import { systemClock } from '../clock.js'
import { PortwireError } from '../errors.js'
import type { SerialBinding } from '../link/index.js'
import { createBoardBinding } from '../testing/avr/binding.js'
import { createUno } from '../testing/avr/board.js'
import { runClimate } from '../testing/greenhouse-climate.js'
import { runInRealTime } from '../testing/real-time.js'

export interface DemoBoard {
  readonly path: string
  readonly binding: SerialBinding
  readonly plugged: boolean
  onArrival(arrived: () => void): () => void
  unplug(): void
  plug(): void
  /** Presses the reset button. */
  reset(): void
  stop(): void
}

/** No real device has such a path. */
const PATH = '/dev/emulated-uno'
/** firmware/images is two folders up both from `src/cli` and from `dist/cli`. */
const IMAGE = new URL('../../firmware/images/greenhouse-uno.hex', import.meta.url)

/** Gives it power; its time runs until `stop`.
 * @throws PORT_FAILED  the firmware image is not there: the checkout was not built */
export function createDemoBoard(): DemoBoard {
  const board = createUno({ image: readImage() })
  const climate = runClimate({ board, clock: systemClock })
  const time = runInRealTime(board)
  const binding = createBoardBinding({ [PATH]: board })
  return {
    path: PATH,
    binding,
    get plugged() {
      return board.plugged
    },
    onArrival: binding.onArrival,
    unplug: () => board.unplug(),
    plug: () => board.plug(),
    reset: () => board.reset('external'),
    stop() {
      time.stop()
      climate.stop()
    },
  }
}

function readImage(): string {
  try {
    return readFileSync(IMAGE, 'utf8')
  } catch (error) {
    throw new PortwireError('PORT_FAILED', 'the firmware image firmware/images/greenhouse-uno.hex is missing', {
      cause: error,
      hint: 'Run `npm run build:firmware`.',
    })
  }
}
