/** Passwords as they may stand in a file: scrypt in the PHC string format, `$scrypt$ln=13,r=8,p=10$salt$hash`.
 * Source of the format: the PHC string format specification; salt and hash are base64 without padding. */

import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export interface PasswordHash {
  /** Binary logarithm of scrypt's N. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** 8 MiB for each check, so that a flood of logins does not fill a small gateway. Source: OWASP Password Storage Cheat Sheet, which
 * gives N = 2^13, r = 8, p = 10 as equal to its others. */
const COST = { ln: 13, r: 8, p: 10 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32
/** What a hash from elsewhere may ask for: 32 MiB, and p one after the other. */
const MAX_MEMORY_BYTES = 32 * 1024 * 1024
const MAX_P = 16

/** What crypto.scrypt needs beside N * r * 128. */
const SPARE_BYTES = 1024 * 1024

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt)

/** Text for a config file; another one each time. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await scryptOf(password, { ...COST, salt }, HASH_BYTES)
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${text(salt)}$${text(hash)}`
}

/** undefined when it is none, or one that costs more than a gateway can bear: more than 32 MiB, or p above 16. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = PHC.exec(text)
  if (!match) return undefined
  const [ln, r, p] = match.slice(1, 4).map(Number) as [number, number, number]
  if (ln < 1 || r < 1 || p < 1 || p > MAX_P || 128 * 2 ** ln * r > MAX_MEMORY_BYTES) return undefined
  return { ln, r, p, salt: Buffer.from(match[4]!, 'base64'), hash: Buffer.from(match[5]!, 'base64') }
}

/** Compares in constant time. */
export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await scryptOf(password, expected, expected.hash.length), expected.hash)
}

function scryptOf(password: string, cost: Omit<PasswordHash, 'hash'>, bytes: number): Promise<Buffer> {
  const { ln, r, p, salt } = cost
  const maxmem = 128 * r * (2 ** ln + p) + SPARE_BYTES
  return derive(password.normalize('NFC'), salt, bytes, { N: 2 ** ln, r, p, maxmem })
}
