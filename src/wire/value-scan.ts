/** A look over one msgpack value before anything is decoded: is it whole, alone, within limits and unambiguous?
 *
 * One pass, no recursion, nothing allocated for a value however nested, so that no bytes from outside cost more than their
 * reading. What it lets through is then decoded without a further check.
 */

export interface ValueLimits {
  /** Arrays and maps within each other. */
  readonly maxDepth: number
  /** Values in all, containers and map keys counted. */
  readonly maxNodes: number
  readonly maxArrayLength: number
  readonly maxMapLength: number
  readonly maxStringBytes: number
  readonly maxBinaryBytes: number
}

export const DEFAULT_VALUE_LIMITS: ValueLimits = {
  maxDepth: 16,
  maxNodes: 4096,
  maxArrayLength: 1024,
  maxMapLength: 256,
  maxStringBytes: 65_535,
  maxBinaryBytes: 65_535,
}

/** Why bytes are not one acceptable value. */
export type BadValue =
  /** The bytes end before the value does, or a declared size is larger than what is left. */
  | 'truncated'
  /** Bytes follow the value. */
  | 'trailing_bytes'
  | 'too_deep'
  | 'too_many_nodes'
  | 'array_too_long'
  | 'map_too_long'
  | 'string_too_long'
  | 'binary_too_long'
  /** Invalid UTF-8: cut, overlong, a surrogate, or above U+10FFFF. */
  | 'bad_utf8'
  | 'duplicate_key'
  /** More different keys of one hash than chance brings: made to keep the comparison busy. */
  | 'key_collisions'
  /** `__proto__`, `constructor` or `prototype`. */
  | 'reserved_key'
  /** A map key that is no string. */
  | 'key_type'
  /** 0xC1, which msgpack never uses. */
  | 'reserved_byte'
  /** An extension type, timestamps included. */
  | 'ext'

/** Looks over the one value that has to fill `bytes` from `from` on; undefined when it is good. */
export type ValueScan = (bytes: Uint8Array, from: number) => BadValue | undefined

/** Keys that reach an object's prototype when they are assigned or merged. */
export const RESERVED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype']
const RESERVED_KEY_BYTES = RESERVED_KEYS.map((key) => new TextEncoder().encode(key))

/** Keys of one value that have length and hash (32 bits) in common with another and are different. Chance brings one to a map of
 * 256 keys in 130,000; without a bound, 256 made ones of 230 bytes take 10 ms to compare. */
const MAX_KEY_COLLISIONS = 16
/** Twice as many as there are keys at most in the default limits. Knuth's multiplicative hash spreads them. */
const KEY_BUCKETS = 4096
const BUCKET_SHIFT = 32 - Math.log2(KEY_BUCKETS)

