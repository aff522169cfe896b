/** Encodes at once what most messages consist of: small integers, short ASCII texts, bytes, booleans, nil, and arrays and maps
 * of those. Everything else, and everything that may have to be refused, is left to the library's encoder and the pass before
 * it, which cost twice as much for a map of three members (docs/benchmarks.md). */

import { RESERVED_KEYS, type ValueLimits } from './value-scan.js'

/** Encodes `value`, or answers undefined when it is not one of the common ones; the bytes are the writer's own and valid until
 * its next call. */
export type CommonValueWriter = (value: unknown) => Uint8Array | undefined

const FIRST_BUFFER_BYTES = 256
/** What fits a head of one byte: fixstr, fixarray, fixmap. */
const MAX_TEXT_BYTES = 31
const MAX_MEMBERS = 15
/** What fits a bin 8. */
const MAX_BINARY_BYTES = 255
const INT32_MIN = -(2 ** 31)
const UINT32_MAX = 2 ** 32 - 1

export function createCommonValueWriter(limits: ValueLimits): CommonValueWriter {
  const maxTextBytes = Math.min(limits.maxStringBytes, MAX_TEXT_BYTES)
  const maxBinaryBytes = Math.min(limits.maxBinaryBytes, MAX_BINARY_BYTES)
  const maxItems = Math.min(limits.maxArrayLength, MAX_MEMBERS)
  const maxMembers = Math.min(limits.maxMapLength, MAX_MEMBERS)
  let bytes = new Uint8Array(FIRST_BUFFER_BYTES)
  let at = 0
  let nodes = 0

  /** False: `node` is not one of the common values. */
  function write(node: unknown, depth: number): boolean {
    if (++nodes > limits.maxNodes) return false
    switch (typeof node) {
      case 'number':
        return Number.isInteger(node) && node <= UINT32_MAX && node >= INT32_MIN && writeInteger(node)
      case 'string':
        return writeText(node)
      case 'boolean':
        return writeByte(node ? 0xc3 : 0xc2)
      case 'undefined':
        return writeByte(0xc0)
      case 'object':
        if (node === null) return writeByte(0xc0)
        if (node instanceof Uint8Array) return writeBinary(node)
        if (depth === limits.maxDepth) return false
        return Array.isArray(node) ? writeArray(node, depth + 1) : writeMap(node as Record<string, unknown>, depth + 1)
      default:
        return false
    }
  }

  function writeArray(array: readonly unknown[], depth: number): boolean {
    const { length } = array
    if (length > maxItems) return false
    writeByte(0x90 | length)
    for (let index = 0; index < length; index++) if (!write(array[index], depth)) return false
    return true
  }

  function writeMap(map: Record<string, unknown>, depth: number): boolean {
    const prototype: unknown = Object.getPrototypeOf(map)
    if (prototype !== Object.prototype && prototype !== null) return false
    const keys = Object.keys(map)
    if (keys.length > maxMembers) return false
    writeByte(0x80 | keys.length)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!
      nodes += 1
      if (RESERVED_KEYS.includes(key) || !writeText(key) || !write(map[key], depth)) return false
    }
    return true
  }

  /** The shortest form of up to 32 bits. */
  function writeInteger(integer: number): true {
    room(5)
    if (integer >= 0) {
      if (integer < 0x80) bytes[at++] = integer
      else if (integer < 0x100) writeNumber(0xcc, integer, 1)
      else if (integer < 0x10000) writeNumber(0xcd, integer, 2)
      else writeNumber(0xce, integer, 4)
    } else if (integer >= -0x20) bytes[at++] = integer
    else if (integer >= -0x80) writeNumber(0xd0, integer, 1)
    else if (integer >= -0x8000) writeNumber(0xd1, integer, 2)
    else writeNumber(0xd2, integer, 4)
    return true
  }

  /** `head`, then the lowest so many bytes of `number`, the highest first. There has to be room. */
  function writeNumber(head: number, number: number, byteCount: 1 | 2 | 4): void {
    bytes[at++] = head
    for (let shift = 8 * (byteCount - 1); shift >= 0; shift -= 8) bytes[at++] = number >> shift
  }

  function writeText(text: string): boolean {
    const { length } = text
    if (length > maxTextBytes) return false
    room(1 + length)
    bytes[at++] = 0xa0 | length
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit >= 0x80) return false
      bytes[at++] = unit
    }
    return true
  }

  function writeBinary(binary: Uint8Array): boolean {
    const { length } = binary
    if (length > maxBinaryBytes) return false
    room(2 + length)
    bytes[at++] = 0xc4
    bytes[at++] = length
    bytes.set(binary, at)
    at += length
    return true
  }

  function writeByte(byte: number): true {
    room(1)
    bytes[at++] = byte
    return true
  }

  function room(byteCount: number): void {
    if (at + byteCount <= bytes.length) return
    const larger = new Uint8Array(Math.max(2 * bytes.length, at + byteCount))
    larger.set(bytes.subarray(0, at))
    bytes = larger
  }

  return (value) => {
    at = 0
    nodes = 0
    return write(value, 0) ? bytes.subarray(0, at) : undefined
  }
}
