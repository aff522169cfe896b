/** A message, the content of a packet or frame: `action u8 | token u8 | [one msgpack value]`. */

import type { ValueCodec } from './value.js'
import type { BadValue } from './value-scan.js'

const HEADER_BYTES = 2

/** `short`: the content ends before action and token do. */
export type BadMessage = 'short' | BadValue

export type DecodedMessage =
  /** No value is nil: `value` is null then. */
  | { readonly ok: true; readonly action: number; readonly token: number; readonly value: unknown }
  /** `action` and `token` are there unless the content is short: a call with a bad value is answered by ERROR. */
  | { readonly ok: false; readonly action?: number; readonly token?: number; readonly reason: BadMessage }

/** The content of a message; without a value when `value` is undefined.
 * @throws TypeError, RangeError  as `ValueCodec.encode` */
export function encodeMessage(codec: ValueCodec, action: number, token: number, value?: unknown): Uint8Array {
  if (value === undefined) return Uint8Array.of(action, token)
  const encoded = codec.encodeShared(value)
  const content = new Uint8Array(HEADER_BYTES + encoded.length)
  content[0] = action
  content[1] = token
  content.set(encoded, HEADER_BYTES)
  return content
}

/** Reads a message. The value holds nothing of `content`, which may be overwritten afterwards. Never throws. */
export function decodeMessage(codec: ValueCodec, content: Uint8Array): DecodedMessage {
  if (content.length < HEADER_BYTES) return { ok: false, reason: 'short' }
  const action = content[0]!
  const token = content[1]!
  if (content.length === HEADER_BYTES) return { ok: true, action, token, value: null }
  const decoded = codec.decode(content, HEADER_BYTES)
  if (!decoded.ok) return { ok: false, action, token, reason: decoded.reason }
  return { ok: true, action, token, value: decoded.value }
}
