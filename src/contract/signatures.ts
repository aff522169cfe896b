/** A contract for a person: a line a member, as the descriptor has it, with units, ranges and docs where they are known. */

import type { Action, Contract, Event, NormalField, NormalResult } from './model.js'

/** `greenhouse 1, hash 5f3a91c2`, then `action setVent(open: f32 0..1) -> f32  # docs` and so on: actions, events, requests. */
export function contractLines(contract: Contract): string[] {
  const { name, version, hash } = contract
  return [
    `${name} ${version}, hash ${hash.toString(16).padStart(8, '0')}`,
    ...[...contract.actions.values()].map((a) => line('action', signature(a), a)),
    ...[...contract.events.values()].map((e) =>
      line(e.acknowledged ? 'event!' : 'event', `${e.name}${fields(e.fields)}`, e),
    ),
    ...[...contract.requests.values()].map((r) => line('request', signature(r), r)),
  ]
}

function line(kind: string, text: string, { doc }: Action | Event): string {
  return `${kind} ${text}${doc === '' ? '' : `  # ${doc}`}`
}

function signature(action: Action): string {
  const args = action.args.kind === 'any' ? '(any)' : fields(action.args.fields)
  const result = action.result.kind === 'void' ? '' : ` -> ${resultText(action.result)}`
  const stream = action.stream.kind === 'void' ? '' : ` stream ${resultText(action.stream)}`
  return `${action.name}${args}${result}${stream}`
}

function fields(list: readonly NormalField[]): string {
  return `(${list.map((field) => `${field.name}: ${typeText(field)}`).join(', ')})`
}

function resultText(result: NormalResult): string {
  if (result.kind === 'one') return typeText(result.field)
  return result.kind === 'record' ? fields(result.fields) : result.kind
}

function typeText(field: NormalField): string {
  const unit = field.unit === undefined ? '' : ` ${field.unit}`
  if (field.kind === 'array') return `${field.array}[${field.maxItems}]${unit}`
  const { type, min, max, maxBytes } = field
  const range = min === undefined && max === undefined ? '' : ` ${min ?? ''}..${max ?? ''}`
  return `${type}${maxBytes === undefined ? '' : `(${maxBytes})`}${range}${unit}`
}
