/** The JSON of events, put together from pieces that are made once for each kind of event, and the state merged from them. */

import type { Event } from '../../contract/index.js'
import type { HistoricalMember } from '../outbox/historical.js'
import { fieldToJson } from '../payload.js'

export interface EventJson {
  /** Takes the values of an event into the merged state. @returns the payload of its message
   * @param id  letters, digits, `_`, `-` and `:` only
   * @param at  ISO 8601 */
  take(event: Event, value: unknown, id: string, at: string): string
  /** Takes the values of an event into the merged state, and no more. */
  merge(event: Event, value: unknown): void
  /** Takes values by name, as JSON has them, into the merged state. */
  set(fields: Readonly<Record<string, unknown>>): void
  /** What the message of an event has besides its fields: `id` and `at`, or `event_id` and `event_at` where the contract has a field of
   * that name. */
  members(event: Event, id: string, at: string): Readonly<Record<string, string>>
  historicalMember(event: Event): HistoricalMember
  /** The merged state: every field that has come, by name. */
  readonly merged: string
}

interface Template {
  readonly fields: readonly {
    readonly field: Event['fields'][number]
    readonly key: string
    readonly isSent: boolean
  }[]
  readonly idMember: string
  readonly atMember: string
  /** Between the fields and the id. */
  readonly id: string
  readonly at: string
  readonly historicalMember: HistoricalMember
}

export function createEventJson(): EventJson {
  const templates = new Map<Event, Template>()
  /** `"name":` to the latest value. */
  const merged = new Map<string, string>()

  const templateOf = (event: Event): Template => {
    const known = templates.get(event)
    if (known) return known
    const made = createTemplate(event)
    templates.set(event, made)
    return made
  }

  return {
    take(event, value, id, at) {
      const template = templateOf(event)
      const record = (value ?? {}) as Record<string, unknown>
      let json = '{'
      for (const { field, key, isSent } of template.fields) {
        const text = textOf(fieldToJson(field, record[field.name]))
        merged.set(key, text)
        if (isSent) json += `${key}${text},`
      }
      return `${json}${template.id}${id}${template.at}${at}"}`
    },
    merge(event, value) {
      const record = (value ?? {}) as Record<string, unknown>
      for (const { field, key } of templateOf(event).fields)
        merged.set(key, textOf(fieldToJson(field, record[field.name])))
    },
    set(fields) {
      for (const name in fields) merged.set(keyOf(name), textOf(fields[name]))
    },
    members(event, id, at) {
      const { idMember, atMember } = templateOf(event)
      return { [idMember]: id, [atMember]: at }
    },
    historicalMember: (event) => templateOf(event).historicalMember,
    get merged() {
      let json = ''
      for (const [key, text] of merged) json += json === '' ? key + text : `,${key}${text}`
      return `{${json}}`
    },
  }
}

function createTemplate({ fields }: Event): Template {
  const names = new Set(fields.map(({ name }) => name))
  const id = names.has('id') ? 'event_id' : 'id'
  const at = names.has('at') ? 'event_at' : 'at'
  return {
    fields: fields.map((field) => ({
      field,
      key: keyOf(field.name),
      // A field of the very name that the gateway has to fall back on gives way to it: no member comes twice.
      isSent: field.name !== id && field.name !== at,
    })),
    idMember: id,
    atMember: at,
    id: `"${id}":"`,
    at: `","${at}":"`,
    historicalMember: names.has('historical') ? 'event_historical' : 'historical',
  }
}

function keyOf(name: string): string {
  return `${JSON.stringify(name)}:`
}

/** Nearly all values are numbers, which are finite here: JSON has them as String does. */
function textOf(json: unknown): string {
  return typeof json === 'number' ? String(json) : JSON.stringify(json)
}
