/** Which device owns which tty. A tty goes by many names (`/dev/ttyACM0`, `/dev/serial/by-id/...`): it belongs to the device that was
 * first, whatever a second one calls it. */

import { realpathSync } from 'node:fs'
import type { DeviceConfig } from './device-config.js'

type Claimant = Pick<DeviceConfig, 'name' | 'target'>

export interface TtyClaims {
  /** Takes the tty of this device for it; the name of the owner when another device has it, and nothing is taken then. */
  claim(device: Claimant): string | undefined
  release(device: Claimant): void
}

/** @param realPath  where a path leads at this moment; itself when it leads nowhere */
export function createTtyClaims(realPath: (path: string) => string = whereTo): TtyClaims {
  const paths = new Map<string, string>()
  return {
    claim({ name, target }) {
      if (!('serial' in target)) return undefined
      const tty = realPath(target.serial)
      // Looked up anew each time: when boards change their sockets, the names lead elsewhere.
      for (const [owner, path] of paths) if (owner !== name && realPath(path) === tty) return owner
      paths.set(name, target.serial)
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
