/** Encodes a value as msgpack, strictly and in one pass: what the peer would have to refuse is refused here.
 *
 * Our own, beside the library's encoder, because that one needs a pass before it for everything it does not check (limits,
 * texts that are no UTF-8, keys that reach a prototype), for integers beyond 32 bits and for the width of floats; both
 * passes together took twice as long as this one for a map of three members.
 */

import { RESERVED_KEYS, type ValueLimits } from './value-scan.js'

export interface ValueWriterOptions {
  readonly limits: ValueLimits
  /** Float 32 where that is exact for every number of a value that is sent as a float; false: always float 64. */
  readonly shortFloats: boolean
}

/** Encodes `value`; the bytes are the writer's own and valid until its next call.
 * @throws TypeError   a type that msgpack has no form for, text with half a character, a reserved key
 * @throws RangeError  beyond a limit, or an integer beyond 64 bits */
export type ValueWriter = (value: unknown) => Uint8Array

const FIRST_BUFFER_BYTES = 256
/** Texts up to here are encoded here; for longer ones a TextEncoder is quicker. */
const SHORT_TEXT_UNITS = 64
const INT64_MIN = -(2n ** 63n)
const UINT64_MAX = 2n ** 64n - 1n
const INT32_MIN = -(2 ** 31)
const UINT32_MAX = 2 ** 32 - 1

const textEncoder = new TextEncoder()

