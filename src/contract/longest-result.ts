/** How long values of a contract can be on the wire: what a line may be busy with before an answer is late. */

import type { Contract, NormalField, NormalResult } from './model.js'

/** msgpack's longest head of a number, text, bytes or array (type, and a length or number of up to 4 or 8 bytes): a peer need not
 * choose the shortest form. */
const NUMBER_BYTES = 9
const HEAD_BYTES = 5

/** Most bytes that a result takes as a msgpack value; Infinity where the contract sets no bound (`any`, a text without `maxBytes`). */
export function longestResultBytes(result: NormalResult): number {
  switch (result.kind) {
    case 'void':
      return NUMBER_BYTES
    case 'one':
      return longestFieldBytes(result.field)
    case 'record':
      return longestFieldsBytes(result.fields)
    case 'any':
      return Number.POSITIVE_INFINITY
  }
}

/** Most bytes of what the other side may be sending unasked by a call: events, requests, and what a job sends on its way. */
export function longestUnaskedBytes(contract: Pick<Contract, 'actions' | 'events' | 'requests'>): number {
  let longest = 0
  for (const { fields } of contract.events.values()) longest = Math.max(longest, longestFieldsBytes(fields))
  for (const { args } of contract.requests.values()) {
    // Its deadline stands before the arguments.
    const bytes = args.kind === 'any' ? Number.POSITIVE_INFINITY : NUMBER_BYTES + longestFieldsBytes(args.fields)
    longest = Math.max(longest, bytes)
  }
  for (const { stream, result } of contract.actions.values()) {
    if (stream.kind !== 'void') longest = Math.max(longest, longestResultBytes(stream), longestResultBytes(result))
  }
  return longest
}

function longestFieldsBytes(fields: readonly NormalField[]): number {
  return fields.reduce((sum, field) => sum + longestFieldBytes(field), HEAD_BYTES)
}

function longestFieldBytes(field: NormalField): number {
  if (field.kind === 'array')
    return HEAD_BYTES + field.maxItems * longestFieldBytes({ kind: 'scalar', name: '', type: field.array })
  switch (field.type) {
    case 'bool':
      return 1
    case 'str':
    case 'bytes':
      return HEAD_BYTES + (field.maxBytes ?? Number.POSITIVE_INFINITY)
    default:
      return NUMBER_BYTES
  }
}
