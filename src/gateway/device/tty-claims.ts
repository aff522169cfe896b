/** Which device owns which tty. A tty goes by many names (`/dev/ttyACM0`, `/dev/serial/by-id/...`): it belongs to the device that was
 * first, whatever a second one calls it. */

import { realpathSync } from 'node:fs'
import type { DeviceConfig } from './config.js'

type Claimant = Pick<DeviceConfig, 'name' | 'target'>

export interface TtyClaims {
  /** Takes the tty of this device for it; the name of the owner when another device has it, and nothing is taken then.
   * @param openPath  the tty that it has open: a device that is found by what it is has no other path */
  claim(device: Claimant, openPath?: string): string | undefined
  release(device: Claimant): void
}

/** @param realPath  where a path leads at this moment; itself when it leads nowhere */
export function createTtyClaims(realPath: (path: string) => string = whereTo): TtyClaims {
  const paths = new Map<string, string>()
  return {
    claim({ name, target }, openPath) {
      if (!('serial' in target)) return undefined
      const path = typeof target.serial === 'string' ? target.serial : openPath
      if (path === undefined) return undefined
      const tty = realPath(path)
      // Looked up anew each time: when boards change their sockets, the names lead elsewhere.
      for (const [owner, other] of paths) if (owner !== name && realPath(other) === tty) return owner
      paths.set(name, path)
      return undefined
    },
    release: ({ name }) => void paths.delete(name),
  }
}

/** A board that is out has no tty: its name stands for it until it is back. */
function whereTo(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
