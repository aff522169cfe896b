/** What is wrong with a config, as one line: where, what, and the nearest spelling. */

import type { z } from 'zod'
import { didYouMean } from '../../contract/file/index.js'
import { shownName } from '../printable.js'
import { configSchema } from './schema.js'
import { isSecret, keysAt, type Path } from './tree.js'

export interface ConfigProblem {
  readonly path: Path
  /** Begins with the path in dots. */
  readonly line: string
}

/** The keys in dots. */
export function dots(path: Path): string {
  return path.map((key) => shownName(String(key))).join('.')
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
      const known = keysAt(configSchema, path)
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
      const expected = issue.message.startsWith('expected') ? issue.message : `expected ${kindOf(issue.expected)}`
      return [problem(path, value === undefined ? `is missing; ${expected}` : `${expected}, got ${show(value)}`)]
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
      return [problem(path, `expected at least ${issue.minimum}${OF[issue.origin] ?? ''}, got ${size(input, path)}`)]
    case 'too_big':
      return [problem(path, `expected at most ${issue.maximum}${OF[issue.origin] ?? ''}, got ${size(input, path)}`)]
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

function problem(path: Path, text: string): ConfigProblem {
  // The value of a secret does not belong on a screen; a password may stand in an address too, where it is refused.
  const isServer = path.at(-2) === 'mqtt' && path.at(-1) === 'server'
  const isUrl = path.at(-1) === 'websocket'
  const said = isServer || isUrl || isSecret(configSchema, path) ? text.replace(/, got .*$/s, '') : text
  return { path, line: path.length === 0 ? said : `${dots(path)}: ${said}` }
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

/** What the bound of a list or a text counts. */
const OF: Readonly<Record<string, string>> = { array: ' in the list', string: ' letter' }

function size(input: unknown, path: Path): string {
  const value = valueAt(input, path)
  return Array.isArray(value) ? String(value.length) : show(value)
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

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    input,
  )
}
