/** The JSON of events, put together from pieces that are made once for each kind of event, and the state merged from them. */

import type { Event } from '../../contract/index.js'
import type { IdMember } from '../mqtt/publication.js'
import type { HistoricalMember } from '../outbox/historical.js'
import { fieldToJson, hasNotFinite } from '../payload.js'

export interface EventJson {
  /** Takes the values of an event into the merged state. @returns the payload of its message
   * @param id  letters, digits, `_`, `-` and `:` only
   * @param at  ISO 8601 */
  take(event: Event, value: unknown, id: string, at: string): string
  /** Takes the values of an event into the merged state, and no more. */
  merge(event: Event, value: unknown): void
  /** Takes values by name, as JSON has them, into the merged state. @param notFinite  names of those that are NaN or an infinity */
  set(fields: Readonly<Record<string, unknown>>, notFinite?: readonly string[]): void
  /** What the message of an event has besides its fields: `id` and `at`, or `event_id` and `event_at` where the contract has a field of
   * that name; no id where it is left out. */
  members(event: Event, id: string, at: string): Readonly<Record<string, string>>
  idMember(event: Event): IdMember
  historicalMember(event: Event): HistoricalMember
  /** The merged state: every field that has come, by name, and `not_finite` with the names of those that are null as JSON has no NaN
   * and no infinity. Events have that member too; it is `event_not_finite` where a field has the name. */
  readonly merged: string
}

interface Template {
  readonly fields: readonly {
    readonly field: Event['fields'][number]
    readonly key: string
    readonly isSent: boolean
  }[]
  readonly idMember: IdMember
  readonly atMember: string
  /** Between the fields and the id. */
  readonly id: string
  readonly at: string
  readonly historicalMember: HistoricalMember
  /** Its key. */
  readonly notFinite: string
}

/** @param isIdLeftOut  payloads have no id. Default false */
export function createEventJson(isIdLeftOut = false): EventJson {
  const templates = new Map<Event, Template>()
  /** `"name":` to the latest value. */
  const merged = new Map<string, string>()
  /** Of the merged state, by key: the name in JSON. */
  const notFinite = new Map<string, string>()

  const templateOf = (event: Event): Template => {
    const known = templates.get(event)
    if (known) return known
    const made = createTemplate(event)
    templates.set(event, made)
    return made
  }

  /** @returns whether it is null though the field has a value */
  const mergeField = (key: string, text: string, value: unknown): boolean => {
    merged.set(key, text)
    if (hasNotFinite(value)) {
      notFinite.set(key, nameIn(key))
      return true
    }
    if (notFinite.size > 0) notFinite.delete(key)
    return false
  }

  return {
    take(event, value, id, at) {
      const template = templateOf(event)
      const record = (value ?? {}) as Record<string, unknown>
      let json = '{'
      let flagged = ''
      for (const { field, key, isSent } of template.fields) {
        const text = textOf(fieldToJson(field, record[field.name]))
        if (mergeField(key, text, record[field.name])) flagged += `${flagged === '' ? '' : ','}${nameIn(key)}`
        if (isSent) json += `${key}${text},`
      }
      if (flagged !== '') json += `${template.notFinite}[${flagged}],`
      if (!isIdLeftOut) json += `${template.id}${id}",`
      return `${json}${template.at}${at}"}`
    },
    merge(event, value) {
      const record = (value ?? {}) as Record<string, unknown>
      for (const { field, key } of templateOf(event).fields)
        mergeField(key, textOf(fieldToJson(field, record[field.name])), record[field.name])
    },
    set(fields, names = []) {
      for (const name in fields) {
        mergeField(keyOf(name), textOf(fields[name]), names.includes(name) ? Number.NaN : undefined)
      }
    },
    members(event, id, at) {
      const { idMember, atMember } = templateOf(event)
      return { ...(!isIdLeftOut && { [idMember]: id }), [atMember]: at }
    },
    idMember: (event) => templateOf(event).idMember,
    historicalMember: (event) => templateOf(event).historicalMember,
    get merged() {
      const flag = notFinite.size === 0 ? undefined : merged.has(NOT_FINITE) ? EVENT_NOT_FINITE : NOT_FINITE
      let json = ''
      for (const [key, text] of merged) if (key !== flag) json += json === '' ? key + text : `,${key}${text}`
      if (flag !== undefined) json += `,${flag}[${[...notFinite.values()].join(',')}]`
      return `{${json}}`
    },
  }
}

const NOT_FINITE = keyOf('not_finite')
const EVENT_NOT_FINITE = keyOf('event_not_finite')

function createTemplate({ fields }: Event): Template {
  const names = new Set(fields.map(({ name }) => name))
  const id = names.has('id') ? 'event_id' : 'id'
  const at = names.has('at') ? 'event_at' : 'at'
  const notFinite = names.has('not_finite') ? EVENT_NOT_FINITE : NOT_FINITE
  return {
    fields: fields.map((field) => ({
      field,
      key: keyOf(field.name),
      // A field of the very name that the gateway has to fall back on gives way to it: no member comes twice.
      isSent: field.name !== id && field.name !== at && keyOf(field.name) !== notFinite,
    })),
    idMember: id,
    atMember: at,
    id: `"${id}":"`,
    at: `"${at}":"`,
    historicalMember: names.has('historical') ? 'event_historical' : 'historical',
    notFinite,
  }
}

function keyOf(name: string): string {
  return `${JSON.stringify(name)}:`
}

/** As JSON has it. */
function nameIn(key: string): string {
  return key.slice(0, -1)
}

/** Nearly all values are numbers, which are finite here: JSON has them as String does. */
function textOf(json: unknown): string {
  return typeof json === 'number' ? String(json) : JSON.stringify(json)
}
