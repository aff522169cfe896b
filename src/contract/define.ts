/** defineContract: checks a contract, gives every action, event and request its index, and hashes what both sides must share. */

import { PortwireError } from '../errors.js'
import { FIRST_PROTOCOL_ACTION } from '../wire/index.js'
import { descriptorOf, hashOf } from './descriptor.js'
import type { Action, Contract, Event, NormalField, NormalResult } from './model.js'
import type { ContractDefinition, Field, Fields, ScalarType } from './types.js'

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
const CONTRACT_NAME = /^[A-Za-z0-9_-]{1,64}$/
const SCALARS: ReadonlySet<string> = new Set<ScalarType>([
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  'i8',
  'i16',
  'i32',
  'i64',
  'f32',
  'f64',
  'str',
  'bytes',
])

/** Checks `definition` and returns the contract that `open` takes.
 * Indexes: actions, then events, then requests, in the order listed, from 0; an `index` that is given is kept and
 * the next one counts on from it. 0 to 239 are there to give.
 * @throws CONTRACT_INVALID  naming the member and what is wrong with it */
export function defineContract<const C extends ContractDefinition>(definition: C): Contract<C> {
  if (!CONTRACT_NAME.test(definition.name)) {
    throw invalid('name', `"${definition.name}" does not match [A-Za-z0-9_-]{1,64}`)
  }
  if (typeof definition.version !== 'string' || !/^[!-~]{1,16}$/.test(definition.version)) {
    throw invalid('version', `${JSON.stringify(definition.version)} is not 1 to 16 printable characters, like '1.0'`)
  }
  const byIndex = new Map<number, { kind: 'action' | 'event' | 'request'; name: string }>()
  let next = 0
  const take = (kind: 'action' | 'event' | 'request', name: string, given: number | undefined): number => {
    const path = `${kind}s.${name}`
    if (!NAME.test(name))
      throw invalid(path, 'a name begins with a letter and has letters, digits and _ only, at most 64')
    const index = given ?? next
    if (!Number.isInteger(index) || index < 0 || index >= FIRST_PROTOCOL_ACTION) {
      throw invalid(
        path,
        `index ${index} is not in 0 to ${FIRST_PROTOCOL_ACTION - 1} (240 to 255 are the protocol's own)`,
      )
    }
    const holder = byIndex.get(index)
    if (holder) throw invalid(path, `index ${index} is already that of ${holder.kind} ${holder.name}`)
    byIndex.set(index, { kind, name })
    next = index + 1
    return index
  }

  const actions = new Map<string, Action>()
  for (const [name, a] of Object.entries(definition.actions ?? {})) {
    actions.set(name, normalAction(`actions.${name}`, name, take('action', name, a.index), a))
  }
  const events = new Map<string, Event>()
  for (const [name, e] of Object.entries(definition.events ?? {})) {
    events.set(name, {
      name,
      index: take('event', name, e.index),
      doc: e.doc ?? '',
      fields: normalFields(`events.${name}.fields`, e.fields),
      acknowledged: e.acknowledged ?? false,
    })
  }
  const requests = new Map<string, Action>()
  for (const [name, r] of Object.entries(definition.requests ?? {})) {
    requests.set(name, normalAction(`requests.${name}`, name, take('request', name, r.index), r))
  }
  const contract = {
    definition,
    name: definition.name,
    version: definition.version,
    actions,
    events,
    requests,
    byIndex,
  }
  return { ...contract, hash: hashOf(descriptorOf(contract)) }
}

interface ActionLike {
  readonly doc?: string
  readonly args?: Fields
  readonly result?: Field | Fields
  readonly idempotent?: boolean
}

function normalAction(path: string, name: string, index: number, a: ActionLike): Action {
  return {
    name,
    index,
    doc: a.doc ?? '',
    args: normalFields(`${path}.args`, a.args),
    result: normalResult(`${path}.result`, a.result),
    idempotent: a.idempotent ?? false,
  }
}

function normalFields(path: string, fields: Fields | undefined): readonly NormalField[] {
  return Object.entries(fields ?? {}).map(([name, field]) => {
    if (!NAME.test(name))
      throw invalid(`${path}.${name}`, 'a name begins with a letter and has letters, digits and _ only')
    return normalField(`${path}.${name}`, name, field)
  })
}

function normalResult(path: string, result: Field | Fields | undefined): NormalResult {
  if (result === undefined) return { kind: 'void' }
  if (isField(result)) return { kind: 'one', field: normalField(path, 'result', result) }
  return { kind: 'record', fields: normalFields(path, result) }
}

function isField(value: Field | Fields): value is Field {
  if (typeof value === 'string') return true
  const { type, array } = value as { type?: unknown; array?: unknown }
  return (typeof type === 'string' && SCALARS.has(type)) || (typeof array === 'string' && SCALARS.has(array))
}

function normalField(path: string, name: string, field: Field): NormalField {
  const full = typeof field === 'string' ? { type: field } : field
  if ('array' in full) {
    if (!SCALARS.has(full.array)) throw invalid(path, unknownType(full.array))
    if (!Number.isInteger(full.maxItems) || full.maxItems < 1)
      throw invalid(path, 'an array needs maxItems, a whole number from 1')
    return { ...full, kind: 'array', name }
  }
  if (!SCALARS.has(full.type)) throw invalid(path, unknownType(full.type))
  if (full.min !== undefined && full.max !== undefined && full.min > full.max) throw invalid(path, 'min is above max')
  return { ...full, kind: 'scalar', name }
}

function unknownType(type: unknown): string {
  return `type ${JSON.stringify(type)} is not one of ${[...SCALARS].join(', ')}`
}

function invalid(path: string, problem: string): PortwireError {
  return new PortwireError('CONTRACT_INVALID', `contract.${path}: ${problem}`)
}
