/** What is wrong with a contract file, as one line: where, what, and the nearest spelling. */

import { z } from 'zod'
import { SCALAR_TYPE_NAMES } from '../scalar-types.js'
import { didYouMean } from './nearest.js'

export interface FileProblem {
  readonly path: readonly (string | number)[]
  /** Without the path. */
  readonly problem: string
}

type Issue = z.core.$ZodIssue
type Schema = z.core.$ZodType

/** The first thing to say of `issues`, which `schema` has found in `input`. */
export function firstProblem(issues: readonly Issue[], schema: Schema, input: unknown): FileProblem {
  const problems = issues.flatMap((issue) => describe(issue, schema, input, []))
  // A key that is spelled wrong is missing as well: the spelling is what to say first.
  return (problems.find((problem) => problem.isSpelling) ?? problems[0])!
}

interface Described extends FileProblem {
  readonly isSpelling: boolean
}

/** @param base  where `schema` and `input` are in the file; the issue's path begins there */
function describe(issue: Issue, schema: Schema, input: unknown, base: readonly (string | number)[]): Described[] {
  const path = issue.path as (string | number)[]
  const value = valueAt(input, path)
  const found = (problem: string, at = path, isSpelling = false): Described[] => [
    { path: [...base, ...at], problem, isSpelling },
  ]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path, value)
      return issue.keys.flatMap((key) => {
        const near = didYouMean(key, known)
        return found(`unknown key${near || `; known: ${known.join(', ')}`}`, [...path, key], true)
      })
    }
    case 'invalid_key':
      return found(issue.issues[0]?.message ?? 'not a name', path, true)
    case 'invalid_union': {
      const union = schemasAt(schema, path).find((found) => found instanceof z.ZodUnion)
      const branches = (union?.options ?? []) as readonly Schema[]
      const [nearest] = issue.errors
        .map((errors, i) => ({ errors, branch: branches[i]!, score: scoreOf(errors) }))
        .sort((a, b) => a.score - b.score)
      if (!nearest?.branch || nearest.score >= WRONG_KIND) return found(unionProblem(value, branches.some(isOfTypes)))
      return nearest.errors.flatMap((inner) => describe(inner, nearest.branch, value, [...base, ...path]))
    }
    case 'invalid_type': {
      if (value === undefined) return found(`is missing; expected ${kindOf(issue.expected)}`)
      const cure = issue.expected === 'string' && typeof value === 'number' ? '; write it in quotes' : ''
      return found(`expected ${kindOf(issue.expected)}, got ${show(value)}${cure}`)
    }
    case 'invalid_value': {
      const known = issue.values.map(String)
      if (known.includes('u8')) return found(unionProblem(value, true))
      return found(`expected ${known.join(' or ')}, got ${show(value)}${didYouMean(String(value), known)}`)
    }
    case 'too_small':
      return found(`expected at least ${issue.minimum}, got ${show(value)}`)
    case 'too_big':
      return found(`expected at most ${issue.maximum}, got ${show(value)}`)
    default:
      return found(`${issue.message}, got ${show(value)}`)
  }
}

const WRONG_KIND = 1_000

/** How far a branch of a union is from what is there: another kind of value, or so many things wrong inside. */
function scoreOf(issues: readonly Issue[]): number {
  const isOther = ({ code, path }: Issue) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
  if (issues.some(isOther)) return WRONG_KIND
  return issues.length
}

/** What C++, Rust and JavaScript call the types. `int` and `long` are left out: their width is another one on every board. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    u8: 'uint8_t uint8 byte uchar',
    u16: 'uint16_t uint16 word',
    u32: 'uint32_t uint32',
    u64: 'uint64_t uint64',
    i8: 'int8_t int8',
    i16: 'int16_t int16',
    i32: 'int32_t int32',
    i64: 'int64_t int64',
    f32: 'float float32 single',
    f64: 'double float64 number',
    str: 'string text',
    bytes: 'buffer blob binary',
    bool: 'boolean bit',
  }).flatMap(([type, words]) => words.split(' ').map((word) => [word, type] as const)),
)

function isOfTypes(branch: Schema): boolean {
  return branch instanceof z.ZodEnum
}

/** Where a type may stand, or a table; of arguments `any`, or a table. */
function unionProblem(value: unknown, takesType: boolean): string {
  if (!takesType) return `expected a table of names, or any, got ${show(value)}`
  if (typeof value !== 'string') return `expected a type such as u8, or a table, got ${show(value)}`
  const meant = OTHER_WORDS.get(value.toLowerCase())
  const near = meant === undefined ? didYouMean(value, SCALAR_TYPE_NAMES) : ` (did you mean ${meant}?)`
  return `${show(value)} is no type${near}; types: ${SCALAR_TYPE_NAMES.join(', ')}`
}

/** What may stand at a path: through a union there are several. */
function schemasAt(schema: Schema, path: readonly (string | number)[]): Schema[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodUnion && path.length > 0) {
    return (inner.options as readonly Schema[]).flatMap((option) => schemasAt(option, path))
  }
  const [key, ...rest] = path
  if (key === undefined) return [inner]
  const next = inner instanceof z.ZodObject ? inner.shape[key] : inner instanceof z.ZodRecord && inner.valueType
  return next ? schemasAt(next as Schema, rest) : []
}

/** Of the tables that may stand there, the one that has most of the keys that are there. */
function keysAt(schema: Schema, path: readonly (string | number)[], value: unknown): string[] {
  const given = Object.keys(value as object)
  const tables = schemasAt(schema, path)
    .flatMap((found) => (found instanceof z.ZodUnion ? (found.options as readonly Schema[]) : [found]))
    .flatMap((found) => (found instanceof z.ZodObject ? [Object.keys(found.shape)] : []))
  const shared = (known: readonly string[]) => given.filter((key) => known.includes(key)).length
  return tables.sort((a, b) => shared(b) - shared(a))[0] ?? []
}

function unwrap(schema: Schema): Schema {
  let inner = schema
  while (inner instanceof z.ZodOptional) inner = inner.unwrap() as Schema
  return inner
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a table (an empty one is {})',
  record: 'a table of names (an empty one is {})',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value !== null && typeof value === 'object') return 'a table'
  // JSON has no infinity, YAML has.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    input,
  )
}
