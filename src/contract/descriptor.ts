/** The descriptor: the part of a contract that both sides must share, as bytes, and its hash.
 * Docs, units and ranges are not in it: changing them does not break the wire. */

import type { Action, Contract, NormalField, NormalResult } from './model.js'

/** FNV-1a, 32 bits. Source: draft-eastlake-fnv, section 2 (offset basis 2166136261, prime 16777619). */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** One line a member, in the order of the indexes, in UTF-8:
 * `greenhouse` / `0 action setVent(open:f32)->f32` / `9 event reading(celsius:f32,humidity:f32)` / `10 event! alarm(...)`. */
export function descriptorOf(contract: Pick<Contract, 'name' | 'actions' | 'events' | 'requests'>): Uint8Array {
  const rows: { index: number; text: string }[] = []
  for (const a of contract.actions.values()) {
    rows.push({ index: a.index, text: `action ${signature(a)}` })
  }
  for (const e of contract.events.values()) {
    rows.push({ index: e.index, text: `event${e.acknowledged ? '!' : ''} ${e.name}(${fieldsText(e.fields)})` })
  }
  for (const r of contract.requests.values()) {
    rows.push({ index: r.index, text: `request ${signature(r)}` })
  }
  rows.sort((a, b) => a.index - b.index)
  const lines = [contract.name, ...rows.map((row) => `${row.index} ${row.text}`)]
  return new TextEncoder().encode(`${lines.join('\n')}\n`)
}

/** `calibrate(probe:u8)->f32 stream (step:u8,of:u8)` */
function signature(a: Action): string {
  const args = a.args.kind === 'any' ? 'any' : fieldsText(a.args.fields)
  const stream = a.stream.kind === 'void' ? '' : ` stream ${resultText(a.stream)}`
  return `${a.name}(${args})->${resultText(a.result)}${stream}`
}

function fieldsText(fields: readonly NormalField[]): string {
  return fields.map((f) => `${f.name}:${typeText(f)}`).join(',')
}

function resultText(result: NormalResult): string {
  switch (result.kind) {
    case 'void':
      return 'void'
    case 'one':
      return typeText(result.field)
    case 'record':
      return `(${fieldsText(result.fields)})`
    case 'any':
      return 'any'
  }
}

function typeText(field: NormalField): string {
  if (field.kind === 'array') return `${field.array}[${field.maxItems}]`
  return field.maxBytes === undefined ? field.type : `${field.type}(${field.maxBytes})`
}
