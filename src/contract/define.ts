/** defineContract: checks a contract, gives every action, event and request its index, and hashes what both sides must share. */

import { PortwireError } from '../errors.js'
import { FIRST_PROTOCOL_ACTION } from '../wire/index.js'
import { descriptorOf, hashOf } from './descriptor.js'
import { actionEntityProblem, type EntityProblem, fieldEntityProblem } from './entity.js'
import { entityLinkProblem } from './entity-links.js'
import { CONTRACT_LIMITS } from './limits.js'
import type { Action, Contract, Event, NormalField, NormalResult } from './model.js'
import { SCALAR_TYPE_NAMES, SCALAR_TYPES } from './scalar-types.js'
import type { AnyValue, ContractDefinition, Field, Fields } from './types.js'

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
const CONTRACT_NAME = /^[A-Za-z0-9_-]{1,64}$/
/** What the action byte of `protocol: 'action'` can say. */
const ACTION_INDEXES = 256
const NUMBERS = /^[uif]\d+$/

/** Checks `definition` and returns the contract that `open` takes.
 * Indexes: actions, then events, then requests, in the order listed, from 0; an `index` that is given is kept and
 * the next one counts on from it. 0 to 239 are there to give, with `protocol: 'action'` 0 to 255.
 * @throws CONTRACT_INVALID  a ContractProblem, naming the member and what is wrong with it */
export function defineContract<const C extends ContractDefinition>(definition: C): Contract<C> {
  if (typeof definition !== 'object' || definition === null) throw invalid('', 'a contract is an object')
  checkKeys('', definition, ['name', 'version', 'protocol', 'actions', 'events', 'requests'])
  if (typeof definition.name !== 'string' || !CONTRACT_NAME.test(definition.name)) {
    throw invalid('name', `"${definition.name}" does not match [A-Za-z0-9_-]{1,64}`)
  }
  if (typeof definition.version !== 'string' || !/^[!-~]{1,16}$/.test(definition.version)) {
    throw invalid('version', `${JSON.stringify(definition.version)} is not 1 to 16 printable characters, like '1.0'`)
  }
  const { protocol = 'portwire' } = definition
  if (protocol !== 'portwire' && protocol !== 'action') {
    throw invalid('protocol', `${JSON.stringify(protocol)} is not 'portwire' or 'action'`)
  }
  if (protocol === 'action' && (definition.events ?? definition.requests)) {
    throw invalid('protocol', "events and requests do not go with 'action', which has answers only")
  }
  const indexes = protocol === 'action' ? ACTION_INDEXES : FIRST_PROTOCOL_ACTION
  const byIndex = new Map<number, { kind: 'action' | 'event' | 'request'; name: string }>()
  let next = 0
  const take = (kind: 'action' | 'event' | 'request', name: string, given: number | undefined): number => {
    const path = `${kind}s.${name}`
    if (!NAME.test(name))
      throw invalid(path, 'a name begins with a letter and has letters, digits and _ only, at most 64')
    const index = given === undefined ? next : given
    if (!Number.isInteger(index) || index < 0 || index >= indexes) {
      const why = protocol === 'action' ? 'an action is one byte' : "240 to 255 are the protocol's own"
      throw invalid(path, `index ${index} is not in 0 to ${indexes - 1} (${why})`)
    }
    const holder = byIndex.get(index)
    if (holder) throw invalid(path, `index ${index} is already that of ${holder.kind} ${holder.name}`)
    byIndex.set(index, { kind, name })
    next = index + 1
    return index
  }

  const actions = new Map<string, Action>()
  for (const [name, a] of members('actions', definition.actions)) {
    checkKeys(`actions.${name}`, a, ['index', 'doc', 'args', 'result', 'stream', 'idempotent', 'entity'])
    checkText(`actions.${name}.doc`, a.doc)
    checkFlag(`actions.${name}.idempotent`, a.idempotent)
    const normal = normalAction(`actions.${name}`, name, take('action', name, a.index), a)
    if (a.entity !== undefined) {
      const problem = actionEntityProblem(a.entity, normal.args.kind === 'any' ? 'any' : normal.args.fields)
      if (problem) throw entityInvalid(`actions.${name}.entity`, problem)
    }
    actions.set(name, a.entity === undefined ? normal : { ...normal, entity: a.entity })
  }
  const events = new Map<string, Event>()
  for (const [name, e] of members('events', definition.events)) {
    checkKeys(`events.${name}`, e, ['index', 'doc', 'fields', 'acknowledged'])
    checkText(`events.${name}.doc`, e.doc)
    checkFlag(`events.${name}.acknowledged`, e.acknowledged)
    events.set(name, {
      name,
      index: take('event', name, e.index),
      doc: e.doc ?? '',
      fields: normalFields(`events.${name}.fields`, e.fields, true),
      acknowledged: e.acknowledged ?? false,
    })
  }
  const requests = new Map<string, Action>()
  for (const [name, r] of members('requests', definition.requests)) {
    checkKeys(`requests.${name}`, r, ['index', 'doc', 'args', 'result'])
    checkText(`requests.${name}.doc`, r.doc)
    requests.set(name, normalAction(`requests.${name}`, name, take('request', name, r.index), r))
  }
  const link = entityLinkProblem({ actions, events })
  if (link) throw entityInvalid(link.path, link)
  const contract = {
    definition,
    name: definition.name,
    version: definition.version,
    protocol,
    actions,
    events,
    requests,
    byIndex,
  }
  return { ...contract, hash: hashOf(descriptorOf(contract)) }
}

