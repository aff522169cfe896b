/** A tty whose read fails once is not gone: EIO on a descriptor that still works is tried again, a few times in a row. */

import type { Clock } from '../clock.js'
import type { SerialBinding, SerialBindingPort } from './binding.js'
import { LINK_LIMITS } from './limits.js'

export interface ReadFaults {
  /** Reads that failed and were tried again. */
  count: number
}

const EIO = /\bEIO\b|input\/output error/i

/** The same binding; a read that fails with EIO is made again after `readFaultPauseMs`, up to `readFaultsInARow` times until bytes
 * come. A tty that has hung up answers nothing else either, so its end is told at once. */
export function toleratingReadFaults(binding: SerialBinding, clock: Clock, faults: ReadFaults): SerialBinding {
  return {
    list: () => binding.list(),
    async open(options) {
      const port = await binding.open(options)
      const read = steadyRead(port, clock, faults)
      return new Proxy(port, {
        get(target, key) {
          if (key === 'read') return read
          const value: unknown = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
}

function steadyRead(port: SerialBindingPort, clock: Clock, faults: ReadFaults): SerialBindingPort['read'] {
  let inARow = 0
  return async (buffer, offset, length) => {
    for (;;) {
      try {
        const result = await port.read(buffer, offset, length)
        inARow = 0
        return result
      } catch (error) {
        if (inARow === LINK_LIMITS.readFaultsInARow || !(await isLone(port, error))) throw error
        inARow += 1
        faults.count += 1
        await new Promise<void>((resolve) => clock.after(LINK_LIMITS.readFaultPauseMs, resolve))
      }
    }
  }
}

/** True for an EIO on a descriptor that answers: one that has hung up does not. */
async function isLone(port: SerialBindingPort, error: unknown): Promise<boolean> {
  if (!(error instanceof Error) || !(EIO.test(error.message) || (error as NodeJS.ErrnoException).code === 'EIO'))
    return false
  if (!port.isOpen) return false
  return port.getBaudRate().then(
    () => true,
    () => false,
  )
}
