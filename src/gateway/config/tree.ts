/** The schema and what was written, walked side by side. */

import { z } from 'zod'

export type Path = readonly (string | number)[]
type Schema = z.core.$ZodType

/** The schema at a path, seen through optionals, defaults, records, lists and the table of a union; undefined where it knows no
 * such key. */
export function schemaAt(root: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((schema, key) => {
    const inner = schema && tableIn(schema)
    if (inner instanceof z.ZodObject) {
      return Object.hasOwn(inner.shape, key) ? (inner.shape[key] as Schema) : undefined
    }
    if (inner instanceof z.ZodRecord) return inner.valueType as Schema
    if (inner instanceof z.ZodArray) return inner.element as Schema
    return undefined
  }, root)
}

/** The keys that the schema knows at a path. */
export function keysAt(root: Schema, path: Path): string[] {
  const schema = schemaAt(root, path)
  const inner = schema && tableIn(schema)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** True of a key whose value is never shown. */
export function isSecret(root: Schema, path: Path): boolean {
  const schema = schemaAt(root, path)
  return schema !== undefined && isWriteOnly(schema)
}

/** The keys that may be a secret, in dots. */
export function secretKeys(root: Schema): string[] {
  const found = (schema: Schema, path: Path): string[] => {
    const inner = tableIn(schema)
    if (inner instanceof z.ZodObject) {
      return Object.entries(inner.shape).flatMap(([key, below]) => found(below as Schema, [...path, key]))
    }
    if (inner instanceof z.ZodRecord) return found(inner.valueType as Schema, [...path, 'NAME'])
    return isWriteOnly(schema) ? [path.join('.')] : []
  }
  return found(root, [])
}

export interface Scalar {
  readonly path: Path
  readonly schema: Schema
}

/** Every key that is no table and no list, or need be none; of records and lists those entries that are written. */
export function scalarsOf(root: Schema, written: unknown, path: Path = []): Scalar[] {
  const inner = tableIn(root)
  const below = (key: string | number, schema: Schema) =>
    scalarsOf(schema, (written as Record<string | number, unknown> | null | undefined)?.[key], [...path, key])
  if (inner instanceof z.ZodObject) {
    const keys = Object.entries(inner.shape).flatMap(([key, schema]) => below(key, schema as Schema))
    return inner === unwrap(root) ? keys : [{ path, schema: root }, ...keys]
  }
  if (inner instanceof z.ZodRecord) {
    const names = isTable(written) ? Object.keys(written) : []
    return names.flatMap((name) => below(name, inner.valueType as Schema))
  }
  if (inner instanceof z.ZodArray) {
    const items = Array.isArray(written) ? written : []
    return items.flatMap((_, index) => below(index, inner.element as Schema))
  }
  return [{ path, schema: root }]
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** A copy in which `change` has the first word of every value: what it gives other than undefined is taken. */
export function mapped(value: unknown, change: (value: unknown, path: Path) => unknown, path: Path = []): unknown {
  const changed = change(value, path)
  if (changed !== undefined) return changed
  if (Array.isArray(value)) return value.map((item, index) => mapped(item, change, [...path, index]))
  if (!isTable(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change, [...path, key])]))
}

/** True where the value is never shown. */
export function isWriteOnly(schema: Schema): boolean {
  const inner = unwrap(schema)
  return [schema, inner].some((one) => z.globalRegistry.get(one)?.['writeOnly'] === true)
}

/** Of a union the table in it, where there is one. */
function tableIn(schema: Schema): Schema {
  const inner = unwrap(schema)
  if (!(inner instanceof z.ZodUnion)) return inner
  const tables = inner.options.map((option) => unwrap(option as Schema))
  return tables.find((option) => option instanceof z.ZodObject) ?? inner
}

function unwrap(schema: Schema): Schema {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as Schema
  }
  return inner
}
