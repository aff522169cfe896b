/** Certificates and keys for an mqtts broker: read from their files at each connection, so that renewed ones are taken without a
 * restart, and the last good ones are kept while a file is half written or does not fit. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { PortwireError } from '../../errors.js'
import { readCertificate, readPrivateKey } from '../config/text-file.js'

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

interface TlsKeys {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly reject_unauthorized: boolean
}

/** @param path  of the config file
 * @throws CONFIG_INVALID  naming the file and the key, where one cannot be used */
export function tlsOf(written: TlsKeys, path: string): { readonly tls?: TlsFiles } {
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
    ...(ca !== undefined && { ca: readCertificate(ca, 'mqtt.ca') }),
    ...(cert !== undefined && { cert: readCertificate(cert, 'mqtt.cert') }),
    ...(key !== undefined && { key: readPrivateKey(key, 'mqtt.key') }),
    rejectUnauthorized,
  }
  // Renewed one after the other: in between they do not belong together.
  if (material.cert !== undefined && material.key !== undefined && !isPair(material.cert, material.key)) {
    throw new PortwireError('CONFIG_INVALID', `${key}: mqtt.key: is not the key of the certificate in ${cert}`)
  }
  return material
}

function isPair(cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
}
