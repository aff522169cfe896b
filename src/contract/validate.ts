/** Between the named values of a program and the positional values of the wire, checked in both directions. */

import { PortwireError } from '../errors.js'
import type { NormalArgs, NormalField, NormalResult } from './model.js'

/** What the wire carries for `fields`: undefined (no value) for none, else an array by position.
 * @throws ARGUMENT_INVALID  naming the member, what was expected and what came; nothing was sent */
export function encodeFields(what: string, fields: readonly NormalField[], values: unknown): unknown {
  const given = values ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid(what, 'an object of named values', values)
  for (const name of Object.keys(given)) {
    if (!fields.some((f) => f.name === name)) {
      const known = fields.map((f) => f.name).join(', ') || 'none'
      throw new PortwireError('ARGUMENT_INVALID', `${what}.${name} is not known; known: ${known}`)
    }
  }
  if (fields.length === 0) return undefined
  return fields.map((f) => encodeField(`${what}.${f.name}`, f, (given as Record<string, unknown>)[f.name]))
}

/** The named fields of arguments; none where any value may stand. */
export function fieldsOf(args: NormalArgs): readonly NormalField[] {
  return args.kind === 'fields' ? args.fields : []
}

/** What the wire carries for the arguments of a call: undefined is no value. */
export function encodeArgs(what: string, args: NormalArgs, values: unknown): unknown {
  return args.kind === 'any' ? values : encodeFields(what, args.fields, values)
}

/** @param keepsRange  a `min` and a `max` count too: a device does not trust its host with what moves. Default false. */
export function decodeArgs(what: string, args: NormalArgs, wire: unknown, keepsRange = false): Decoded {
  return args.kind === 'any' ? { ok: true, value: wire } : decodeFields(what, args.fields, wire, keepsRange)
}

/** What the wire carries for a result; a void one is integer 0, as BotArmy's C programs answer. */
export function encodeResult(what: string, result: NormalResult, value: unknown): unknown {
  switch (result.kind) {
    case 'void':
      return 0
    case 'one':
      return encodeField(what, result.field, value)
    case 'record':
      return encodeFields(what, result.fields, value) ?? []
    case 'any':
      return value ?? null
  }
}

/** Decoded values, or a sentence that says which does not fit. */
export type Decoded =
  | { readonly ok: true; readonly value: unknown }
  /** `tooLarge`: of its type, but more of it than the contract allows. */
  | { readonly ok: false; readonly problem: string; readonly tooLarge?: true }

export function decodeFields(what: string, fields: readonly NormalField[], wire: unknown, keepsRange = false): Decoded {
  const items = wire === null && fields.length === 0 ? [] : wire
  if (!Array.isArray(items)) return bad(what, `an array of ${fields.length}`, wire)
  if (items.length !== fields.length)
    return { ok: false, problem: `${what}: expected ${fields.length} values, got ${items.length}` }
  const value: Record<string, unknown> = {}
  for (const [i, field] of fields.entries()) {
    const decoded = decodeField(`${what}.${field.name}`, field, items[i], keepsRange)
    if (!decoded.ok) return decoded
    value[field.name] = decoded.value
  }
  return { ok: true, value }
}

export function decodeResult(what: string, result: NormalResult, wire: unknown): Decoded {
  switch (result.kind) {
    case 'void':
      return wire === null || wire === 0 ? { ok: true, value: undefined } : bad(what, 'nothing (0 or nil)', wire)
    case 'one':
      return decodeField(what, result.field, wire)
    case 'record':
      return decodeFields(what, result.fields, wire)
    case 'any':
      return { ok: true, value: wire }
  }
}

interface IntegerRange {
  readonly bits: number
  readonly low: bigint
  readonly high: bigint
  /** The same for numbers, which are compared faster; beyond 53 bits not exact, but no safe integer lies there. */
  readonly lowNumber: number
  readonly highNumber: number
}

const INTEGER_RANGES: Readonly<Record<string, IntegerRange>> = {
  u8: unsigned(8),
  u16: unsigned(16),
  u32: unsigned(32),
  u64: unsigned(64),
  i8: signed(8),
  i16: signed(16),
  i32: signed(32),
  i64: signed(64),
}

function unsigned(bits: number): IntegerRange {
  return integerRange(bits, 0n, 2n ** BigInt(bits) - 1n)
}

