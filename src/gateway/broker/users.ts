/** Who a client of the embedded broker is: its login checked, in a time that does not tell whether the user exists. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { LIMITS } from '../limits.js'
import type { Grant } from './access.js'
import { type PasswordHash, verifyPassword } from './password-hash.js'

export interface BrokerUser {
  readonly name: string
  readonly secret: Secret
  readonly grant: Grant
  /** Its session and what waits in it are kept while it is away. */
  readonly keepsSession?: boolean
  readonly maxSubscriptions?: number
}

/** Neither shape shows its secret to JSON.stringify. */
export type Secret =
  | { readonly kind: 'password'; readonly password: string; toJSON(): string }
  | { readonly kind: 'hash'; readonly hash: PasswordHash; toJSON(): string }

export const secretOf = (password: string): Secret => ({ kind: 'password', password, toJSON: removed })
export const hashedSecret = (hash: PasswordHash): Secret => ({ kind: 'hash', hash, toJSON: removed })
/** The same function in all of them: two of one password are deeply equal. */
const removed = () => '(removed)'

/** busy: too many logins are being checked; nothing was looked at. */
export type Login = { readonly kind: 'user'; readonly user: BrokerUser } | { readonly kind: 'refused' | 'busy' }

/** @returns  a function that checks one login. scrypt runs for one login at a time, at most `loginsWaiting` wait; a password that
 * was right once is known again without it, by a keyed hash in memory. */
export function createLogins(users: readonly BrokerUser[]): (name: string, password: string) => Promise<Login> {
  const byName = new Map(users.map((user) => [user.name, user]))
  const key = randomBytes(32)
  const digest = (password: string) => createHmac('sha256', key).update(password.normalize('NFC')).digest()
  /** Of passwords in the config, and of those that scrypt has found right. */
  const known = new Map<string, Buffer>()
  for (const { name, secret } of users) if (secret.kind === 'password') known.set(name, digest(secret.password))
  const nobody = digest(randomBytes(32).toString('hex'))
  // Where hashes are in use, a user that does not exist costs as much as one that does.
  const decoy = users.flatMap(({ secret }) => (secret.kind === 'hash' ? [decoyOf(secret.hash)] : []))[0]
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  return async (name, password) => {
    const user = byName.get(name)
    const isKnown = timingSafeEqual(digest(password), known.get(name) ?? nobody)
    if (isKnown && user) return { kind: 'user', user }
    if (user?.secret.kind === 'password' || (!user && !decoy)) return { kind: 'refused' }
    if (waiting >= LIMITS.brokerLoginsWaiting) return { kind: 'busy' }
    waiting += 1
    const check = last.then(async () =>
      verifyPassword(password, user?.secret.kind === 'hash' ? user.secret.hash : decoy!),
    )
    last = check.catch(() => {}).finally(() => (waiting -= 1))
    if (!(await check) || !user) return { kind: 'refused' }
    known.set(name, digest(password))
    return { kind: 'user', user }
  }
}

/** No password has it. */
function decoyOf(hash: PasswordHash): PasswordHash {
  return { ...hash, salt: randomBytes(hash.salt.length), hash: randomBytes(hash.hash.length) }
}
