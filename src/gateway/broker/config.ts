/** The embedded broker as the config has it: where it listens, its users and their roles. */

import { dirname, resolve } from 'node:path'
import { PortwireError } from '../../errors.js'
import type { EmbeddedInFile, UserInFile } from '../config/broker-schema.js'
import { readPassword } from '../config/text-file.js'
import { LIMITS } from '../limits.js'
import { type DiscoveryTopics, type Grant, grantOf, type Role } from './access.js'
import { exposure } from './exposure.js'
import { parsePasswordHash } from './password-hash.js'
import { type BrokerUser, hashedSecret, type Secret, secretOf } from './users.js'

export interface EmbeddedConfig {
  readonly kind: 'embedded'
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0 is any free one. */
  readonly port: number
  readonly users?: readonly (BrokerUser & { readonly role: Role })[]
  /** Clients without a user are let in, where there are users. */
  readonly anonymous?: boolean
}

/** @param path  of the config file
 * @param topics  of its section `homeassistant`
 * @throws CONFIG_INVALID  an address or a password that cannot be used, or an address that others reach without users */
export function embeddedOf(
  written: EmbeddedInFile,
  base: string,
  topics: DiscoveryTopics | undefined,
  path: string,
): EmbeddedConfig {
  const table = typeof written === 'string' ? { listen: written, anonymous: false, users: {} } : written
  const key = typeof written === 'string' ? 'mqtt.embedded' : 'mqtt.embedded.listen'
  const { host, port } = addressOf(table.listen, `${path}: ${key}`)
  const users = Object.entries(table.users).map(([name, given]) =>
    userOf(name, given, path, (role) => grantOf(role, base, topics)),
  )
  const problem = exposure(host, users.length > 0, table.anonymous)
  if (problem !== undefined) throw new PortwireError('CONFIG_INVALID', `${path}: ${key}: ${problem}`)
  return {
    kind: 'embedded',
    port,
    ...(host !== '127.0.0.1' && host !== 'localhost' && { host }),
    ...(users.length > 0 && { users }),
    ...(table.anonymous && { anonymous: true }),
  }
}

function addressOf(text: string, where: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw new PortwireError('CONFIG_INVALID', `${where}: expected ADDRESS:PORT such as 127.0.0.1:1883, got "${text}"`)
  }
  return { host: (match[1] ?? match[2])!, port }
}

function userOf(name: string, given: UserInFile, path: string, grant: (role: Role) => Grant) {
  const key = `mqtt.embedded.users.${name}`
  const role: Role = given.role === 'device' ? { kind: 'device', devices: given.devices! } : { kind: given.role }
  const file = given.password_file && resolve(dirname(path), given.password_file)
  const secret = secretFrom(given.password ?? readPassword(file!, `${key}.password_file`))
  if (!secret) {
    const problem = 'looks like a hash and is none that can be used; portwire passwd prints one'
    throw new PortwireError(
      'CONFIG_INVALID',
      file ? `${file}: ${key}: ${problem}` : `${path}: ${key}.password: ${problem}`,
    )
  }
  return {
    name,
    role,
    secret,
    grant: grant(role),
    ...((role.kind === 'gateway' || role.kind === 'operator') && { maxSubscriptions: LIMITS.brokerManySubscriptions }),
  }
}

function secretFrom(text: string): Secret | undefined {
  if (!text.startsWith('$')) return secretOf(text)
  const hash = parsePasswordHash(text)
  return hash && hashedSecret(hash)
}
