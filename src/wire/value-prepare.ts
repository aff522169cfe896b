/** What a value needs before it is encoded: a check that the peer will accept it, the width of its floats, and integers in
 * the JavaScript type that the encoder writes exactly. */

import { RESERVED_KEYS, type ValueLimits } from './value-scan.js'

export interface PreparedValue {
  /** The value itself, or a copy where an integer within it had to change its type. */
  value: unknown
  /** 32 when float 32 is exact for every number of the value that is sent as a float. */
  floatBits: 32 | 64
}

const LONE_SURROGATE = /\p{Surrogate}/u
const INT64_MIN = -(2n ** 63n)
const UINT64_MAX = 2n ** 64n - 1n
const INT32_MIN = -(2 ** 31)
const UINT32_MAX = 2 ** 32 - 1

/** What is refused though msgpack could say it. */
export interface PreparationOptions {
  /** NaN and the infinities: Erlang and Elixir have no such floats, and refuse the whole message. */
  readonly finiteOnly?: boolean
}

/** Returns a function that looks over a value to be sent; its result is one object, overwritten by the next call.
 * @throws TypeError   (the function) a type that msgpack has no form for, text with half a character, a reserved key
 * @throws RangeError  (the function) beyond a limit, or an integer beyond 64 bits */
export function createValuePreparation(
  limits: ValueLimits,
  { finiteOnly = false }: PreparationOptions = {},
): (value: unknown) => PreparedValue {
  const result: PreparedValue = { value: undefined, floatBits: 32 }
  let nodes = 0

  function prepare(node: unknown, depth: number): unknown {
    countNode()
    switch (typeof node) {
      case 'number':
        // The encoder writes integers beyond 32 bits as floats, unless they are bigints.
        if (Number.isSafeInteger(node)) return node > UINT32_MAX || node < INT32_MIN ? BigInt(node) : node
        if (finiteOnly && !Number.isFinite(node)) throw new TypeError(`${node} cannot be sent`)
        // NaN has no width of its own; it and the infinities travel as float 32.
        if (Math.fround(node) !== node && !Number.isNaN(node)) result.floatBits = 64
        return node
      case 'bigint':
        if (node < INT64_MIN || node > UINT64_MAX) throw new RangeError('an integer does not fit 64 bits')
        // The encoder writes every bigint in 64-bit form.
        return node >= INT32_MIN && node <= UINT32_MAX ? Number(node) : node
      case 'string':
        checkText(node)
        return node
      case 'boolean':
      case 'undefined':
        return node
      case 'object':
        return node === null ? node : prepareObject(node, depth)
      default:
        throw new TypeError(`a ${typeof node} cannot be sent`)
    }
  }

  function prepareObject(node: object, depth: number): object {
    if (node instanceof Uint8Array) {
      if (node.length > limits.maxBinaryBytes) throw new RangeError(`more than ${limits.maxBinaryBytes} bytes at once`)
      return node
    }
    // Also what ends the walk through an object that holds itself.
    if (depth === limits.maxDepth) throw new RangeError(`values nested deeper than ${limits.maxDepth}`)
    return Array.isArray(node) ? prepareArray(node, depth + 1) : prepareMap(node, depth + 1)
  }

  function prepareArray(array: readonly unknown[], depth: number): readonly unknown[] {
    if (array.length > limits.maxArrayLength) throw new RangeError(`an array longer than ${limits.maxArrayLength}`)
    let copy: unknown[] | undefined
    for (let index = 0; index < array.length; index++) {
      const prepared = prepare(array[index], depth)
      if (prepared === array[index]) continue
      copy ??= array.slice()
      copy[index] = prepared
    }
    return copy ?? array
  }

  function prepareMap(map: object, depth: number): object {
    const prototype: unknown = Object.getPrototypeOf(map)
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError('only plain objects, arrays and Uint8Array can be sent')
    }
    const entries = Object.entries(map)
    if (entries.length > limits.maxMapLength) throw new RangeError(`a map larger than ${limits.maxMapLength}`)
    let copy: Record<string, unknown> | undefined
    for (const [key, member] of entries) {
      countNode()
      checkText(key)
      if (RESERVED_KEYS.includes(key)) throw new TypeError(`the key ${key} cannot be sent`)
      const prepared = prepare(member, depth)
      if (prepared === member) continue
      copy ??= { ...map }
      copy[key] = prepared
    }
    return copy ?? map
  }

  function countNode(): void {
    if (++nodes > limits.maxNodes) throw new RangeError(`more than ${limits.maxNodes} values in one message`)
  }

  function checkText(text: string): void {
    // UTF-8 takes one to three bytes for each UTF-16 unit, so most texts need no counting.
    const max = limits.maxStringBytes
    if (text.length * 3 > max && (text.length > max || utf8Bytes(text) > max)) {
      throw new RangeError(`a text longer than ${max} bytes`)
    }
    if (LONE_SURROGATE.test(text)) throw new TypeError('a text with half a character (a lone surrogate) cannot be sent')
  }

  return (value) => {
    nodes = 0
    result.floatBits = 32
    result.value = prepare(value, 0)
    return result
  }
}

function utf8Bytes(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    // A surrogate pair is two units and four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  return bytes
}