function members<M extends object>(path: string, table: { readonly [name: string]: M } | undefined): [string, M][] {
  if (table === undefined) return []
  if (!isTable(table)) throw invalid(path, 'a table of named members is expected')
  for (const [name, member] of Object.entries(table)) {
    if (!isTable(member)) throw invalid(`${path}.${name}`, 'a table is expected (an empty one is {})')
  }
  return Object.entries(table)
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkText(path: string, text: unknown): void {
  if (text !== undefined && typeof text !== 'string') throw invalid(path, 'a text is expected')
}

/** Else 'no' would be yes. */
function checkFlag(path: string, flag: unknown): void {
  if (flag !== undefined && typeof flag !== 'boolean') throw invalid(path, 'true or false is expected')
}

/** A misspelt key would be left out in silence. */
function checkKeys(path: string, table: object, known: readonly string[]): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue
    throw invalid(path === '' ? key : `${path}.${key}`, `not a key here; known: ${known.join(', ')}`)
  }
}

interface ActionLike {
  readonly doc?: string
  readonly args?: Fields | AnyValue
  readonly result?: Field | Fields | AnyValue
  readonly stream?: Field | Fields | AnyValue
  readonly idempotent?: boolean
}

function normalAction(path: string, name: string, index: number, a: ActionLike): Action {
  return {
    name,
    index,
    doc: a.doc ?? '',
    args: a.args === 'any' ? { kind: 'any' } : { kind: 'fields', fields: normalFields(`${path}.args`, a.args) },
    result: normalResult(`${path}.result`, a.result),
    stream: normalResult(`${path}.stream`, a.stream),
    idempotent: a.idempotent ?? false,
  }
}

/** @param ofEvent  these may have entity data */
function normalFields(path: string, fields: Fields | undefined, ofEvent = false): readonly NormalField[] {
  if (fields === undefined) return []
  if (!isTable(fields)) throw invalid(path, 'a table of named fields is expected')
  const entries = Object.entries(fields)
  // They travel as one array.
  if (entries.length > CONTRACT_LIMITS.items) {
    throw invalid(path, `at most ${CONTRACT_LIMITS.items} fields, got ${entries.length}`)
  }
  return entries.map(([name, field]) => {
    if (!NAME.test(name))
      throw invalid(`${path}.${name}`, 'a name begins with a letter and has letters, digits and _ only')
    return normalField(`${path}.${name}`, name, field, ofEvent)
  })
}

