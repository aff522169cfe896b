/** From the descriptor that a device tells to the contract that it was written from. The text comes from a stranger: it is read
 * strictly, and what descriptorOf would not have written is refused. */

import { PortwireError } from '../errors.js'
import { FIRST_PROTOCOL_ACTION } from '../wire/index.js'
import { defineContract } from './define.js'
import { CONTRACT_LIMITS } from './limits.js'
import type { Contract } from './model.js'
import { SCALAR_TYPES } from './scalar-types.js'
import type {
  ActionDefinition,
  AnyValue,
  ContractDefinition,
  EventDefinition,
  Field,
  Fields,
  RequestDefinition,
  ScalarType,
} from './types.js'

/** Where a descriptor does not say it: docs, units, ranges and `idempotent` are not in it either. */
const UNKNOWN_VERSION = '0'
const VERSION = new RegExp(`^[!-~]{1,${CONTRACT_LIMITS.versionChars}}$`)

/** Reads a descriptor (docs/protocol.md, section 20). Its hash is that of the bytes: `descriptorOf` of the result gives them back.
 * @param version  as the device's hello has it
 * @throws CONTRACT_INVALID  naming the line and what was expected there; nothing else is ever thrown */
export function parseDescriptor(bytes: Uint8Array, version?: string): Contract {
  if (bytes.length > CONTRACT_LIMITS.descriptorBytes) {
    throw invalid(0, `longer than ${CONTRACT_LIMITS.descriptorBytes} bytes`)
  }
  const [name, ...members] = linesOf(bytes)
  if (name === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw invalid(1, 'the name of a contract is expected')
  const tables = {
    action: new Map<string, ActionDefinition>(),
    event: new Map<string, EventDefinition>(),
    request: new Map<string, RequestDefinition>(),
  }
  let last = -1
  for (const [at, line] of members.entries()) {
    const { kind, name, index, definition } = memberOf(createCursor(line, at + 2))
    if (index <= last) throw invalid(at + 2, `index ${index} does not follow ${last}`)
    last = index
    if (tables[kind].has(name)) throw invalid(at + 2, `${kind} ${name} is there twice`)
    tables[kind].set(name, { index, ...definition } as never)
  }
  const definition: ContractDefinition = {
    name,
    version: version !== undefined && VERSION.test(version) ? version : UNKNOWN_VERSION,
    ...(tables.action.size > 0 && { actions: Object.fromEntries(tables.action) }),
    ...(tables.event.size > 0 && { events: Object.fromEntries(tables.event) }),
    ...(tables.request.size > 0 && { requests: Object.fromEntries(tables.request) }),
  }
  return defineContract(withoutPlainIndexes(definition))
}

/** @throws CONTRACT_INVALID  not UTF-8, or the last line has no end */
function linesOf(bytes: Uint8Array): string[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid(0, 'not UTF-8')
  }
  const lines = text.split('\n')
  if (lines.pop() !== '') throw invalid(lines.length + 1, 'the line has no end')
  return lines
}

interface Member {
  readonly kind: 'action' | 'event' | 'request'
  readonly name: string
  readonly index: number
  readonly definition: object
}

/** `1 action read(probe:u8)->(celsius:f32,humidity:f32) stream u8` */
function memberOf(cursor: Cursor): Member {
  const index = cursor.number(FIRST_PROTOCOL_ACTION - 1)
  cursor.expect(' ')
  const word = cursor.match(/(action|event!|event|request) /y, 'action, event, event! or request').trimEnd()
  const name = cursor.name()
  if (word === 'event' || word === 'event!') {
    const fields = fieldsIn(cursor)
    cursor.end()
    const definition = { ...(hasSome(fields) && { fields }), ...(word === 'event!' && { acknowledged: true }) }
    return { kind: 'event', name, index, definition }
  }
  const kind = word as 'action' | 'request'
  const args = cursor.takes('(any)') ? 'any' : fieldsIn(cursor)
  cursor.expect('->')
  const result = resultIn(cursor)
  const stream = kind === 'action' && cursor.takes(' stream ') ? resultIn(cursor) : undefined
  if (stream?.value === undefined && stream) throw cursor.invalid('what the stream sends')
  cursor.end()
  const definition = {
    ...((args === 'any' || hasSome(args)) && { args }),
    ...(result.value !== undefined && { result: result.value }),
    ...(stream && { stream: stream.value }),
  }
  return { kind, name, index, definition }
}

