/** Between the values of a contract and JSON, in both directions, by the types of the contract.
 * JSON has neither 64-bit integers nor bytes nor NaN: integers beyond 2^53 are strings, bytes are base64, NaN and the
 * infinities are null, which a flag tells from a null that is nothing. */

import type { NormalField, NormalResult } from '../contract/index.js'

/** Decoded values of an event, or of a result that is a record, ready for JSON.stringify. */
export function fieldsToJson(fields: readonly NormalField[], values: unknown): Record<string, unknown> {
  const record = (values ?? {}) as Record<string, unknown>
  return Object.fromEntries(fields.map((field) => [field.name, fieldToJson(field, record[field.name])]))
}

/** A decoded result, ready for JSON.stringify; a void one is null. */
export function resultToJson(result: NormalResult, value: unknown): unknown {
  switch (result.kind) {
    case 'void':
      return null
    case 'one':
      return fieldToJson(result.field, value)
    case 'record':
      return fieldsToJson(result.fields, value)
    case 'any':
      return anyToJson(value)
  }
}

/** Whether a decoded value is NaN or an infinity, or has one in it: null in JSON. */
export function hasNotFinite(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return (Array.isArray(value) ? value : Object.values(value)).some(hasNotFinite)
}

/** Where a decoded result has such values: `data`, or members of it such as `data.humidity`. */
export function notFiniteOf(result: NormalResult, value: unknown): string[] {
  if (result.kind !== 'record') return hasNotFinite(value) ? ['data'] : []
  const record = (value ?? {}) as Record<string, unknown>
  return result.fields.filter(({ name }) => hasNotFinite(record[name])).map(({ name }) => `data.${name}`)
}

/** A value without a declared type. */
function anyToJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anyToJson)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return scalarToJson('any', value)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, anyToJson(member)]))
}

/** Arguments for Port.call. What does not fit its type is left as it is: the contract's own check names it better. */
export function argsFromJson(fields: readonly NormalField[], json: Record<string, unknown>): Record<string, unknown> {
  const byName = new Map(fields.map((field) => [field.name, field]))
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const field = byName.get(name)
      return [name, field ? fieldFromJson(field, value) : value]
    }),
  )
}

/** One value of a declared type. */
export function fieldToJson(field: NormalField, value: unknown): unknown {
  if (field.kind === 'array') {
    return Array.isArray(value) ? value.map((item) => scalarToJson(field.array, item)) : null
  }
  return scalarToJson(field.type, value)
}

function scalarToJson(type: string, value: unknown): unknown {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value.toString()
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null
    return type === 'f32' ? shortestF32(value) : value
  }
  return value ?? null
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
}

/** The shortest decimal that is the same 32-bit float: 21.6, where its 64-bit form prints as 21.600000381469727.
 * Nine digits always tell two 32-bit floats apart, six or seven mostly do (IEEE 754). */
function shortestF32(value: number): number {
  // Below 1,000 three decimals are six digits at most, which every 32-bit float keeps (FLT_DIG): the loop would find the same.
  if (value > -1_000 && value < 1_000) {
    const short = Math.round(value * 1_000) / 1_000
    if (Math.fround(short) === Math.fround(value)) return short
  }
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === Math.fround(value)) return short
  }
  return value
}

function fieldFromJson(field: NormalField, json: unknown): unknown {
  if (field.kind === 'array') {
    return Array.isArray(json) ? json.map((item) => scalarFromJson(field.array, item)) : json
  }
  return scalarFromJson(field.type, json)
}

const WHOLE = /^-?\d{1,20}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function scalarFromJson(type: string, json: unknown): unknown {
  switch (type) {
    case 'u64':
    case 'i64':
      if (typeof json === 'string' && WHOLE.test(json)) return BigInt(json)
      // A number past 2^53 has been rounded by JSON already: the contract's check refuses it.
      return typeof json === 'number' && Number.isSafeInteger(json) ? BigInt(json) : json
    case 'bytes':
      return typeof json === 'string' && BASE64.test(json) ? new Uint8Array(Buffer.from(json, 'base64')) : json
    default:
      return json
  }
}
