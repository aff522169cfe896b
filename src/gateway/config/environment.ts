/** Any scalar key from the environment, in zigbee2mqtt's way: PORTWIRE_CONFIG_ and the path in capitals, joined by `_`. So a
 * password need not stand in a file, and one file does for many machines. */

import { isScalar, parseDocument } from 'yaml'
import { z } from 'zod'
import { didYouMean } from '../../contract/file/index.js'
import { PortwireError } from '../../errors.js'
import { shownName } from '../printable.js'
import { configSchema } from './schema.js'
import { isTable, isWriteOnly, mapped, type Path, type Scalar, scalarsOf } from './tree.js'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'PORTWIRE_CONFIG_'

export interface Overridden {
  /** The file's content with the environment's values in place of its own. */
  readonly value: unknown
  /** The variable that stands for a path, when it is set: what is wrong there is wrong in the variable. */
  variableOf(path: Path): string | undefined
  /** Those of the keys of a table that a problem names: the file alone does not show what is wrong. */
  variablesIn(path: Path, problem: string): readonly string[]
}

/** Devices, and items of lists, are those of the file: a variable changes one, and makes none.
 * @throws CONFIG_INVALID  a variable that stands for no key, with the nearest that does; or for two */
export function withEnvironment(written: unknown, env: Environment): Overridden {
  const given = Object.entries(env).filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined)
  if (given.length === 0 || !(isTable(written) || written === null || written === undefined)) {
    return { value: written, variableOf: () => undefined, variablesIn: () => [] }
  }
  const known = new Map<string, Scalar[]>()
  for (const scalar of scalarsOf(configSchema, written)) {
    const name = variableName(scalar.path)
    known.set(name, [...(known.get(name) ?? []), scalar])
  }
  const found = given.map(([name, text]) => {
    const [scalar, ...more] = known.get(name) ?? []
    if (!scalar) throw unknownVariable(name, [...known.keys()])
    if (more.length > 0) {
      const paths = [scalar, ...more].map(({ path }) => path.join('.'))
      throw new PortwireError('CONFIG_INVALID', `${name}: stands for ${paths.join(' and for ')}: rename a device`)
    }
    return { name, text, scalar }
  })
  // What may be a table or not goes before the keys that such a table has.
  found.sort((a, b) => a.scalar.path.length - b.scalar.path.length)
  const variables = new Map<string, string>()
  let value: unknown = mapped(written ?? {}, () => undefined)
  for (const { name, text, scalar } of found) {
    refuseBelowScalar(name, scalar.path, value, (path) => known.has(variableName(path)))
    value = withValue(value, scalar.path, readValue(text!, scalar))
    variables.set(scalar.path.join('.'), name)
  }
  return {
    value,
    variableOf: (path) => variables.get(path.join('.')),
    variablesIn(path, problem) {
      const words = problem.split(/\W+/)
      const isIn = ({ scalar }: (typeof found)[number]) =>
        scalar.path.slice(0, -1).join('.') === path.join('.') && words.includes(String(scalar.path.at(-1)))
      return found.filter(isIn).map(({ name }) => name)
    },
  }
}

/** User and password for a client that has no config file, from the same variables. */
export function brokerCredentials(env: Environment): { readonly user?: string; readonly password?: string } {
  const user = env[`${PREFIX}MQTT_USER`]
  const password = env[`${PREFIX}MQTT_PASSWORD`]
  return { ...(user !== undefined && { user }), ...(password !== undefined && { password }) }
}

/** `devices.green-house.baud` is PORTWIRE_CONFIG_DEVICES_GREEN_HOUSE_BAUD: a shell takes no `-` in a name. */
export function variableName(path: Path): string {
  return PREFIX + path.join('_').toUpperCase().replaceAll('-', '_')
}

/** As a scalar of YAML would be read, where the key takes that; else the text. A password is one as it is, whatever its letters mean
 * in YAML, and so is what YAML would warn of: its warning would quote it. */
function readValue(text: string, { schema }: Scalar): unknown {
  if (isWriteOnly(schema)) return text
  const { errors, warnings, contents } = parseDocument(text)
  if (errors.length > 0 || warnings.length > 0) return text
  if (!isScalar(contents)) return text
  const scalar = contents.value
  return typeof scalar !== 'object' && z.safeParse(schema, scalar).success ? scalar : text
}

/** Where both a value and a table may stand, and the value does, a key of the table would be ignored without a word. */
function refuseBelowScalar(name: string, path: Path, tree: unknown, mayBeScalar: (path: Path) => boolean): void {
  let value = tree
  for (const [at, key] of path.entries()) {
    if (isTable(value) || Array.isArray(value)) value = (value as Record<string | number, unknown>)[key]
    const above = path.slice(0, at + 1)
    const isScalar = value !== undefined && value !== null && typeof value !== 'object'
    if (!isScalar || above.length === path.length || !mayBeScalar(above)) continue
    const problem = `${name}: ${above.join('.')} is ${shownName(String(value))}, which has no keys`
    throw new PortwireError('CONFIG_INVALID', problem)
  }
}

function withValue(tree: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(tree)) return tree.map((item, index) => (index === key ? withValue(item, rest, value) : item))
  // A value where a table should be stays: the schema says so.
  if (!isTable(tree) && tree !== undefined && tree !== null) return tree
  return { ...(tree ?? {}), [key]: withValue((tree as Record<string, unknown> | undefined)?.[key], rest, value) }
}

function unknownVariable(name: string, known: readonly string[]): PortwireError {
  // Compared without what they share, which would make all of them near.
  const own = (variable: string) => variable.slice(PREFIX.length)
  const near = didYouMean(own(name), known.map(own)).replace('did you mean ', `did you mean ${PREFIX}`)
  const cure = `; ${PREFIX}MQTT_SERVER stands for mqtt.server, and so on for every key of the file that is no table`
  return new PortwireError('CONFIG_INVALID', `${name}: stands for no key${near || cure}`)
}
