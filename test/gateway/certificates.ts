/** Certificates for tests, made by openssl. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Pem {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

export interface Authority extends Pem {
  /** A certificate that it signs. @param name  an entry of subjectAltName, such as `IP:127.0.0.1`
   * @param days  below 0 it has expired */
  issue(name: string, options?: { readonly days?: number }): Pem
}

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** In a folder of its own, which is the caller's to remove. */
export function createAuthority(commonName = 'Test authority'): Authority & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-tls-'))
  const ca = filesOf(folder, 'ca')
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${commonName}`, '-keyout', ca.key, '-out', ca.cert)
  let number = 0
  return {
    ...read(ca),
    folder,
    issue(name, { days = 2 } = {}) {
      number += 1
      const own = filesOf(folder, `issued-${number}`)
      const [request, extensions] = [join(folder, 'request.pem'), join(folder, 'extensions')]
      openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=issued ${number}`, '-keyout', own.key, '-out', request)
      writeFileSync(extensions, `subjectAltName=${name}\n`)
      const signed = ['-CA', ca.cert, '-CAkey', ca.key, '-set_serial', String(number)]
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        ...signed,
        '-days',
        String(days),
        '-extfile',
        extensions,
        '-out',
        own.cert,
      )
      return read(own)
    },
  }
}

/** One that signed itself. */
export function selfSigned(authority: { readonly folder: string }, name: string): Pem {
  const own = filesOf(authority.folder, 'self')
  const subject = ['-subj', '/CN=self', '-addext', `subjectAltName=${name}`]
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', ...subject, '-keyout', own.key, '-out', own.cert)
  return read(own)
}

function filesOf(folder: string, name: string) {
  return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}

function read({ cert, key }: { cert: string; key: string }): Pem {
  return { certFile: cert, keyFile: key, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
