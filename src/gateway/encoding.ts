/** Payloads of events, calls and their answers: JSON, or msgpack for devices whose config says so. A call may come in either, as
 * the two cannot be taken for each other, and is answered as it came. */

import { createValueCodec } from '../wire/index.js'
import { LIMITS } from './limits.js'

export const PAYLOAD_FORMATS = ['json', 'msgpack'] as const
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number]

/** Wider than a line's: an event has an id and a time besides its fields, an answer wraps what came. */
const codec = createValueCodec(
  {
    maxDepth: LIMITS.commandDepth,
    maxNodes: LIMITS.msgpackNodes,
    maxArrayLength: LIMITS.msgpackNodes,
    maxMapLength: LIMITS.msgpackNodes,
    maxStringBytes: LIMITS.publishBytes,
    maxBinaryBytes: LIMITS.publishBytes,
  },
  // An answer has a result besides the transaction, which may be as large as a command.
  { sentLimits: { maxNodes: 2 * LIMITS.msgpackNodes } },
)

/** @throws TypeError, RangeError  what msgpack cannot say, or is beyond its limits */
export function encodePayload(format: PayloadFormat, value: unknown): string | Uint8Array {
  return format === 'json' ? JSON.stringify(value) : codec.encode(value)
}

/** True for what begins as a map of msgpack. JSON text begins with a character below 0x80; in msgpack such a byte is a number.
 * Source: https://github.com/msgpack/msgpack/blob/master/spec.md#formats */
export function isMsgpack(payload: Uint8Array): boolean {
  const [first = 0] = payload
  return (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf
}

/** The one value of `payload`, or the reason why there is none. */
export function decodeMsgpack(payload: Uint8Array): { readonly value: unknown } | { readonly problem: string } {
  const decoded = codec.decode(payload)
  return decoded.ok ? { value: decoded.value } : { problem: decoded.reason.replaceAll('_', ' ') }
}