export function createValueScan(limits: ValueLimits): ValueScan {
  // One entry a container that is open: how many values it still takes, and for maps the node that it is; 0 for arrays.
  const remaining = new Float64Array(limits.maxDepth + 1)
  const mapNode = new Int32Array(limits.maxDepth + 1)
  // Keys in the order they came, each linked to the one before it in its bucket.
  // Every second node at most is one.
  const maxKeys = Math.ceil(limits.maxNodes / 2) + 1
  const keyFrom = new Int32Array(maxKeys)
  const keyBytes = new Int32Array(maxKeys)
  const keyHash = new Int32Array(maxKeys)
  const keyMap = new Int32Array(maxKeys)
  const keyBucket = new Int32Array(maxKeys)
  const previousKey = new Int32Array(maxKeys)
  // The last key of each bucket. Never cleared: an entry counts when its key is of this scan and says the same bucket.
  const lastKey = new Int32Array(KEY_BUCKETS)

  return function scan(bytes, from) {
    const end = bytes.length
    let at = from
    let depth = 0
    let nodes = 0
    let keys = 0
    let collisions = 0
    remaining[0] = 1
    mapNode[0] = 0

    for (;;) {
      while (remaining[depth] === 0) {
        if (depth === 0) return at === end ? undefined : 'trailing_bytes'
        depth--
      }
      // Of a map's entries an even number remains before a key.
      const isKey = mapNode[depth] !== 0 && remaining[depth]! % 2 === 0
      remaining[depth]!--
      if (at >= end) return 'truncated'
      if (++nodes > limits.maxNodes) return 'too_many_nodes'
      const head = bytes[at++]!
      const kind = HEAD_KIND[head]!
      let size = HEAD_SIZE[head]!
      if (isKey && kind !== STRING) {
        return kind === RESERVED ? 'reserved_byte' : kind === EXT ? 'ext' : 'key_type'
      }
      if (kind === PLAIN) {
        at += size
        if (at > end) return 'truncated'
        continue
      }
      if (kind === RESERVED) return 'reserved_byte'
      if (kind === EXT) return 'ext'

      const sizeBytes = HEAD_SIZE_BYTES[head]!
      if (sizeBytes > 0) {
        if (at + sizeBytes > end) return 'truncated'
        size = 0
        for (let index = 0; index < sizeBytes; index++) size = size * 256 + bytes[at++]!
      }

      if (kind === STRING) {
        if (size > limits.maxStringBytes) return 'string_too_long'
        if (size > end - at) return 'truncated'
        if (!isUtf8(bytes, at, at + size)) return 'bad_utf8'
        if (isKey) {
          const map = mapNode[depth]!
          const hash = hashOf(bytes, at, at + size)
          const bucket = Math.imul(hash ^ map, 0x9e3779b1) >>> BUCKET_SHIFT
          const last = lastKey[bucket]!
          const before = last < keys && keyBucket[last] === bucket ? last : -1
          for (let key = before; key >= 0; key = previousKey[key]!) {
            if (keyHash[key] !== hash || keyMap[key] !== map || keyBytes[key] !== size) continue
            if (sameBytes(bytes, keyFrom[key]!, at, size)) return 'duplicate_key'
            if (++collisions > MAX_KEY_COLLISIONS) return 'key_collisions'
          }
          if (isReserved(bytes, at, size)) return 'reserved_key'
          keyFrom[keys] = at
          keyBytes[keys] = size
          keyHash[keys] = hash
          keyMap[keys] = map
          keyBucket[keys] = bucket
          previousKey[keys] = before
          lastKey[bucket] = keys++
        }
        at += size
      } else if (kind === BINARY) {
        if (size > limits.maxBinaryBytes) return 'binary_too_long'
        if (size > end - at) return 'truncated'
        at += size
      } else {
        if (depth === limits.maxDepth) return 'too_deep'
        const map = kind === MAP
        if (map ? size > limits.maxMapLength : size > limits.maxArrayLength) {
          return map ? 'map_too_long' : 'array_too_long'
        }
        const values = map ? size * 2 : size
        // Every value takes a byte at least.
        if (values > end - at) return 'truncated'
        depth++
        remaining[depth] = values
        mapNode[depth] = map ? nodes : 0
      }
    }
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash
}

function sameBytes(bytes: Uint8Array, one: number, other: number, count: number): boolean {
  for (let index = 0; index < count; index++) if (bytes[one + index] !== bytes[other + index]) return false
  return true
}

function isReserved(bytes: Uint8Array, from: number, count: number): boolean {
  for (const reserved of RESERVED_KEY_BYTES) {
    if (reserved.length !== count) continue
    let index = 0
    while (index < count && reserved[index] === bytes[from + index]) index++
    if (index === count) return true
  }
  return false
}

/** RFC 3629, table of section 4: the bounds of the second byte refuse overlong forms, surrogates and beyond U+10FFFF. */
function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to) {
    const first = bytes[at++]!
    if (first < 0x80) continue
    if (first < 0xc2 || first > 0xf4) return false
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
    if (at + more > to) return false
    const second = bytes[at]!
    if (second < (first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80)) return false
    if (second > (first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf)) return false
    for (let index = 1; index < more; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return false
    at += more
  }
  return true
}

const PLAIN = 0
const STRING = 1
const BINARY = 2
const ARRAY = 3
const MAP = 4
const EXT = 5
const RESERVED = 6

/** Per head byte: the kind of value. */
const HEAD_KIND = new Uint8Array(256)
/** Per head byte: of plain values the bytes that follow, of the short forms of the others their size. */
const HEAD_SIZE = new Uint8Array(256)
/** Per head byte: the bytes of the size field that follows it. */
const HEAD_SIZE_BYTES = new Uint8Array(256)

for (let head = 0; head < 256; head++) {
  if (head >= 0x80 && head < 0xc0) {
    HEAD_KIND[head] = head < 0x90 ? MAP : head < 0xa0 ? ARRAY : STRING
    HEAD_SIZE[head] = head < 0xa0 ? head & 0x0f : head & 0x1f
  }
}
const SIZED: readonly (readonly [head: number, kind: number, sizeBytes: number])[] = [
  [0xc4, BINARY, 1],
  [0xc5, BINARY, 2],
  [0xc6, BINARY, 4],
  [0xd9, STRING, 1],
  [0xda, STRING, 2],
  [0xdb, STRING, 4],
  [0xdc, ARRAY, 2],
  [0xdd, ARRAY, 4],
  [0xde, MAP, 2],
  [0xdf, MAP, 4],
]
for (const [head, kind, sizeBytes] of SIZED) {
  HEAD_KIND[head] = kind
  HEAD_SIZE_BYTES[head] = sizeBytes
}
HEAD_KIND[0xc1] = RESERVED
for (const head of [0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) HEAD_KIND[head] = EXT
// float 32 and 64, unsigned and signed integers.
for (const [head, bytes] of [
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
]) {
  HEAD_SIZE[head!] = bytes!
}
