/** Where the events of a gateway wait for the broker. */

import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { PortwireError } from '../../errors.js'
import type { Environment } from '../config/environment.js'
import type { ConfigFile } from '../config/schema.js'
import { LIMITS } from '../limits.js'
import { shownName } from '../printable.js'

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
 * @param path  of the config file
 * @throws CONFIG_INVALID  a folder with other files in it */
export function outboxOf({ mqtt, outbox }: ConfigFile, path: string, env: Environment): OutboxConfig | undefined {
  if (outbox === 'memory' || (outbox === undefined && mqtt.embedded !== undefined)) return undefined
  const {
    dir,
    max_bytes = OUTBOX_DEFAULTS.maxBytes,
    ttl = 0,
    on_full = OUTBOX_DEFAULTS.onFull,
    hold = 0,
  } = outbox ?? {}
  const given = dir === undefined ? undefined : resolve(dirname(path), dir)
  const foreign = given === undefined ? undefined : foreignIn(given)
  if (foreign !== undefined) {
    const problem = `outbox.dir: ${given} has other files in it (${shownName(foreign)}): the outbox needs a folder of its own`
    throw new PortwireError('CONFIG_INVALID', `${path}: ${problem}`)
  }
  return {
    dir: given ?? join(stateDirectory(env), mqtt.client_id, 'outbox'),
    maxBytes: max_bytes,
    ttlMs: ttl === 0 ? OUTBOX_DEFAULTS.ttlMs : ttl,
    onFull: on_full,
    holdMs: hold,
  }
}

/** What an outbox has in its folder; and a disk of its own at its top. */
const OWN_FILES: readonly string[] = ['db', 'mark', 'lost+found']

/** Something that is not of an outbox: the folder is closed to others and may be renamed, which the home of something else must not be. */
function foreignIn(dir: string): string | undefined {
  try {
    return readdirSync(dir).find((name) => !OWN_FILES.includes(name))
  } catch {
    return undefined // It is made; or it cannot be used now, which the outbox says when it tries.
  }
}

/** That of the unit under systemd (StateDirectory=), which may name several; else the user's, after the XDG Base Directory
 * Specification. */
function stateDirectory(env: Environment): string {
  const unit = env['STATE_DIRECTORY']?.split(':')[0]
  if (unit) return resolve(unit)
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'portwire')
}
