/** The arguments of an action as they are typed: `open=0.4 name=attic`, or one JSON object. */

import type { NormalField } from '../contract/index.js'
import { argsFromJson } from '../gateway/payload.js'
import { usageError } from './exit-code.js'

/** What goes into a command's JSON. The types of the contract decide how a word is read: `5` is a text where a text is asked for.
 * @throws USAGE  a word that is neither name=value nor JSON, or a name that is given twice */
export function argumentsFromWords(
  words: readonly string[],
  fields: readonly NormalField[],
): Readonly<Record<string, unknown>> {
  if (words.length === 1 && words[0]!.trimStart().startsWith('{')) return objectFromJson(words[0]!)
  const seen = new Set<string>()
  const byName = new Map(fields.map((field) => [field.name, field]))
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      if (at < 1) {
        const names = fields.map((field) => `${field.name}=…`).join(' ') || 'none'
        throw usageError(
          `"${word}" is no argument: write name=value, or all of them as JSON; this action takes: ${names}`,
        )
      }
      const name = word.slice(0, at)
      if (seen.has(name)) throw usageError(`${name} is given twice; give each argument once`)
      seen.add(name)
      return [name, valueFromWord(word.slice(at + 1), byName.get(name))]
    }),
  )
}

/** The same as values for Port.call. */
export function portArguments(json: Readonly<Record<string, unknown>>, fields: readonly NormalField[]) {
  return argsFromJson(fields, json as Record<string, unknown>)
}

const TEXT_TYPES: ReadonlySet<string> = new Set(['str', 'bytes', 'u64', 'i64'])

function valueFromWord(word: string, field: NormalField | undefined): unknown {
  if (field?.kind === 'scalar' && TEXT_TYPES.has(field.type)) return word
  if (field?.kind === 'scalar' && field.type === 'bool') {
    if (/^(true|on|1)$/i.test(word)) return true
    if (/^(false|off|0)$/i.test(word)) return false
  }
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}

function objectFromJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw usageError(`the arguments are not JSON: ${(error as Error).message}`)
  }
}
