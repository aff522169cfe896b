/** Contracts from JSON or YAML files: the same data as the object that defineContract takes. */

import { readFileSync, statSync } from 'node:fs'
import { type Contract, type ContractDefinition, defineContract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { unreadable } from './file-error.js'
import { LIMITS } from './limits.js'
import { readYaml } from './yaml-text.js'

/** Reads and checks a contract.
 * @throws CONTRACT_INVALID  the file cannot be read, is neither JSON nor YAML, or is no contract; the message names file and member */
export function loadContract(path: string): Contract {
  let text: string
  try {
    if (statSync(path).size > LIMITS.contractBytes) {
      throw new PortwireError('CONTRACT_INVALID', `${path}: longer than ${LIMITS.contractBytes} bytes`)
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof PortwireError) throw error
    throw new PortwireError('CONTRACT_INVALID', `${path}: ${unreadable(error)}`, { cause: error })
  }
  return parseContract(path, text)
}

/** JSON is a subset of YAML, so one parser reads both. `path` is for messages only. */
export function parseContract(path: string, text: string): Contract {
  const yaml = readYaml(text)
  if (!yaml.ok) {
    throw new PortwireError('CONTRACT_INVALID', `${path}${yaml.at}: not YAML: ${yaml.problem}`, { cause: yaml.cause })
  }
  const definition = yaml.value
  const problem = shapeProblem(definition)
  if (problem) throw new PortwireError('CONTRACT_INVALID', `${path}: ${problem}`)
  try {
    return defineContract(definition as ContractDefinition)
  } catch (error) {
    if (!(error instanceof PortwireError)) throw error
    throw new PortwireError('CONTRACT_INVALID', `${path}: ${error.message.replace(/^CONTRACT_INVALID: /, '')}`, {
      cause: error,
    })
  }
}

/** defineContract takes its object from TypeScript, whose compiler has checked its shape; a file has had no such check. */
function shapeProblem(definition: unknown): string | undefined {
  if (!isTable(definition)) return 'a contract is a table with name, version, actions and events'
  if (typeof definition['name'] !== 'string') return 'contract.name: expected a text'
  if (typeof definition['version'] !== 'string') return "contract.version: expected a text, like '1.0' (in quotes)"
  for (const key of Object.keys(definition)) {
    if (!['name', 'version', 'actions', 'events', 'requests'].includes(key)) return `contract.${key}: unknown key`
  }
  for (const kind of ['actions', 'events', 'requests'] as const) {
    const members = definition[kind]
    if (members === undefined) continue
    if (!isTable(members)) return `contract.${kind}: expected a table of names`
    for (const [name, member] of Object.entries(members)) {
      const known: readonly string[] = MEMBER_KEYS[kind]
      if (!isTable(member)) return `contract.${kind}.${name}: expected a table (an empty one is {})`
      for (const [key, value] of Object.entries(member)) {
        if (!known.includes(key)) return `contract.${kind}.${name}.${key}: unknown key; known: ${known.join(', ')}`
        if (!FITS[key]!(value)) return `contract.${kind}.${name}.${key}: does not have the right type`
      }
    }
  }
  return undefined
}

const MEMBER_KEYS = {
  actions: ['index', 'doc', 'args', 'result', 'stream', 'idempotent'],
  events: ['index', 'doc', 'fields', 'acknowledged'],
  requests: ['index', 'doc', 'args', 'result'],
} as const

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  index: (value) => typeof value === 'number',
  doc: (value) => typeof value === 'string',
  idempotent: (value) => typeof value === 'boolean',
  acknowledged: (value) => typeof value === 'boolean',
  args: (value) => value === 'any' || isFields(value),
  fields: isFields,
  result: isResult,
  stream: isResult,
}

function isResult(value: unknown): boolean {
  return typeof value === 'string' || isFields(value) || isTable(value)
}

function isFields(value: unknown): boolean {
  return isTable(value) && Object.values(value).every((field) => typeof field === 'string' || isTable(field))
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
