/** The types of a contract in C++, and the ranges that the device checks. */

import { PortwireError } from '../errors.js'
import type { NormalField } from './model.js'
import type { ScalarType } from './types.js'

const CPP_TYPES: Readonly<Record<Exclude<ScalarType, 'str' | 'bytes'>, string>> = {
  bool: 'bool',
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  i8: 'int8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
  f32: 'float',
  // `double` has 32 bits on AVR.
  f64: 'portwire::Float64',
}

/** Two digits name the argument that is to blame. */
const MAX_VALUES = 99

/** The type that is kept and decoded.
 * @param isBounded  room is reserved for its longest form: an event, an item of a stream, what the device asks
 * @throws CONTRACT_INVALID  a text or bytes without a longest length where one is needed */
export function cppType(member: string, field: NormalField, isBounded: boolean): string {
  if (field.kind === 'array') {
    const { array, maxItems } = field
    const isText = array === 'str' || array === 'bytes'
    if (isText && isBounded) {
      throw unsupported(`${member}.${field.name}`, `an array of ${array} here, whose items have no longest length`)
    }
    // What comes is as long as its message, what is answered as the room for an answer.
    const item = isText ? `portwire::${array === 'str' ? 'Text' : 'Bytes'}<>` : CPP_TYPES[array]
    return `portwire::Array<${item}, ${maxItems}>`
  }
  const { type, maxBytes } = field
  if (type !== 'str' && type !== 'bytes') return CPP_TYPES[type]
  if (maxBytes === undefined) {
    throw invalid(`${member}.${field.name} needs maxBytes: a device reserves room`)
  }
  return `portwire::${type === 'str' ? 'Text' : 'Bytes'}<${maxBytes}>`
}

/** @throws CONTRACT_INVALID  more values than the device library takes */
export function checkCount(member: string, fields: readonly unknown[]): void {
  if (fields.length > MAX_VALUES) throw unsupported(member, `more than ${MAX_VALUES} values, here ${fields.length}`)
}

export function unsupported(member: string, what: string): PortwireError {
  return invalid(`${member}: the device library does not take ${what}`)
}

function invalid(problem: string): PortwireError {
  return new PortwireError('CONTRACT_INVALID', `contract: ${problem}`)
}

/** What the device compares an argument with, as C++ expressions of `type`. */
export interface CppRange {
  readonly type: string
  readonly smallest: string
  readonly largest: string
}

/** The field's `min` and `max`; undefined where every value of the type lies between them.
 * @throws CONTRACT_INVALID  no value of the type does */
export function cppRange(member: string, field: NormalField): CppRange | undefined {
  if (field.kind === 'array' || (field.min === undefined && field.max === undefined)) return undefined
  const { min = -Infinity, max = Infinity, type } = field
  if (type === 'bool' || type === 'str' || type === 'bytes') return undefined
  const path = `${member}.${field.name}`
  if (type === 'f32') return { type: 'float', smallest: floatLiteral(min), largest: floatLiteral(max) }
  if (type === 'f64') return { type: 'portwire::Words', smallest: wordsLiteral(min), largest: wordsLiteral(max) }
  const [low, high] = limitsOf(type)
  const smallest = min <= Number(low) ? low : wholeNumber(Math.ceil(min))
  const largest = max >= Number(high) ? high : wholeNumber(Math.floor(max))
  if (smallest === low && largest === high) return undefined
  if (smallest === undefined || largest === undefined || smallest > largest) {
    throw invalid(`${path}: no ${type} lies between ${min} and ${max}`)
  }
  return { type: CPP_TYPES[type], smallest: integerLiteral(smallest), largest: integerLiteral(largest) }
}

function wholeNumber(value: number): bigint | undefined {
  return Number.isFinite(value) ? BigInt(value) : undefined
}

function limitsOf(type: string): [bigint, bigint] {
  const bits = BigInt(type.slice(1))
  return type.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

/** With the suffix that a board needs whose int has 16 bits. */
function integerLiteral(value: bigint): string {
  const isWide = value > 0xffff_ffffn || value < -0x8000_0000n
  if (value >= 0n) return `${value}${value > 0x7fffn ? 'U' : ''}${isWide ? 'LL' : value > 0x7fffn ? 'L' : ''}`
  // The smallest number has no literal: its positive one would be out of range.
  return `${value + 1n}${isWide ? 'LL' : 'L'} - 1`
}

function floatLiteral(value: number): string {
  const rounded = Math.fround(value)
  if (!Number.isFinite(rounded)) return rounded > 0 ? '__builtin_inff()' : '-__builtin_inff()'
  // A compiler warns of a number that is no zero and becomes one.
  const text = String(rounded === 0 ? 0 : value)
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`
}

/** The bits of an f64: an AVR has no literal for it. */
function wordsLiteral(value: number): string {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value === 0 ? 0 : value)
  const [high, low] = [bits.getUint32(0), bits.getUint32(4)].map((word) => `0x${word.toString(16).padStart(8, '0')}`)
  return `portwire::Words{${high}, ${low}} /* ${value} */`
}
