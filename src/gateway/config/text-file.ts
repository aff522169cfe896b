/** Files that the config names, read whole; those that hold a secret only when nobody else may read them. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { unreadable } from '../../contract/file/index.js'
import { PortwireError } from '../../errors.js'
import { LIMITS } from '../limits.js'

/** @throws CONFIG_INVALID  naming the file and the key that names it */
export function readText(path: string, key?: string): string {
  return read(path, key, () => {})
}

/** The same of a file that its owner alone may read.
 * @throws CONFIG_INVALID  others may read it: with the chmod that cures it */
export function readSecretText(path: string, key: string): string {
  return read(path, key, (mode) => {
    // Windows has no such bits.
    if (process.platform === 'win32' || (mode & 0o077) === 0) return
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    throw problem(
      path,
      key,
      `holds a secret and others than its owner may use it (mode ${shown}); run: chmod 600 ${path}`,
    )
  })
}

/** PEM with a certificate that can be read. */
export function readCertificate(path: string, key: string): string {
  const text = readText(path, key)
  return checked(path, key, 'a certificate in PEM', () => new X509Certificate(text)) && text
}

/** PEM with a private key that needs no passphrase. */
export function readPrivateKey(path: string, key: string): string {
  const text = readSecretText(path, key)
  return checked(path, key, 'a private key in PEM, without a passphrase', () => createPrivateKey(text)) && text
}

function read(path: string, key: string | undefined, check: (mode: number) => void): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw problem(path, key, unreadable(error), error)
  }
  try {
    // Of the file that is open: another one may have its name by now.
    const { mode, size } = fstatSync(file)
    check(mode)
    if (size > LIMITS.configBytes) throw problem(path, key, `longer than ${LIMITS.configBytes} bytes`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw error instanceof PortwireError ? error : problem(path, key, unreadable(error), error)
  } finally {
    closeSync(file)
  }
}

/** What OpenSSL says of a key is left out of the message. */
function checked(path: string, key: string, expected: string, parse: () => unknown): true {
  try {
    parse()
    return true
  } catch (error) {
    throw problem(path, key, `expected ${expected}`, error)
  }
}

function problem(path: string, key: string | undefined, text: string, cause?: unknown): PortwireError {
  const at = key === undefined ? '' : `${key}: `
  return new PortwireError('CONFIG_INVALID', `${path}: ${at}${text}`, cause === undefined ? {} : { cause })
}
