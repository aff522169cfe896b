/** Why TLS came to nothing, for a person. */

const OLD = 'it speaks no TLS of version 1.2 or later'
const UNKNOWN = 'its certificate was signed by an authority that is not in mqtt.ca'
const CLIENT_CERTIFICATE = 'it wants a client certificate: set mqtt.cert and mqtt.key'

/** By code: errors of X509 verification (`openssl verify`), and of node:tls. */
const BY_CODE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate; give the certificate as mqtt.ca if it is the right one',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN,
  CERT_SIGNATURE_FAILURE: UNKNOWN,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
}

/** By the number of an alert of the broker: RFC 8446, section 6. */
const BY_ALERT: Readonly<Record<string, string>> = {
  40: 'it refused the handshake; does it want a client certificate (mqtt.cert, mqtt.key)?',
  42: 'it does not take our client certificate',
  45: 'our client certificate has expired',
  48: 'it does not know the authority of our client certificate',
  70: OLD,
  116: CLIENT_CERTIFICATE,
}

/** @param code     of the error
 * @param message  of the error, where OpenSSL names the alert
 * @returns  undefined when neither has words here */
export function tlsProblem(code: string, message: string): string | undefined {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code]
  const alert = /SSL alert number (\d+)/.exec(message)?.[1]
  return alert === undefined ? undefined : BY_ALERT[alert]
}