function normalResult(path: string, result: Field | Fields | AnyValue | undefined): NormalResult {
  if (result === undefined) return { kind: 'void' }
  if (result === 'any') return { kind: 'any' }
  if (typeof result !== 'string' && !isTable(result))
    throw invalid(path, 'a type, or a table of named fields, is expected')
  if (isField(result)) return { kind: 'one', field: normalField(path, 'result', result) }
  return { kind: 'record', fields: normalFields(path, result) }
}

function isField(value: Field | Fields): value is Field {
  if (typeof value === 'string') return true
  const { type, array } = value as { type?: unknown; array?: unknown }
  return (typeof type === 'string' && SCALAR_TYPES.has(type)) || (typeof array === 'string' && SCALAR_TYPES.has(array))
}

function normalField(path: string, name: string, field: Field, ofEvent = false): NormalField {
  const full = typeof field === 'string' ? { type: field } : field
  if (!isTable(full as unknown)) throw invalid(path, 'a type is expected')
  checkText(`${path}.unit`, full.unit)
  checkText(`${path}.doc`, full.doc)
  if ('array' in full) {
    checkKeys(path, full, ['array', 'maxItems', 'unit', 'doc'])
    if (!SCALAR_TYPES.has(full.array)) throw invalid(path, unknownType(full.array))
    if (!Number.isInteger(full.maxItems) || full.maxItems < 1 || full.maxItems > CONTRACT_LIMITS.items) {
      throw invalid(path, `an array needs maxItems, a whole number from 1 to ${CONTRACT_LIMITS.items}`)
    }
    return { ...full, kind: 'array', name }
  }
  checkKeys(path, full, ['type', 'unit', 'doc', 'min', 'max', 'maxBytes', ...(ofEvent ? ['entity'] : [])])
  const { maxBytes } = full
  if (
    maxBytes !== undefined &&
    (!Number.isInteger(maxBytes) || maxBytes < 0 || maxBytes > CONTRACT_LIMITS.valueBytes)
  ) {
    throw invalid(path, `maxBytes is a whole number from 0 to ${CONTRACT_LIMITS.valueBytes}`)
  }
  if (!SCALAR_TYPES.has(full.type)) throw invalid(path, unknownType(full.type))
  if (maxBytes !== undefined && full.type !== 'str' && full.type !== 'bytes') {
    throw invalid(path, `maxBytes is for str and bytes, not for ${full.type}`)
  }
  for (const end of ['min', 'max'] as const) {
    if (full[end] === undefined) continue
    if (!NUMBERS.test(full.type)) throw invalid(path, `${end} is for numbers, not for ${full.type}`)
    if (typeof full[end] !== 'number' || Number.isNaN(full[end])) throw invalid(path, `${end} is a number`)
  }
  if (full.min !== undefined && full.max !== undefined && full.min > full.max) throw invalid(path, 'min is above max')
  if (full.entity !== undefined && full.entity !== false) {
    const problem = fieldEntityProblem(full.entity, full.type)
    if (problem) throw entityInvalid(`${path}.entity`, problem)
  }
  return { ...full, kind: 'scalar', name }
}

function entityInvalid(path: string, { key, problem }: EntityProblem): ContractProblem {
  return invalid(key === '' ? path : `${path}.${key}`, problem)
}

function unknownType(type: unknown): string {
  return `type ${JSON.stringify(type)} is not one of ${SCALAR_TYPE_NAMES.join(', ')}`
}

/** What defineContract throws: CONTRACT_INVALID, with the place for who has a file to show it in. */
export class ContractProblem extends PortwireError {
  /** In dots, like `actions.setVent.args.open`; empty: the whole. */
  readonly path: string
  readonly problem: string

  constructor(path: string, problem: string) {
    super('CONTRACT_INVALID', `contract${path === '' ? '' : `.${path}`}: ${problem}`)
    this.path = path
    this.problem = problem
  }
}

function invalid(path: string, problem: string): ContractProblem {
  return new ContractProblem(path, problem)
}
