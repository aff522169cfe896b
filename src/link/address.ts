/** `host:port` as people write it. */

import { PortwireError } from '../errors.js'

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** @param text `10.0.0.7:4001`, `[::1]:4001`, `pi.local:4001`
 * @throws ARGUMENT_INVALID */
export function parseHostPort(text: string): HostPort {
  const [, six, name, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = six ?? name
  const port = Number(digits)
  if (host === undefined || port > 65_535) {
    throw new PortwireError('ARGUMENT_INVALID', `'${text}' is no host:port`, {
      hint: 'Write 10.0.0.7:4001, pi.local:4001 or [::1]:4001.',
    })
  }
  return { host, port }
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
