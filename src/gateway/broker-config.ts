/** The part of the config about the embedded broker: where it listens, its users and their roles. */

import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { PortwireError } from '../errors.js'
import { grantOf, type Role } from './broker-access.js'
import { exposure } from './broker-exposure.js'
import { type BrokerUser, hashedSecret, type Secret, secretOf } from './broker-users.js'
import { LIMITS } from './limits.js'
import { parsePasswordHash } from './password-hash.js'
import { NAME } from './topics.js'

const ROLES = ['device', 'reader', 'operator', 'gateway'] as const

const user = z.strictObject({
  password: z.string().min(1).optional().meta({ description: 'In clear, or as portwire passwd prints it.' }),
  password_file: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'File with either, in place of password; relative to the config.' }),
  role: z.enum(ROLES).meta({
    description:
      'device: hears and commands the devices given. reader: hears everything but commands. operator: a reader that commands ' +
      'every device and the gateway. gateway: the rights of another gateway.',
  }),
  devices: z
    .array(z.string().regex(NAME, { error: 'expected the name of a device' }))
    .min(1)
    .optional()
    .meta({ description: 'Of the role device.' }),
})

const embeddedTable = z.strictObject({
  listen: z.string().meta({ description: 'Address and port.', examples: ['127.0.0.1:1883', '0.0.0.0:1883'] }),
  anonymous: z
    .boolean()
    .default(false)
    .meta({ description: 'Clients without a user hear which devices are there; on 127.0.0.1 only.' }),
  users: z
    .record(z.string().regex(NAME, { error: 'a user name has letters, digits, _ and - only, at most 64' }), user)
    .refine((users) => Object.keys(users).length <= LIMITS.brokerUsers, {
      error: `at most ${LIMITS.brokerUsers} users`,
    })
    .default({})
    .meta({
      description: 'By name. Without users everybody on this machine may do everything, and no other machine anything.',
    }),
})

/** `mqtt.embedded`: an address, or the table. */
export const embeddedSchema = z
  .union([z.string(), embeddedTable], { error: 'expected an address like 127.0.0.1:1883, or a table with listen' })
  .optional()
  .meta({
    description: 'Run a broker inside the gateway, on this address; it forgets everything at its end.',
    examples: ['127.0.0.1:1883'],
  })

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
 * @throws CONFIG_INVALID  an address or a password that cannot be used, or an address that others reach without users */
export function embeddedOf(
  written: NonNullable<z.output<typeof embeddedSchema>>,
  base: string,
  path: string,
): EmbeddedConfig {
  const table = typeof written === 'string' ? { listen: written, anonymous: false, users: {} } : written
  const key = typeof written === 'string' ? 'mqtt.embedded' : 'mqtt.embedded.listen'
  const { host, port } = addressOf(table.listen, `${path}: ${key}`)
  const users = Object.entries(table.users).map(([name, given]) => userOf(name, given, base, path))
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

function userOf(name: string, given: z.output<typeof user>, base: string, path: string) {
  const wrong = (text: string) => new PortwireError('CONFIG_INVALID', `${path}: mqtt.embedded.users.${name}${text}`)
  if ((given.password === undefined) === (given.password_file === undefined)) {
    throw wrong(': give one of password and password_file')
  }
  if ((given.role === 'device') !== (given.devices !== undefined)) {
    throw wrong('.devices: needed for the role device, and for no other')
  }
  const role: Role = given.role === 'device' ? { kind: 'device', devices: given.devices! } : { kind: given.role }
  const text = given.password ?? readPassword(resolve(dirname(path), given.password_file!), wrong)
  const secret = secretFrom(text)
  if (!secret) throw wrong('.password: looks like a hash and is none that can be used; portwire passwd prints one')
  const isGateway = role.kind === 'gateway'
  return {
    name,
    role,
    secret,
    grant: grantOf(role, base),
    ...(isGateway && { maxSubscriptions: LIMITS.brokerGatewaySubscriptions }),
  }
}

function secretFrom(text: string): Secret | undefined {
  if (!text.startsWith('$')) return secretOf(text)
  const hash = parsePasswordHash(text)
  return hash && hashedSecret(hash)
}

function readPassword(file: string, wrong: (text: string) => Error): string {
  let text: string
  try {
    if (statSync(file).size > LIMITS.brokerConnectBytes) throw new Error('it is too long')
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw wrong(`.password_file: cannot read ${file}: ${(error as Error).message}`)
  }
  if (text === '') throw wrong(`.password_file: ${file} is empty`)
  return text
}

/** The table as it may be shown. */
export function withoutPasswords(embedded: unknown): unknown {
  const users = (embedded as { users?: Record<string, object | null> } | null)?.users
  if (typeof users !== 'object' || users === null) return embedded
  const shown = Object.entries(users).map(([name, given]) => [
    name,
    given && typeof given === 'object' && 'password' in given ? { ...given, password: '(removed)' } : given,
  ])
  return { ...(embedded as object), users: Object.fromEntries(shown) }
}