export function createValueWriter({ limits, shortFloats }: ValueWriterOptions): ValueWriter {
  let bytes = new Uint8Array(FIRST_BUFFER_BYTES)
  let view = new DataView(bytes.buffer)
  let at = 0
  let nodes = 0
  let floatBits: 32 | 64 = 32
  /** A float was met that 32 bits do not say exactly: the whole value is written once more. */
  let isTooNarrow = false

  function write(node: unknown, depth: number): void {
    countNode()
    switch (typeof node) {
      case 'number':
        if (Number.isSafeInteger(node)) writeInteger(node)
        else writeFloat(node)
        return
      case 'bigint':
        if (node >= INT32_MIN && node <= UINT32_MAX) writeInteger(Number(node))
        else writeInteger64(node)
        return
      case 'string':
        writeText(node)
        return
      case 'boolean':
        room(1)
        bytes[at++] = node ? 0xc3 : 0xc2
        return
      case 'undefined':
        writeNil()
        return
      case 'object':
        if (node === null) writeNil()
        else if (node instanceof Uint8Array) writeBinary(node)
        else writeContainer(node, depth)
        return
      default:
        throw new TypeError(`a ${typeof node} cannot be sent`)
    }
  }

  function writeContainer(node: object, depth: number): void {
    // Also what ends the walk through an object that holds itself.
    if (depth === limits.maxDepth) throw new RangeError(`values nested deeper than ${limits.maxDepth}`)
    if (Array.isArray(node)) writeArray(node, depth + 1)
    else writeMap(node as Record<string, unknown>, depth + 1)
  }

  function writeArray(array: readonly unknown[], depth: number): void {
    const { length } = array
    if (length > limits.maxArrayLength) throw new RangeError(`an array longer than ${limits.maxArrayLength}`)
    writeLength(length, 0x90, 0xdc)
    for (let index = 0; index < length; index++) write(array[index], depth)
  }

  function writeMap(map: Record<string, unknown>, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(map)
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError('only plain objects, arrays and Uint8Array can be sent')
    }
    const keys = Object.keys(map)
    if (keys.length > limits.maxMapLength) throw new RangeError(`a map larger than ${limits.maxMapLength}`)
    writeLength(keys.length, 0x80, 0xde)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!
      countNode()
      if (RESERVED_KEYS.includes(key)) throw new TypeError(`the key ${key} cannot be sent`)
      writeText(key)
      write(map[key], depth)
    }
  }

  function countNode(): void {
    if (++nodes > limits.maxNodes) throw new RangeError(`more than ${limits.maxNodes} values in one message`)
  }

  function writeNil(): void {
    room(1)
    bytes[at++] = 0xc0
  }

  /** The shortest form. */
  function writeInteger(number: number): void {
    if (number > UINT32_MAX || number < INT32_MIN) {
      writeInteger64(BigInt(number))
      return
    }
    room(5)
    if (number >= 0) {
      if (number < 0x80) bytes[at++] = number
      else if (number < 0x100) writeNumber(0xcc, number, 1)
      else if (number < 0x10000) writeNumber(0xcd, number, 2)
      else writeNumber(0xce, number, 4)
    } else if (number >= -0x20) bytes[at++] = number
    else if (number >= -0x80) writeNumber(0xd0, number, 1)
    else if (number >= -0x8000) writeNumber(0xd1, number, 2)
    else writeNumber(0xd2, number, 4)
  }

  /** `head`, then the lowest so many bytes of `number`, the highest first. There has to be room. */
  function writeNumber(head: number, number: number, byteCount: 1 | 2 | 4): void {
    bytes[at++] = head
    for (let shift = 8 * (byteCount - 1); shift >= 0; shift -= 8) bytes[at++] = number >> shift
  }

  function writeInteger64(integer: bigint): void {
    if (integer < INT64_MIN || integer > UINT64_MAX) throw new RangeError('an integer does not fit 64 bits')
    room(9)
    bytes[at] = integer >= 0 ? 0xcf : 0xd3
    view.setBigUint64(at + 1, BigInt.asUintN(64, integer))
    at += 9
  }

  function writeFloat(number: number): void {
    room(9)
    if (floatBits === 64) {
      bytes[at] = 0xcb
      view.setFloat64(at + 1, number)
      at += 9
      return
    }
    // NaN has no width of its own; it and the infinities travel as float 32.
    if (Math.fround(number) !== number && !Number.isNaN(number)) isTooNarrow = true
    bytes[at] = 0xca
    view.setFloat32(at + 1, number)
    at += 5
  }

  function writeText(text: string): void {
    const { length } = text
    if (length < 32 && writeShortAscii(text)) return
    const byteCount = utf8Bytes(text)
    if (byteCount > limits.maxStringBytes) throw new RangeError(`a text longer than ${limits.maxStringBytes} bytes`)
    if (byteCount < 32) writeByte(0xa0 | byteCount)
    else if (byteCount < 0x100) writeSized(0xd9, byteCount, 1)
    else if (byteCount < 0x10000) writeSized(0xda, byteCount, 2)
    else writeSized(0xdb, byteCount, 4)
    room(byteCount)
    if (length <= SHORT_TEXT_UNITS && byteCount === length) {
      for (let index = 0; index < length; index++) bytes[at + index] = text.charCodeAt(index)
    } else textEncoder.encodeInto(text, bytes.subarray(at))
    at += byteCount
  }

  /** What most keys and many values are. False: nothing was written. */
  function writeShortAscii(text: string): boolean {
    const { length } = text
    if (length > limits.maxStringBytes) return false
    room(1 + length)
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit >= 0x80) return false
      bytes[at + 1 + index] = unit
    }
    bytes[at] = 0xa0 | length
    at += 1 + length
    return true
  }

  function writeBinary(binary: Uint8Array): void {
    const { length } = binary
    if (length > limits.maxBinaryBytes) throw new RangeError(`more than ${limits.maxBinaryBytes} bytes at once`)
    if (length < 0x100) writeSized(0xc4, length, 1)
    else if (length < 0x10000) writeSized(0xc5, length, 2)
    else writeSized(0xc6, length, 4)
    room(length)
    bytes.set(binary, at)
    at += length
  }

  /** The head of an array or map: `short` and the length below 16, else `head16` and two bytes, or its neighbour and four. */
  function writeLength(length: number, short: number, head16: number): void {
    if (length < 16) writeByte(short | length)
    else if (length < 0x10000) writeSized(head16, length, 2)
    else writeSized(head16 + 1, length, 4)
  }

  function writeSized(head: number, size: number, byteCount: 1 | 2 | 4): void {
    room(5)
    writeNumber(head, size, byteCount)
  }

  function writeByte(byte: number): void {
    room(1)
    bytes[at++] = byte
  }

  function room(byteCount: number): void {
    if (at + byteCount <= bytes.length) return
    const larger = new Uint8Array(Math.max(2 * bytes.length, at + byteCount))
    larger.set(bytes.subarray(0, at))
    bytes = larger
    view = new DataView(bytes.buffer)
  }

  function start(value: unknown, bits: 32 | 64): void {
    at = 0
    nodes = 0
    floatBits = bits
    isTooNarrow = false
    write(value, 0)
  }

  return (value) => {
    start(value, shortFloats ? 32 : 64)
    if (isTooNarrow) start(value, 64)
    return bytes.subarray(0, at)
  }
}

/** Length of a text in UTF-8.
 * @throws TypeError  it has half a character: a surrogate without its other half */
function utf8Bytes(text: string): number {
  let byteCount = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) byteCount += 1
    else if (unit < 0x800) byteCount += 2
    else if (unit < 0xd800 || unit > 0xdfff) byteCount += 3
    else {
      const next = unit < 0xdc00 ? text.charCodeAt(++index) : 0
      if (!(next >= 0xdc00 && next <= 0xdfff)) {
        throw new TypeError('a text with half a character (a lone surrogate) cannot be sent')
      }
      byteCount += 4
    }
  }
  return byteCount
}
