/** Certificates and keys for an mqtts broker: read from their files at each connection, so that renewed ones are taken without a
 * restart, and the last good ones are kept while a file is half written or does not fit. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { unreadable } from '../contract/file/index.js'
import { PortwireError } from '../errors.js'
import { LIMITS } from './limits.js'

/** Paths. */
export interface TlsFiles {
  /** Of the authority that signed the broker's certificate; undefined: those that Node knows. */
  readonly ca?: string
  /** Of this gateway, for a broker that wants to know its clients; both or none. */
  readonly cert?: string
  readonly key?: string
  /** False: the broker may be anybody. */
  readonly rejectUnauthorized: boolean
}

/** PEM texts, as node:tls takes them. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: boolean
}

const pem = (description: string) => z.string().min(1).optional().meta({ description })

/** Keys of `mqtt`. */
export const tlsSchema = {
  ca: pem(
    'PEM file of the authority that signed the certificate of an mqtts broker; relative to the config. All files are read anew ' +
      'at each connection.',
  ),
  cert: pem('PEM file of the certificate that the gateway shows; with key.'),
  key: pem('PEM file of its private key, without a passphrase.'),
  reject_unauthorized: z.boolean().default(true).meta({
    description: 'false takes any certificate of the broker, and so anybody for the broker; warned of at each start.',
  }),
}

interface TlsKeys {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly reject_unauthorized: boolean
}

/** @param path  of the config file
 * @throws CONFIG_INVALID  naming the file and the key, where one cannot be used */
export function tlsOf(written: TlsKeys, path: string): { readonly tls?: TlsFiles } {
  if ((written.cert === undefined) !== (written.key === undefined)) {
    throw new PortwireError('CONFIG_INVALID', `${path}: mqtt: give both cert and key, or none`)
  }
  const at = (name: 'ca' | 'cert' | 'key') =>
    written[name] === undefined ? {} : { [name]: resolve(dirname(path), written[name]) }
  const files: TlsFiles = {
    ...at('ca'),
    ...at('cert'),
    ...at('key'),
    rejectUnauthorized: written.reject_unauthorized,
  }
  readTls(files)
  const isDefault = files.rejectUnauthorized && files.ca === undefined && files.cert === undefined
  return isDefault ? {} : { tls: files }
}

/** What a log has to say at each start. */
export function tlsWarnings(files: TlsFiles | undefined): string[] {
  if (!files || files.rejectUnauthorized) return []
  return ['mqtt.reject_unauthorized is false: the certificate of the broker is not checked, anybody may pose as it']
}

/** @param failed  told once of each problem; what was read last is used
 * @throws CONFIG_INVALID  at the first call only */
export function createTlsReader(files: TlsFiles, failed: (problem: string) => void): () => TlsMaterial {
  let last: TlsMaterial | undefined
  let said: string | undefined
  return () => {
    try {
      last = readTls(files)
      said = undefined
    } catch (error) {
      if (!last) throw error
      const { message } = error as Error
      if (message !== said) failed(`${message}; what was read before is used`)
      said = message
    }
    return last
  }
}

function readTls({ ca, cert, key, rejectUnauthorized }: TlsFiles): TlsMaterial {
  const material = {
    ...(ca !== undefined && { ca: certificate('ca', ca).text }),
    ...(cert !== undefined && { cert: certificate('cert', cert).text }),
    ...(key !== undefined && { key: read('key', key) }),
    rejectUnauthorized,
  }
  if (key !== undefined && cert !== undefined) {
    const own = privateKey(material.key!, key)
    // Renewed one after the other: in between they do not belong together.
    if (!certificate('cert', cert).parsed.checkPrivateKey(own)) {
      throw new PortwireError('CONFIG_INVALID', `${key}: mqtt.key: is not the key of the certificate in ${cert}`)
    }
  }
  return material
}

function certificate(name: string, file: string): { readonly text: string; readonly parsed: X509Certificate } {
  const text = read(name, file)
  try {
    return { text, parsed: new X509Certificate(text) }
  } catch (error) {
    throw new PortwireError('CONFIG_INVALID', `${file}: mqtt.${name}: expected a certificate in PEM`, { cause: error })
  }
}

function privateKey(text: string, file: string) {
  try {
    return createPrivateKey(text)
  } catch (error) {
    const hint = 'expected a private key in PEM, without a passphrase'
    throw new PortwireError('CONFIG_INVALID', `${file}: mqtt.key: ${hint}`, { cause: error })
  }
}

function read(name: string, file: string): string {
  try {
    if (statSync(file).size <= LIMITS.configBytes) return readFileSync(file, 'utf8')
  } catch (error) {
    throw new PortwireError('CONFIG_INVALID', `${file}: ${unreadable(error)}`, { cause: error })
  }
  throw new PortwireError('CONFIG_INVALID', `${file}: mqtt.${name}: longer than ${LIMITS.configBytes} bytes`)
}