function signed(bits: number): IntegerRange {
  return integerRange(bits, -(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n)
}

function integerRange(bits: number, low: bigint, high: bigint): IntegerRange {
  return { bits, low, high, lowNumber: Number(low), highNumber: Number(high) }
}

/** What 32 bits hold at most; a number that is rounded to this is taken. */
const MAX_F32 = (2 - 2 ** -23) * 2 ** 127

const textEncoder = new TextEncoder()

function encodeField(path: string, field: NormalField, value: unknown): unknown {
  const decoded = checkField(path, field, value, true)
  if (!decoded.ok) throw new PortwireError('ARGUMENT_INVALID', decoded.problem)
  return decoded.value
}

function decodeField(path: string, field: NormalField, wire: unknown, keepsRange = false): Decoded {
  // Of what a device tells, ranges are a promise about sense, not about type: it is taken, as the field may have been widened.
  return checkField(path, field, isFloat(field) ? floatOf(wire) : wire, keepsRange)
}

function isFloat(field: NormalField): boolean {
  const type = field.kind === 'scalar' ? field.type : field.array
  return type === 'f32' || type === 'f64'
}

/** Some encoders make integers of whole floats, beyond 2^53 too, where they come as bigint. */
function floatOf(wire: unknown): unknown {
  if (Array.isArray(wire)) return wire.map(floatOf)
  return typeof wire === 'bigint' ? Number(wire) : wire
}

/** @param keepsRange  it is to be sent: the field's own min and max count, besides its type, and f32 has to hold it */
function checkField(path: string, field: NormalField, value: unknown, keepsRange: boolean): Decoded {
  if (field.kind === 'scalar') return checkScalar(path, field, value, keepsRange)
  if (!Array.isArray(value)) return bad(path, `an array of ${field.array}`, value)
  if (value.length > field.maxItems)
    return { ok: false, problem: `${path}: at most ${field.maxItems} items, got ${value.length}`, tooLarge: true }
  const items: unknown[] = []
  const itemField = { kind: 'scalar', name: field.name, type: field.array } as const
  for (const [i, item] of value.entries()) {
    const checked = checkScalar(`${path}[${i}]`, itemField, item, keepsRange)
    if (!checked.ok) return checked
    items.push(checked.value)
  }
  return { ok: true, value: items }
}

type ScalarField = Extract<NormalField, { kind: 'scalar' }>

function checkScalar(path: string, field: ScalarField, value: unknown, keepsRange: boolean): Decoded {
  const { type } = field
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? { ok: true, value } : bad(path, 'a boolean', value)
    case 'str': {
      if (typeof value !== 'string') return bad(path, 'a string', value)
      // UTF-8 takes one to three bytes for each UTF-16 unit, so most texts need no counting.
      if (field.maxBytes === undefined || 3 * value.length <= field.maxBytes) return { ok: true, value }
      return checkBytes(path, field.maxBytes, textEncoder.encode(value).length, value)
    }
    case 'bytes': {
      if (!(value instanceof Uint8Array)) return bad(path, 'a Uint8Array', value)
      return checkBytes(path, field.maxBytes, value.length, value)
    }
    case 'f32':
    case 'f64': {
      if (typeof value !== 'number') return bad(path, 'a number', value)
      // The device computes in 32 bits; rounding here lets the wire carry five bytes in place of nine.
      const rounded = Math.fround(value)
      const range = keepsRange ? checkRange(path, field, value) : undefined
      if (range && !(type === 'f32' && isInF32Range(field, rounded))) return range
      if (type === 'f64') return { ok: true, value }
      if (keepsRange && Number.isFinite(value) && !Number.isFinite(rounded))
        return { ok: false, problem: `${path}: ${value} is not in ${-MAX_F32} to ${MAX_F32} (f32)` }
      return { ok: true, value: rounded }
    }
    default:
      return checkInteger(path, field, value, keepsRange)
  }
}

/** A limit such as 0.1 is rounded like the values: what was sent as 0.1 comes as a little more, and a C++ device compares with 0.1f. */
function isInF32Range({ min = -Infinity, max = Infinity }: ScalarField, rounded: number): boolean {
  return Number.isFinite(rounded) && rounded >= Math.fround(min) && rounded <= Math.fround(max)
}

function checkBytes(path: string, maxBytes: number | undefined, bytes: number, value: unknown): Decoded {
  if (maxBytes !== undefined && bytes > maxBytes)
    return { ok: false, problem: `${path}: at most ${maxBytes} bytes, got ${bytes}`, tooLarge: true }
  return { ok: true, value }
}

function checkInteger(path: string, field: ScalarField, value: unknown, keepsRange: boolean): Decoded {
  const { bits, low, high, lowNumber, highNumber } = INTEGER_RANGES[field.type]!
  const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  if (!isWhole) return bad(path, `a whole number (${field.type})`, value)
  const isInside = typeof value === 'number' ? value >= lowNumber && value <= highNumber : value >= low && value <= high
  if (!isInside) return { ok: false, problem: `${path}: ${value} is not in ${low} to ${high} (${field.type})` }
  const range = keepsRange ? checkRange(path, field, Number(value)) : undefined
  if (range) return range
  return { ok: true, value: bits === 64 ? BigInt(value) : Number(value) + 0 } // -0 is 0
}

function checkRange(
  path: string,
  field: { readonly min?: number; readonly max?: number; readonly unit?: string },
  value: number,
) {
  const { min = -Infinity, max = Infinity, unit } = field
  if (value >= min && value <= max) return undefined
  if (Number.isNaN(value) && min === -Infinity && max === Infinity) return undefined
  return { ok: false as const, problem: `${path}: ${value} is not in ${min} to ${max}${unit ? ` ${unit}` : ''}` }
}

function bad(path: string, expected: string, value: unknown): { ok: false; problem: string } {
  return { ok: false, problem: `${path}: expected ${expected}, got ${show(value)}` }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'nil'
  if (typeof value === 'bigint') return `${value}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : Array.isArray(value)
        ? 'an array'
        : typeof value === 'object'
          ? 'an object'
          : String(value)
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}

function invalid(path: string, expected: string, value: unknown): PortwireError {
  return new PortwireError('ARGUMENT_INVALID', `${path}: expected ${expected}, got ${show(value)}`)
}
