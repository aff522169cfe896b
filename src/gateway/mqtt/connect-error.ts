/** Why there is no connection to a broker, in words, with the cure where there is one. */

import { tlsProblem } from './tls-problem.js'

/** A broker that refused the connection, or could not be reached. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError'
  readonly kind: ConnectErrorKind
  constructor(message: string, kind: ConnectErrorKind, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** away: nothing that speaks MQTT is there. version: it does not speak this one. credentials: it wants others.
 * refused: it is there and does not want this client, or is not to be trusted. */
export type ConnectErrorKind = 'away' | 'version' | 'credentials' | 'refused'

/** CONNACK codes for a version that is not spoken: 1 in 3.1.1 (section 3.2.2.3), 0x84 in 5 (section 3.2.2.2). */
const VERSION_REFUSED: ReadonlySet<unknown> = new Set([1, 0x84])
/** Bad user name or password, not authorized, bad authentication method; sections as above. */
const CREDENTIALS_REFUSED: ReadonlySet<unknown> = new Set([4, 5, 0x86, 0x87, 0x8c])

/** Some brokers that do not know a version close the connection without a word. */
export const CLOSED_EARLY = 'the broker closed the connection'

/** Of what mqtt.js and the network say. @param target  where, and with which user */
export function connectError(
  target: { readonly url: string; readonly user?: string },
  error: Error & { code?: unknown },
): ConnectError {
  const { host } = new URL(target.url)
  // Node gives an AggregateError without a message when a name has several addresses.
  const reason = error.message || (error as { errors?: Error[] }).errors?.[0]?.message || String(error.code ?? error)
  const { code } = error
  if (VERSION_REFUSED.has(code) || error.message === CLOSED_EARLY) {
    return new ConnectError(`the MQTT broker at ${host} refused the connection: ${reason}`, 'version', error)
  }
  const why = reason.replace(/^Connection refused: /, '')
  if (CREDENTIALS_REFUSED.has(code)) {
    // The user may be a secret as well.
    const given = target.user === undefined ? 'no user was given' : 'with the user that was given'
    return new ConnectError(`the MQTT broker at ${host} refused the login (${why}; ${given})`, 'credentials', error)
  }
  // Numbers are codes of a CONNACK; words are those of the network (ECONNREFUSED) and of TLS.
  if (typeof code === 'number') {
    return new ConnectError(`the MQTT broker at ${host} refused the connection: ${why}`, 'refused', error)
  }
  if (typeof code === 'string' && !/^E(?!RR_|PROTO)[A-Z_]+$/.test(code)) {
    return new ConnectError(
      `the MQTT broker at ${host} cannot be used: ${tlsProblem(code, why) ?? why.trim()}`,
      'refused',
      error,
    )
  }
  return new ConnectError(`no MQTT broker at ${host}: ${reason}`, 'away', error)
}

/** A failed connection in words, with the cure where there is one. */
export function whyNot(error: Error): string {
  const isLogin = error instanceof ConnectError && error.kind === 'credentials'
  return isLogin ? `${error.message}; set mqtt.user and mqtt.password` : error.message
}
