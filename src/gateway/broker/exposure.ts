/** Where the embedded broker may listen: where others reach it, only with users. */

import { isThisMachine } from './door.js'

/** Why a broker must not listen there; undefined when it may. */
export function exposure(host: string, hasUsers: boolean, hasAnonymous: boolean): string | undefined {
  if (isLoopback(host)) return undefined
  if (!hasUsers) {
    return (
      `others can reach "${host}", and there are no users: every one of them could command the devices; ` +
      'add mqtt.embedded.users, or listen on 127.0.0.1'
    )
  }
  return hasAnonymous ? `others can reach "${host}": anonymous is for 127.0.0.1 only` : undefined
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || isThisMachine(host)
}
