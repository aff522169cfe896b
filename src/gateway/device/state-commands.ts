/** What `set` and `get` come to: calls of actions, by the members of the state. Pure. */

import { didYouMean } from '../../contract/file/index.js'
import type { Action } from '../../contract/index.js'
import { shownName } from '../printable.js'
import type { Member } from './members.js'

export interface SetStep {
  readonly member: string
  readonly action: Action
  readonly args: Readonly<Record<string, unknown>>
}

export interface GetStep {
  readonly action: Action
  /** Read by it. */
  readonly members: readonly Member[]
}

export type Plan<Step> =
  | { readonly ok: true; readonly steps: readonly Step[] }
  | { readonly ok: false; readonly problem: string }

/** `{"open":0.4,"on":"ON"}`: one call a member, in that order. Of a member that cannot be set nothing is begun.
 * ON and OFF are the words of switches elsewhere, and are taken for true and false. */
export function planSet(members: readonly Member[], values: Readonly<Record<string, unknown>>): Plan<SetStep> {
  const settable = members.filter(({ set }) => set)
  const steps: SetStep[] = []
  for (const [name, value] of Object.entries(values)) {
    const set = settable.find((member) => member.name === name)?.set
    if (!set) return { ok: false, problem: `${shownName(name)} cannot be set${alternatives(name, settable)}` }
    const isSwitch = set.arg.type === 'bool' && typeof value === 'string'
    steps.push({ member: name, action: set.action, args: { [set.arg.name]: isSwitch ? boolOf(value) : value } })
  }
  if (steps.length === 0) return { ok: false, problem: `nothing is to be set${alternatives('', settable)}` }
  return { ok: true, steps }
}

/** `{"celsius":""}`: the values say nothing. Without members everything that can be read is. One call an action. */
export function planGet(members: readonly Member[], values: Readonly<Record<string, unknown>>): Plan<GetStep> {
  const readable = members.filter(({ read }) => read)
  const names = Object.keys(values)
  const unknown = names.find((name) => !readable.some((member) => member.name === name))
  if (unknown !== undefined)
    return { ok: false, problem: `${shownName(unknown)} cannot be read${alternatives(unknown, readable)}` }
  const wanted = names.length === 0 ? readable : readable.filter(({ name }) => names.includes(name))
  if (wanted.length === 0)
    return { ok: false, problem: 'no member of the state can be read; its changes come as events' }
  const steps = new Map<string, { action: Action; members: Member[] }>()
  for (const member of wanted) {
    const action = member.read!
    const step = steps.get(action.name) ?? { action, members: [] }
    step.members.push(member)
    steps.set(action.name, step)
  }
  return { ok: true, steps: [...steps.values()] }
}

/** The value of a member in what its action has answered. */
export function valueRead({ action }: GetStep, member: Member, result: unknown): unknown {
  if (action.result.kind !== 'record') return result
  return (result as Readonly<Record<string, unknown>>)[member.value!.field.name]
}

function boolOf(word: string): unknown {
  if (/^on$/i.test(word)) return true
  return /^off$/i.test(word) ? false : word
}

function alternatives(name: string, members: readonly Member[]): string {
  const names = members.map((member) => member.name)
  return didYouMean(name, names) || `; there are: ${names.join(', ') || 'none'}`
}
