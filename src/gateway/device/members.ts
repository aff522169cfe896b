/** The members of a device's state: which field of which event each one is, which action sets it and which one reads it. What
 * `set`, `get` and home automation go by. Pure: it follows from the contract alone, so names stay the same over restarts. */

import {
  type Action,
  type Contract,
  type Event,
  type EventField,
  type FieldEntity,
  type NormalField,
  stateFieldOf,
} from '../../contract/index.js'

export interface Member {
  /** In `set`, `get` and the ids of entities: the name of the field, or `<event>_<field>` where several fields have that name and
   * are not one quantity, or the name of an action whose outcome no field tells. */
  readonly name: string
  /** Where its value is: in the merged state, or in the event alone, as another field is merged under that name; undefined: nowhere. */
  readonly value?: EventField & { readonly from: 'state' | 'event' }
  /** The action with one argument that sets it, by its entity data. */
  readonly set?: { readonly action: Action; readonly arg: NormalField & { readonly kind: 'scalar' } }
  /** The action that reads it now, by the entity data of the field. */
  readonly read?: Action
}

/** All members, in the order of the contract: fields of events first. */
export function membersOf(contract: Contract): readonly Member[] {
  const members = fieldMembers(contract)
  for (const action of contract.actions.values()) {
    const { entity } = action
    const [arg] = action.args.kind === 'fields' ? action.args.fields : []
    if (!entity || arg?.kind !== 'scalar') continue
    const set = { action, arg }
    const state = stateFieldOf(action, entity, contract)
    const at = state && members.findIndex((member) => shows(member, state))
    const member = at === undefined ? undefined : members[at]
    if (member && !member.set) members[at!] = { ...member, set }
    else members.push({ name: free(members, action.name), ...(member?.value && { value: member.value }), set })
  }
  return members
}

function fieldMembers(contract: Contract): Member[] {
  const events = [...contract.events.values()]
  const members: Member[] = []
  for (const event of events) {
    for (const field of event.fields) {
      if (field.kind !== 'scalar') continue
      const namesakes = events.flatMap((other) => {
        const same = other.fields.find(({ name }) => name === field.name)
        return same ? [{ event: other, field: same }] : []
      })
      if (!areOneQuantity(namesakes.map((namesake) => namesake.field))) {
        members.push(member(contract, free(members, `${event.name}_${field.name}`), { event, field, from: 'event' }))
      } else if (!members.some(({ name }) => name === field.name)) {
        const described = namesakes.find(
          (namesake) => namesake.field.kind === 'scalar' && namesake.field.entity !== undefined,
        )
        const value = described ?? { event, field }
        members.push(member(contract, field.name, { ...(value as EventField), from: 'state' }))
      }
    }
  }
  return members
}

function member(contract: Contract, name: string, value: EventField & { from: 'state' | 'event' }): Member {
  const { read } = (value.field.entity || {}) as FieldEntity
  const action = read === undefined ? undefined : contract.actions.get(read)
  return { name, value, ...(action && { read: action }) }
}

/** Two fields of one name are the same quantity when type and unit are the same, and there is a unit: `celsius` of a reading and of
 * an alarm are, `on` of a lamp and of a pump are not. */
function areOneQuantity(fields: readonly NormalField[]): boolean {
  const [first] = fields
  if (fields.length === 1) return true
  return fields.every(
    (field) =>
      field.kind === 'scalar' &&
      first!.kind === 'scalar' &&
      field.unit !== undefined &&
      field.type === first!.type &&
      field.unit === first!.unit,
  )
}

/** Whether a member shows that field, or one that is the same quantity. */
function shows({ value }: Member, { event, field }: { readonly event: Event; readonly field: NormalField }): boolean {
  if (!value || value.field.name !== field.name) return false
  return value.from === 'state' || value.event.name === event.name
}

function free(members: readonly Member[], wanted: string): string {
  const taken = new Set(members.map(({ name }) => name))
  let name = wanted
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`
  return name
}
