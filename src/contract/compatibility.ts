/** Which two contracts can be at the two ends of a line. Decided by what the wire does (docs/contract.md has the table): members
 * are numbers, arguments are positions, integers have any width. What would arrive as something else is a break. */

import { fieldProblem } from './field-compatibility.js'
import type { Action, Contract, Event, NormalArgs, NormalField, NormalResult } from './model.js'

export interface ContractPair {
  readonly host: Contract
  readonly device: Contract
  /** The device's is known from its descriptor: ranges, units and `idempotent` are not compared. */
  readonly isDescribed?: boolean
}

/** Why the two cannot talk: one line each, naming the member; none where they can. A member that only one side has is no reason:
 * a call of it is answered by `unknown action`, an event of it never comes. */
export function contractConflicts({ host, device, isDescribed = false }: ContractPair): string[] {
  const rules: Rules = { isDescribed }
  if (host.name !== device.name) return [`the name is ${host.name} at the host and ${device.name} at the device`]
  // It is not in the hash either.
  if (host.protocol !== device.protocol) {
    return [`the protocol is ${host.protocol} at the host and ${device.protocol} at the device`]
  }
  return [
    ...placeConflicts(host, device),
    ...pairs(host.actions, device.actions).flatMap(([h, d]) => actionConflicts(h, d, rules)),
    ...pairs(host.events, device.events).flatMap(([h, d]) => eventConflicts(h, d, rules)),
    ...pairs(host.requests, device.requests).flatMap(([h, d]) => requestConflicts(h, d, rules)),
  ]
}

export interface ContractChange {
  readonly was: Contract
  readonly becomes: Contract
  /** Which side gets the new contract first; left out: either may. */
  readonly first?: 'host' | 'device' | undefined
}

/** What breaks while one side has the new contract and the other still the old one; none: the change is compatible. */
export function breakingChanges({ was, becomes, first }: ContractChange): string[] {
  const meets = [
    ...(first === 'device' ? [] : [{ who: 'new host, old device', host: becomes, device: was }]),
    ...(first === 'host' ? [] : [{ who: 'old host, new device', host: was, device: becomes }]),
  ]
  const seen = new Map<string, string[]>()
  for (const { who, host, device } of meets) {
    for (const line of contractConflicts({ host, device })) seen.set(line, [...(seen.get(line) ?? []), who])
  }
  const conflicts = [...seen].map(([line, who]) => `${line} (${who.join('; ')})`)
  return [...removed(was, becomes), ...conflicts]
}

interface Rules {
  readonly isDescribed: boolean
}

function removed(was: Contract, becomes: Contract): string[] {
  const kinds = ['action', 'event', 'request'] as const
  return kinds.flatMap((kind) =>
    [...was[`${kind}s`].keys()]
      .filter((name) => !becomes[`${kind}s`].has(name))
      .map((name) => `${kind} ${name} was removed: what uses it has nothing left`),
  )
}

/** A number means one member, and a name has one number. */
function placeConflicts(host: Contract, device: Contract): string[] {
  const others = new Map([...device.byIndex].map(([index, { kind, name }]) => [`${kind} ${name}`, index]))
  return [...host.byIndex].flatMap(([index, { kind, name }]) => {
    const there = device.byIndex.get(index)
    const moved = others.get(`${kind} ${name}`)
    if (moved !== undefined && moved !== index) {
      return [`${kind} ${name}: index ${index} at the host, ${moved} at the device`]
    }
    if (!there || (there.kind === kind && there.name === name)) return []
    return [`index ${index} is ${kind} ${name} at the host and ${there.kind} ${there.name} at the device`]
  })
}

function pairs<M>(host: ReadonlyMap<string, M>, device: ReadonlyMap<string, M>): [M, M][] {
  return [...host].flatMap(([name, member]) => {
    const other = device.get(name)
    return other === undefined ? [] : [[member, other] as [M, M]]
  })
}

function actionConflicts(host: Action, device: Action, rules: Rules): string[] {
  const what = `action ${host.name}`
  const isRepeated = !rules.isDescribed && host.idempotent && !device.idempotent
  return [
    ...argsConflicts(what, host.args, device.args, rules),
    ...resultConflicts(`${what}, result`, device.result, host.result, rules),
    // A host that expects no items drops them, and a device that sends none has ended the job as well.
    ...(host.stream.kind === 'void' || device.stream.kind === 'void'
      ? []
      : resultConflicts(`${what}, stream`, device.stream, host.stream, rules)),
    ...(isRepeated ? [`${what}: idempotent at the host only, which would repeat it`] : []),
  ]
}

function requestConflicts(host: Action, device: Action, rules: Rules): string[] {
  const what = `request ${host.name}`
  return [
    ...argsConflicts(what, device.args, host.args, rules),
    ...resultConflicts(`${what}, result`, host.result, device.result, rules),
  ]
}

function eventConflicts(host: Event, device: Event, rules: Rules): string[] {
  const what = `event ${host.name}`
  if (host.acknowledged !== device.acknowledged) {
    const of = (event: Event) => (event.acknowledged ? 'acknowledged' : 'plain')
    return [`${what}: ${of(host)} at the host, ${of(device)} at the device`]
  }
  return fieldsConflicts(what, device.fields, host.fields, rules)
}

function argsConflicts(what: string, sender: NormalArgs, receiver: NormalArgs, rules: Rules): string[] {
  if (receiver.kind === 'any') return []
  if (sender.kind === 'any')
    return [`${what}: its sender may send anything, its receiver takes ${receiver.fields.length} values`]
  return fieldsConflicts(what, sender.fields, receiver.fields, rules)
}

function resultConflicts(what: string, sender: NormalResult, receiver: NormalResult, rules: Rules): string[] {
  if (receiver.kind === 'any' && sender.kind !== 'void') return []
  // Nothing travels as the integer 0: a receiver that expects a number would take it for one.
  if (sender.kind !== receiver.kind) return [`${what}: ${kindOf(sender)} is sent, ${kindOf(receiver)} is expected`]
  if (sender.kind === 'one' && receiver.kind === 'one') {
    return prefixed(what, fieldProblem(sender.field, receiver.field, rules.isDescribed))
  }
  if (sender.kind === 'record' && receiver.kind === 'record') {
    return fieldsConflicts(what, sender.fields, receiver.fields, rules)
  }
  return []
}

const KIND_WORDS: Readonly<Record<NormalResult['kind'], string>> = {
  void: 'nothing',
  one: 'one value',
  record: 'a record',
  any: 'any value',
}

function kindOf(result: NormalResult): string {
  return KIND_WORDS[result.kind]
}

function fieldsConflicts(
  what: string,
  sender: readonly NormalField[],
  receiver: readonly NormalField[],
  { isDescribed }: Rules,
): string[] {
  if (sender.length !== receiver.length) {
    return [`${what}: ${sender.length} values are sent, ${receiver.length} are expected`]
  }
  return sender.flatMap((sent, i) => {
    const expected = receiver[i]!
    // Only the position travels. Two fields that changed places would be taken for each other.
    if (sent.name !== expected.name) {
      return [`${what}: value ${i + 1} is sent as ${sent.name} and taken for ${expected.name}`]
    }
    return prefixed(`${what}, ${sent.name}`, fieldProblem(sent, expected, isDescribed))
  })
}

function prefixed(what: string, problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${what}: ${problem}`]
}