function hasSome(fields: Fields): boolean {
  return Object.keys(fields).length > 0
}

/** `(celsius:f32,humidity:f32)` */
function fieldsIn(cursor: Cursor): Fields {
  cursor.expect('(')
  const fields = new Map<string, Field>()
  if (cursor.takes(')')) return {}
  do {
    const name = cursor.name()
    if (fields.has(name)) throw cursor.invalid(`another name than ${name}, which is there already`)
    cursor.expect(':')
    fields.set(name, typeIn(cursor))
  } while (cursor.takes(','))
  cursor.expect(')')
  return Object.fromEntries(fields)
}

/** `void`, `any`, a type, or fields. */
function resultIn(cursor: Cursor): { readonly value: Field | Fields | AnyValue | undefined } {
  if (cursor.takes('void')) return { value: undefined }
  if (cursor.takes('any')) return { value: 'any' }
  if (!cursor.sees('(')) return { value: typeIn(cursor) }
  return { value: asRecord(fieldsIn(cursor)) }
}

/** A record with a member called `type` or `array` must not look like a field of that type. */
function asRecord(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const isShort = typeof field === 'string' && (name === 'type' || name === 'array')
      return [name, isShort ? { type: field } : field]
    }),
  )
}

/** `f32`, `str(40)`, `f32[8]` */
function typeIn(cursor: Cursor): Field {
  const type = cursor.match(/[a-z]+\d*/y, 'a type') as ScalarType
  if (!SCALAR_TYPES.has(type)) throw cursor.invalid(`a type, not ${type}`)
  if (cursor.takes('[')) {
    const maxItems = cursor.number(CONTRACT_LIMITS.items)
    cursor.expect(']')
    return { array: type, maxItems }
  }
  if (!cursor.takes('(')) return type
  const maxBytes = cursor.number(CONTRACT_LIMITS.valueBytes)
  cursor.expect(')')
  return { type, maxBytes }
}

type Cursor = ReturnType<typeof createCursor>

function createCursor(line: string, lineNumber: number) {
  let at = 0
  const problem = (expected: string) => {
    const rest = line.slice(at, at + 20)
    return invalid(
      lineNumber,
      `expected ${expected} at column ${at + 1}, got ${rest ? JSON.stringify(rest) : 'its end'}`,
    )
  }
  const match = (pattern: RegExp, expected: string): string => {
    pattern.lastIndex = at
    const found = pattern.exec(line)?.[0]
    if (found === undefined) throw problem(expected)
    at += found.length
    return found
  }
  const sees = (text: string) => line.startsWith(text, at)
  const takes = (text: string): boolean => {
    if (!sees(text)) return false
    at += text.length
    return true
  }
  return {
    match,
    sees,
    takes,
    expect(text: string) {
      if (!takes(text)) throw problem(JSON.stringify(text))
    },
    name: () => match(/[A-Za-z][A-Za-z0-9_]{0,63}(?![A-Za-z0-9_])/y, 'a name of at most 64 characters'),
    /** Written in the one way that there is. */
    number(largest: number): number {
      const value = Number(match(/(0|[1-9]\d{0,5})(?!\d)/y, `a number from 0 to ${largest}`))
      if (value > largest) throw problem(`a number from 0 to ${largest} before this`)
      return value
    },
    end() {
      if (at < line.length) throw problem('the end of the line')
    },
    invalid: problem,
  }
}

/** The same contract with the indexes left out that follow from the order. */
export function withoutPlainIndexes(definition: ContractDefinition): ContractDefinition {
  let next = 0
  const plain = <M extends { readonly index?: number }>(table: { readonly [name: string]: M } | undefined) => {
    if (table === undefined) return undefined
    const members = Object.entries(table).map(([name, member]) => {
      const { index = next, ...rest } = member
      const isPlain = index === next
      next = index + 1
      return [name, isPlain ? rest : { index, ...rest }] as const
    })
    return Object.fromEntries(members) as { readonly [name: string]: M }
  }
  const [actions, events, requests] = [plain(definition.actions), plain(definition.events), plain(definition.requests)]
  return {
    ...definition,
    ...(actions && { actions }),
    ...(events && { events }),
    ...(requests && { requests }),
  }
}

function invalid(line: number, problem: string): PortwireError {
  return new PortwireError('CONTRACT_INVALID', `descriptor${line > 0 ? `, line ${line}` : ''}: ${problem}`)
}
