/** Decodes a msgpack value that `value-scan` has let through: whole, within limits, no ext. It checks nothing again.
 *
 * Our own, beside the library's encoder, because the library's decoder hands out bin as a view into a receive buffer that
 * is soon overwritten, makes every 64-bit integer a bigint, gives maps a prototype and takes the byte order mark off texts
 * of more than 200 bytes; correcting that afterwards takes longer than reading, and the last cannot be corrected.
 */

/** Texts up to here are put together here; for longer ones a TextDecoder is quicker. */
const SHORT_TEXT_BYTES = 24

/** Keys come again and again: so many of them are kept, those of short texts only, the later in place of the earlier. */
const KEPT_KEYS = 64
const KEY_SHIFT = 32 - Math.log2(KEPT_KEYS)
const KEPT_KEY_BYTES = 16

interface KeptKey {
  readonly bytes: Uint8Array
  readonly text: string
}

/** A byte order mark is a character like others here. */
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes the value that begins at `from`. Integers are numbers when those are exact, else bigints; maps are objects
 * without a prototype, so that a key is what was sent or undefined; bin is a copy. */
export type ValueReader = (bytes: Uint8Array, from: number) => unknown

export function createValueReader(): ValueReader {
  let bytes: Uint8Array = new Uint8Array(0)
  let view: DataView | undefined
  let at = 0
  const keptKeys: (KeptKey | undefined)[] = new Array(KEPT_KEYS).fill(undefined)

  // Recursion is safe: the scan has bounded the depth.
  function read(): unknown {
    const head = bytes[at++]!
    if (head < 0x80) return head
    if (head < 0x90) return readMap(head & 0x0f)
    if (head < 0xa0) return readArray(head & 0x0f)
    if (head < 0xc0) return readText(head & 0x1f)
    if (head >= 0xe0) return head - 0x100
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return readBinary(readUnsigned(1))
      case 0xc5:
        return readBinary(readUnsigned(2))
      case 0xc6:
        return readBinary(readUnsigned(4))
      case 0xca:
        at += 4
        return dataView().getFloat32(at - 4)
      case 0xcb:
        at += 8
        return dataView().getFloat64(at - 8)
      case 0xcc:
        return readUnsigned(1)
      case 0xcd:
        return readUnsigned(2)
      case 0xce:
        return readUnsigned(4)
      case 0xcf:
        at += 8
        return narrowed(dataView().getBigUint64(at - 8))
      case 0xd0:
        return (readUnsigned(1) << 24) >> 24
      case 0xd1:
        return (readUnsigned(2) << 16) >> 16
      case 0xd2:
        return readUnsigned(4) | 0
      case 0xd3:
        at += 8
        return narrowed(dataView().getBigInt64(at - 8))
      case 0xd9:
        return readText(readUnsigned(1))
      case 0xda:
        return readText(readUnsigned(2))
      case 0xdb:
        return readText(readUnsigned(4))
      case 0xdc:
        return readArray(readUnsigned(2))
      case 0xdd:
        return readArray(readUnsigned(4))
      case 0xde:
        return readMap(readUnsigned(2))
      case 0xdf:
        return readMap(readUnsigned(4))
    }
    throw new Error(`0x${head.toString(16)} was let through by the scan`)
  }

  function readUnsigned(byteCount: number): number {
    let number = 0
    for (let index = 0; index < byteCount; index++) number = number * 256 + bytes[at++]!
    return number
  }

  function readText(byteCount: number): string {
    const from = at
    at += byteCount
    if (byteCount > SHORT_TEXT_BYTES) return textDecoder.decode(bytes.subarray(from, at))
    let text = ''
    for (let index = from; index < at; index++) {
      const byte = bytes[index]!
      if (byte >= 0x80) return textDecoder.decode(bytes.subarray(from, at))
      text += String.fromCharCode(byte)
    }
    return text
  }

  function readBinary(byteCount: number): Uint8Array {
    // Not `slice`: of a Buffer that is another view, no copy.
    const binary = new Uint8Array(byteCount)
    binary.set(bytes.subarray(at, at + byteCount))
    at += byteCount
    return binary
  }

  function readArray(length: number): unknown[] {
    const array: unknown[] = []
    for (let index = 0; index < length; index++) array.push(read())
    return array
  }

  function readMap(length: number): Record<string, unknown> {
    const map: Record<string, unknown> = Object.create(null)
    for (let index = 0; index < length; index++) {
      const key = readKey()
      map[key] = read()
    }
    return map
  }

  function readKey(): string {
    const head = bytes[at]!
    const byteCount = head & 0x1f
    if (head < 0xa1 || head >= 0xc0 || byteCount > KEPT_KEY_BYTES) return read() as string
    const from = at + 1
    // Knuth's multiplicative hash of length, first and last byte.
    const place = Math.imul((byteCount << 16) | (bytes[from]! << 8) | bytes[at + byteCount]!, 0x9e3779b1) >>> KEY_SHIFT
    const kept = keptKeys[place]
    if (kept !== undefined && isAt(kept.bytes, from, byteCount)) {
      at = from + byteCount
      return kept.text
    }
    const text = read() as string
    keptKeys[place] = { bytes: Uint8Array.from(bytes.subarray(from, at)), text }
    return text
  }

  function isAt(key: Uint8Array, from: number, byteCount: number): boolean {
    if (key.length !== byteCount) return false
    for (let index = 0; index < byteCount; index++) if (key[index] !== bytes[from + index]) return false
    return true
  }

  /** Made only for a value that needs one. */
  function dataView(): DataView {
    view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return view
  }

  return (source, from) => {
    bytes = source
    view = undefined
    at = from
    return read()
  }
}

function narrowed(integer: bigint): number | bigint {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}
