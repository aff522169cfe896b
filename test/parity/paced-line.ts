/** A serial line that takes its time, for boards that answer in none: bytes arrive when the baud rate lets them. */

import type { Clock } from '../../src/clock.js'
import type { Connector } from '../../src/link/index.js'

/** One byte is ten bits (8N1); both directions have the line for themselves, as UARTs have. */
export function pacedLine(connector: Connector, clock: Clock, baudRate: number): Connector {
  const lane = () => {
    let freeMs = 0
    return (bytes: number, arrived: () => void) => {
      freeMs = Math.max(freeMs, clock.nowMs()) + (bytes * 10_000) / baudRate
      clock.after(freeMs - clock.nowMs(), arrived)
    }
  }
  return {
    ...connector,
    baudRate,
    async connect(handlers) {
      const [toHost, toDevice] = [lane(), lane()]
      let isOver = false
      const link = await connector.connect({
        ...handlers,
        data: (bytes) => toHost(bytes.length, () => !isOver && handlers.data(bytes)),
        ended(exit) {
          isOver = true
          handlers.ended(exit)
        },
      })
      return {
        ...link,
        write(bytes) {
          toDevice(bytes.length, () => !isOver && link.write(bytes))
          return true
        },
      }
    },
  }
}
