/** Entity data names other members of the contract: the event field that tells the state, the action that reads a value. */

import type { ActionEntity, EntityProblem, FieldEntity } from './entity.js'
import type { Action, Event, NormalField } from './model.js'

interface Members {
  readonly actions: ReadonlyMap<string, Action>
  readonly events: ReadonlyMap<string, Event>
}

export interface EventField {
  readonly event: Event
  readonly field: NormalField & { readonly kind: 'scalar' }
}

/** The field that tells what an action with entity data has brought about; undefined: none does, or several might. */
export function stateFieldOf(action: Action, entity: ActionEntity, { events }: Members): EventField | undefined {
  const [arg] = action.args.kind === 'fields' ? action.args.fields : []
  if (arg?.kind !== 'scalar') return undefined
  const found = [...events.values()].flatMap((event) =>
    event.fields.flatMap((field) => (field.kind === 'scalar' && field.type === arg.type ? [{ event, field }] : [])),
  )
  const fits =
    entity.state === undefined
      ? found.filter(({ field }) => field.name === arg.name)
      : found.filter(({ event, field }) => `${event.name}.${field.name}` === entity.state)
  return fits.length === 1 ? fits[0] : undefined
}

/** Whether `read` can give the value of `field`. */
export function canRead(action: Action | undefined, field: NormalField): boolean {
  if (action?.args.kind !== 'fields' || action.args.fields.length > 0 || field.kind !== 'scalar') return false
  const { result } = action
  const fits = (given: NormalField) => given.kind === 'scalar' && given.type === field.type
  if (result.kind === 'one') return fits(result.field)
  return result.kind === 'record' && result.fields.some((given) => given.name === field.name && fits(given))
}

/** The first name in entity data that leads nowhere, by its path in the contract. */
export function entityLinkProblem(members: Members): (EntityProblem & { readonly path: string }) | undefined {
  for (const action of members.actions.values()) {
    const { entity } = action
    const [arg] = action.args.kind === 'fields' ? action.args.fields : []
    if (entity?.state !== undefined && !stateFieldOf(action, entity, members)) {
      const type = arg?.kind === 'scalar' ? arg.type : 'the argument'
      const problem = `${JSON.stringify(entity.state)} is not a field of an event, like vent.open, of type ${type}`
      return { path: `actions.${action.name}.entity`, key: 'state', problem }
    }
  }
  for (const event of members.events.values()) {
    for (const field of event.fields) {
      const read = field.kind === 'scalar' ? (field.entity as FieldEntity | undefined)?.read : undefined
      if (read === undefined || canRead(members.actions.get(read), field)) continue
      const problem = `${JSON.stringify(read)} is not an action without arguments whose result has ${field.name}`
      return { path: `events.${event.name}.fields.${field.name}.entity`, key: 'read', problem }
    }
  }
  return undefined
}
