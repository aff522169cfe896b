/** `!secret name` in the config: the value stands in a file of its own, which its owner alone may read. It is taken only by keys
 * that are never shown, so that it cannot end up in a topic, a log line or the arguments of a program. */

import type { ScalarTag } from 'yaml'
import { didYouMean, readYaml } from '../../contract/file/index.js'
import { PortwireError } from '../../errors.js'
import { shownName } from '../printable.js'
import { configSchema } from './schema.js'
import { readSecretText } from './text-file.js'
import { isSecret, isTable, mapped, type Path, schemaAt, secretKeys } from './tree.js'

/** Stands in the config where the value will be. */
export class SecretReference {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export const SECRET_TAG: ScalarTag = { tag: '!secret', resolve: (name) => new SecretReference(name.trim()) }

export interface SecretProblem {
  readonly path: Path
  readonly problem: string
}

/** Puts the values in. The file is read only when the config refers to it.
 * @param file  path of the secrets
 * @throws CONFIG_INVALID  of the secrets file, which is never quoted
 * @returns the first reference that cannot be followed, with its path; or the whole */
export function withSecrets(written: unknown, file: string): { readonly value: unknown } | SecretProblem {
  let secrets: ReadonlyMap<string, unknown> | undefined
  let problem: SecretProblem | undefined
  const value = mapped(written, (item, path) => {
    if (!(item instanceof SecretReference)) return undefined
    // A key that is spelled wrong: the schema says so.
    if (schemaAt(configSchema, path) === undefined) return item
    if (!isSecret(configSchema, path)) {
      const takers = secretKeys(configSchema).join(' and ')
      problem ??= { path, problem: `the value of this key is shown; !secret is for ${takers}` }
      return item
    }
    secrets ??= readSecrets(file, path.join('.'))
    const secret = secrets.get(item.name)
    if (secret === undefined) {
      const near = didYouMean(item.name, secrets.keys())
      problem ??= { path, problem: `${file} has no secret called ${shownName(item.name) || '(nothing)'}${near}` }
    } else if (typeof secret !== 'string') {
      problem ??= { path, problem: `expected a text for ${shownName(item.name)} in ${file}; put it in quotes` }
    }
    return secret ?? item
  })
  return problem ?? { value }
}

/** The config as it may be shown: nothing of what only the broker may know. */
export function withoutSecrets(written: unknown): unknown {
  return mapped(written, (item, path) =>
    item !== undefined && isSecret(configSchema, path)
      ? REMOVED
      : item instanceof SecretReference
        ? REMOVED
        : undefined,
  )
}

export const REMOVED = '(removed)'

/** By name; a secret in a table is called by both, in dots: `mqtt.password`. */
function readSecrets(file: string, key: string): ReadonlyMap<string, unknown> {
  const yaml = readYaml(readSecretText(file, key))
  // Neither the parser's text nor the error is handed on: they quote the file.
  if (!yaml.ok) throw new PortwireError('CONFIG_INVALID', `${file}${yaml.at}: not YAML`)
  if (!isTable(yaml.value ?? {}))
    throw new PortwireError('CONFIG_INVALID', `${file}: expected name: value on each line`)
  const secrets = new Map<string, unknown>()
  const collect = (table: Record<string, unknown>, prefix: string) => {
    for (const [name, value] of Object.entries(table)) {
      if (isTable(value)) collect(value, `${prefix}${name}.`)
      else secrets.set(prefix + name, value)
    }
  }
  collect((yaml.value ?? {}) as Record<string, unknown>, '')
  return secrets
}
