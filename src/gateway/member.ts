/** One more member for a payload that is encoded already: what is known of an event only when it is sent. Pure. */

import { encodePayload } from './encoding.js'

/** @param payload  a JSON object with a member at least, or a map of msgpack, without that member
 * @param name  letters, digits, `_` and `-` only */
export function withMember(payload: string | Uint8Array, name: string, value: true | string): string | Uint8Array {
  if (typeof payload === 'string') return `${payload.slice(0, -1)},"${name}":${JSON.stringify(value)}}`
  const { size, headBytes } = mapHead(payload)
  const marked = Buffer.concat([headOf(size + 1), payload.subarray(headBytes), msgpack(name), msgpack(value)])
  return new Uint8Array(marked.buffer, marked.byteOffset, marked.byteLength)
}

function msgpack(value: true | string): Uint8Array {
  return encodePayload('msgpack', value) as Uint8Array
}

/** Source of the bytes: https://github.com/msgpack/msgpack/blob/master/spec.md#formats */
const FIXMAP = 0x80
const MAP_16 = 0xde
const MAP_32 = 0xdf

function mapHead(payload: Uint8Array): { readonly size: number; readonly headBytes: number } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const first = view.getUint8(0)
  if (first === MAP_16) return { size: view.getUint16(1), headBytes: 3 }
  if (first === MAP_32) return { size: view.getUint32(1), headBytes: 5 }
  if ((first & 0xf0) !== FIXMAP) throw new TypeError(`not a map of msgpack: it begins with 0x${first.toString(16)}`)
  return { size: first & 0x0f, headBytes: 1 }
}

function headOf(size: number): Uint8Array {
  if (size < 16) return Uint8Array.of(FIXMAP | size)
  if (size <= 0xffff) return Uint8Array.of(MAP_16, size >> 8, size & 0xff)
  const head = Buffer.allocUnsafe(5)
  head.writeUInt8(MAP_32)
  head.writeUInt32BE(size, 1)
  return head
}
