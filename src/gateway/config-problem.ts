/** What is wrong with a config, as one line: where, what, and the nearest spelling. */

import { z } from 'zod'
import { didYouMean } from '../contract/file/index.js'
import { configSchema } from './config-schema.js'
import { shownName } from './printable.js'

export interface ConfigProblem {
  readonly path: readonly (string | number)[]
  /** Begins with the path in dots. */
  readonly line: string
}

export function describeIssues(issues: readonly z.core.$ZodIssue[], input: unknown): ConfigProblem[] {
  // A key that is spelled wrong is missing as well: the spelling is what to say first.
  const [unknown, other] = [true, false].map((wanted) =>
    issues.filter((issue) => (issue.code === 'unrecognized_keys') === wanted),
  )
  return [...unknown!, ...other!].flatMap((issue) => describeIssue(issue, input))
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown): ConfigProblem[] {
  const path = issue.path as (string | number)[]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(path)
      return issue.keys.map((key) => {
        const where = dots([...path, key])
        return {
          path: [...path, key],
          line: `${where}: unknown key${didYouMean(key, known) || `; known: ${known.join(', ')}`}`,
        }
      })
    }
    case 'invalid_key': {
      const name = path.at(-1)
      return [problem(path, issue.issues[0]?.message ?? `${JSON.stringify(name)} is not a name`)]
    }
    case 'invalid_type': {
      const value = valueAt(input, path)
      if (value === undefined) return [problem(path, `is missing; expected ${kindOf(issue.expected)}`)]
      return [problem(path, `expected ${kindOf(issue.expected)}, got ${show(value)}`)]
    }
    case 'invalid_value': {
      const value = valueAt(input, path)
      // A message of our own says more than the list of values where the schema has one.
      const expected = issue.message.startsWith('expected')
        ? issue.message
        : `expected one of ${issue.values.join(', ')}`
      return [problem(path, value === undefined ? `is missing; ${expected}` : `${expected}, got ${show(value)}`)]
    }
    case 'too_small':
      return [problem(path, `expected at least ${issue.minimum}, got ${show(valueAt(input, path))}`)]
    case 'too_big':
      return [problem(path, `expected at most ${issue.maximum}, got ${show(valueAt(input, path))}`)]
    case 'invalid_union': {
      // Of a text or a table, a table was written: what is wrong in it says more than that it is none of the two.
      const inner = issue.errors.find((issues) => issues.every((each) => each.path.length > 0 || 'keys' in each))
      const isTable = show(valueAt(input, path)) === 'a table'
      if (isTable && inner) {
        const moved = inner.map((each) => ({ ...each, path: [...path, ...each.path] }) as z.core.$ZodIssue)
        return describeIssues(moved, input)
      }
      return [problem(path, `${issue.message}, got ${show(valueAt(input, path))}`)]
    }
    case 'invalid_format':
      return [problem(path, `${issue.message}, got ${show(valueAt(input, path))}`)]
    case 'custom': {
      const value = valueAt(input, path)
      const shown = issue.message.startsWith('expected') ? `, got ${show(value)}` : ''
      return [problem(path, `${issue.message}${shown}`)]
    }
    default:
      return [problem(path, issue.message)]
  }
}

function problem(path: readonly (string | number)[], text: string): ConfigProblem {
  // The value of a secret does not belong on a screen; a password may stand in the server's address too, where it is refused.
  const isSecret = path.at(-1) === 'password' || (path.at(-1) === 'server' && path.at(-2) === 'mqtt')
  const said = isSecret ? text.replace(/, got .*$/s, '') : text
  return { path, line: path.length === 0 ? said : `${dots(path)}: ${said}` }
}

function dots(path: readonly (string | number)[]): string {
  return path.map((key) => shownName(String(key))).join('.')
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a table of keys',
  record: 'a table of names',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value !== null && typeof value === 'object') return 'a table'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    input,
  )
}

/** The keys that the schema knows at a path, seen through optionals, defaults, records and the table of a union. */
function keysAt(path: readonly (string | number)[]): string[] {
  let schema: z.core.$ZodType | undefined = configSchema
  for (const key of path) {
    const inner: z.core.$ZodType | undefined = schema && unwrap(schema)
    if (inner instanceof z.ZodObject) schema = inner.shape[key] as z.core.$ZodType | undefined
    else if (inner instanceof z.ZodRecord) schema = inner.valueType as z.core.$ZodType
    else return []
  }
  const inner = schema && unwrap(schema)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.core.$ZodType
  }
  if (inner instanceof z.ZodUnion) return inner.options.find((option) => option instanceof z.ZodObject) ?? inner
  return inner
}
