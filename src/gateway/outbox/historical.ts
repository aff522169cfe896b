/** The mark of an event that is sent later than it came, put into a payload that is encoded already. Pure. */

export type HistoricalMember = 'historical' | 'event_historical'

/** @param payload  a JSON object with a member at least, or a map of msgpack */
export function markedHistorical(payload: string | Uint8Array, member: HistoricalMember): string | Uint8Array {
  if (typeof payload === 'string') return `${payload.slice(0, -1)},"${member}":true}`
  const { size, headBytes } = mapHead(payload)
  const marked = Buffer.concat([headOf(size + 1), payload.subarray(headBytes), keyOf(member), Uint8Array.of(TRUE)])
  return new Uint8Array(marked.buffer, marked.byteOffset, marked.byteLength)
}

/** Source of the bytes: https://github.com/msgpack/msgpack/blob/master/spec.md#formats */
const FIXMAP = 0x80
const MAP_16 = 0xde
const MAP_32 = 0xdf
const FIXSTR = 0xa0
const TRUE = 0xc3

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

/** Both names are shorter than 32 bytes. */
function keyOf(member: HistoricalMember): Uint8Array {
  return Buffer.concat([Uint8Array.of(FIXSTR | member.length), Buffer.from(member)])
}
