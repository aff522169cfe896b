/** Where the events of a gateway wait for the broker. */

import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Environment } from '../config/environment.js'
import type { ConfigFile } from '../config/schema.js'
import { LIMITS } from '../limits.js'

export interface OutboxConfig {
  /** Absolute. */
  readonly dir: string
  readonly maxBytes: number
  /** Infinity: events are kept however old they are. */
  readonly ttlMs: number
  readonly onFull: 'drop-oldest' | 'reject-new'
  readonly holdMs: number
}

export const OUTBOX_DEFAULTS = {
  maxBytes: LIMITS.outboxDiskBytes,
  ttlMs: Number.POSITIVE_INFINITY,
  onFull: 'drop-oldest',
  holdMs: 0,
} as const satisfies Omit<OutboxConfig, 'dir'>

/** On disk, unless the config says `memory`; or says nothing, and the broker is the embedded one, which forgets everything too.
 * @param path  of the config file */
export function outboxOf({ mqtt, outbox }: ConfigFile, path: string, env: Environment): OutboxConfig | undefined {
  if (outbox === 'memory' || (outbox === undefined && mqtt.embedded !== undefined)) return undefined
  const {
    dir,
    max_bytes = OUTBOX_DEFAULTS.maxBytes,
    ttl = 0,
    on_full = OUTBOX_DEFAULTS.onFull,
    hold = 0,
  } = outbox ?? {}
  return {
    dir: dir === undefined ? join(stateDirectory(env), mqtt.client_id, 'outbox') : resolve(dirname(path), dir),
    maxBytes: max_bytes,
    ttlMs: ttl === 0 ? OUTBOX_DEFAULTS.ttlMs : ttl,
    onFull: on_full,
    holdMs: hold,
  }
}

/** That of the unit under systemd (StateDirectory=), which may name several; else the user's, after the XDG Base Directory
 * Specification. */
function stateDirectory(env: Environment): string {
  const unit = env['STATE_DIRECTORY']?.split(':')[0]
  if (unit) return resolve(unit)
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'portwire')
}
